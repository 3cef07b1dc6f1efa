"""Five-minute slots that arrived in the end, however late ÷ slots due, all day long.

What a gateway keeps through an outage and sends later counts here, what it loses does not.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import AMOUNT, CALENDAR, Indicator, Parameters
from cloud.scoring.indicators.builders.daily_slots import slots_per_asset


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    return slots_per_asset(evidence, "slots")


INDICATOR = Indicator(
    id="slots_complete",
    unit="%",
    rows=_rows,
    row_text=AMOUNT,
    compared_with=CALENDAR,
)
