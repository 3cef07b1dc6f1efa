"""Timetabled lessons in rooms, and whether they were held on the rooms' equipment. Pure."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import lessons, rows_of
from cloud.scoring.indicators.builders.room_needs import room_label
from cloud.utilization.reference_rollup import TEACHING


def room_lessons(evidence: Evidence, rooms: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each of the rooms: lessons used, timetabled, and without data.

    A lesson counts as used when any of the room's teaching assets was, and as not used only when
    all of them have data. A room without connected equipment has no data.
    """
    held = (
        lessons(evidence)
        .filter(pl.col("category").is_in(list(TEACHING)))
        .drop("name")
        .join(rooms.select("school", "room", "name"), on=["school", "room"], how="inner")
        .group_by("school", "room", "name", "day", "period")
        .agg(pl.col("lesson_used").any(), pl.col("lesson_observed").all())
        .group_by("school", "room", "name")
        .agg(
            pl.len().alias("whole"),
            pl.col("lesson_used").sum().alias("part"),
            (~pl.col("lesson_observed") & ~pl.col("lesson_used")).sum().alias("unknown"),
        )
    )
    return rows_of(
        held,
        ref=pl.format("use:{}", pl.col("room")),
        label=room_label(),
        part=pl.col("part"),
        whole=pl.col("whole"),
        unknown=pl.col("unknown"),
    )
