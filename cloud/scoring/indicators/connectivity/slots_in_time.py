"""Five-minute slots that arrived within ten minutes of their end ÷ slots due, all day long."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import CALENDAR, Indicator, Parameters, amounts, sentence
from cloud.scoring.indicators.builders.daily_slots import slots_per_asset


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    """Of a day of which nobody knows when its slots came, these are unknown, not late."""
    return slots_per_asset(evidence, "in_time_slots", undated="slots")


INDICATOR = Indicator(
    id="slots_in_time",
    unit="%",
    rows=_rows,
    reason=sentence(
        "应上报时段 {whole:,.0f} 个，按时到达 {part:,.0f} 个（{share}）。",
        "{part:,.0f} of {whole:,.0f} slots due arrived in time ({share}).",
    ),
    tell=amounts("个时段", "slots"),
    beside=CALENDAR,
)
