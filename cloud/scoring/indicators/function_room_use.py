"""Timetabled lessons in function rooms that were held on their equipment ÷ lessons timetabled.

A function room is any room that is not an ordinary classroom (use 111). A lesson counts as used
when any of the room's teaching assets was, and as not used only when all of them were seen. A room
without connected equipment says nothing.
"""

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import (
    Indicator,
    Parameters,
    Sums,
    Words,
    amounts,
    lessons,
    rows_of,
    share,
)
from cloud.utilization.use import TEACHING


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    rooms = evidence.rooms.filter(pl.col("use").is_not_null() & (pl.col("use") != "111"))
    held = (
        lessons(evidence)
        .filter(pl.col("category").is_in(list(TEACHING)))
        .join(
            rooms.select("school", "room", pl.col("name").alias("title")),
            on=["school", "room"],
            how="inner",
        )
        .group_by("school", "room", "title", "day", "period")
        .agg(pl.col("lesson_used").any(), pl.col("lesson_observed").all())
        .group_by("school", "room", "title")
        .agg(
            pl.len().alias("whole"),
            pl.col("lesson_used").sum().alias("part"),
            (~pl.col("lesson_observed") & ~pl.col("lesson_used")).sum().alias("unknown"),
        )
    )
    return rows_of(
        held,
        ref=pl.format("room:{}", pl.col("room")),
        label=pl.format("{} {}", pl.col("room"), pl.col("title").fill_null("")).str.strip_chars(),
        part=pl.col("part"),
        whole=pl.col("whole"),
        unknown=pl.col("unknown"),
    )


def _reason(sums: Sums) -> Words:
    got = share(sums.part, sums.whole)
    return Words(
        f"专用教室排课 {sums.whole:.0f} 节，确认使用设备 {sums.part:.0f} 节（{got}），"
        f"未能观测 {sums.unknown:.0f} 节。",
        f"Of {sums.whole:.0f} lessons in function rooms {sums.part:.0f} used equipment ({got}); "
        f"{sums.unknown:.0f} could not be observed.",
    )


INDICATOR = Indicator(
    id="function_room_use",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=amounts("节", "lessons"),
)
