"""Timetabled lessons in function rooms that were held on their equipment ÷ lessons timetabled.

A function room is any room that is not an ordinary classroom (use 111). A lesson counts as used
when any of the room's teaching assets was, and as not used only when all of them have data. A room
without connected equipment has no data.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import AMOUNT_OR_NO_DATA, CALENDAR, Indicator, Parameters
from cloud.scoring.indicators.builders.room_lessons import room_lessons


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    use = pl.col("use")
    return room_lessons(evidence, evidence.rooms.filter(use.is_not_null() & (use != "111")))


INDICATOR = Indicator(
    id="function_room_use",
    unit="%",
    rows=_rows,
    row_text=AMOUNT_OR_NO_DATA,
    compared_with=CALENDAR,
)
