"""Timetabled lessons in function rooms that were held on their equipment ÷ lessons timetabled.

A function room is any room that is not an ordinary classroom (use 111). A lesson counts as used
when any of the room's teaching assets was, and as not used only when all of them were seen. A room
without connected equipment says nothing.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import CALENDAR, Indicator, Parameters, amounts, sentence
from cloud.scoring.indicators.builders.room_lessons import room_lessons


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    use = pl.col("use")
    return room_lessons(evidence, evidence.rooms.filter(use.is_not_null() & (use != "111")))


INDICATOR = Indicator(
    id="function_room_use",
    unit="%",
    rows=_rows,
    reason=sentence(
        "专用教室排课 {whole:.0f} 节，确认使用设备 {part:.0f} 节（{share}），"
        "未能观测 {unknown:.0f} 节。",
        "Of {whole:.0f} lessons in function rooms {part:.0f} used equipment ({share}); "
        "{unknown:.0f} could not be observed.",
    ),
    tell=amounts("节", "lessons"),
    beside=CALENDAR,
)
