"""Timetabled lessons in computer rooms that were held on their computers ÷ lessons timetabled.

A lesson counts as used when any connected computer of the room was; no
sensor counts its pupils. A room without connected equipment has no data.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import AMOUNT_OR_NO_DATA, CALENDAR, Indicator, Parameters
from cloud.scoring.indicators.builders.room_lessons import room_lessons

COMPUTER_ROOM = "123"


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    return room_lessons(evidence, evidence.rooms.filter(pl.col("use") == COMPUTER_ROOM))


INDICATOR = Indicator(
    id="computer_room_use",
    unit="%",
    rows=_rows,
    row_text=AMOUNT_OR_NO_DATA,
    compared_with=CALENDAR,
)
