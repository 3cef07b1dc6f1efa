"""Five-minute slots that arrived within ten minutes of their end ÷ slots due, all day long."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import AMOUNT_OR_NO_DATA, CALENDAR, Indicator, Parameters
from cloud.scoring.indicators.builders.daily_slots import slots_per_asset


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    """Return the slots; those of a day without times of arrival are unknown, not late."""
    return slots_per_asset(evidence, "in_time_slots", undated="slots")


INDICATOR = Indicator(
    id="slots_in_time",
    unit="%",
    rows=_rows,
    row_text=AMOUNT_OR_NO_DATA,
    compared_with=CALENDAR,
)
