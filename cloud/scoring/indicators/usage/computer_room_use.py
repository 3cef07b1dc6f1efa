"""Timetabled lessons in computer rooms that were held on their computers ÷ lessons timetabled.

A lesson counts as used when any connected computer of the room was; how many pupils sat there no
sensor says. A room without connected equipment says nothing.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import CALENDAR, Indicator, Parameters, amounts, sentence
from cloud.scoring.indicators.builders.room_lessons import room_lessons

COMPUTER_ROOM = "123"


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    return room_lessons(evidence, evidence.rooms.filter(pl.col("use") == COMPUTER_ROOM))


INDICATOR = Indicator(
    id="computer_room_use",
    unit="%",
    rows=_rows,
    reason=sentence(
        "计算机教室排课 {whole:.0f} 节，确认上机 {part:.0f} 节（{share}），"
        "未能观测 {unknown:.0f} 节。",
        "Of {whole:.0f} lessons in computer rooms {part:.0f} used computers ({share}); "
        "{unknown:.0f} could not be observed.",
    ),
    tell=amounts("节", "lessons"),
    beside=CALENDAR,
)
