"""Timetabled lessons in rooms, and whether they were held on the rooms' equipment. Pure."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import live_use, rows_of
from cloud.scoring.indicators.builders.room_needs import room_label
from cloud.utilization.room_lessons import room_lessons as lessons_of_rooms


def room_lessons(evidence: Evidence, rooms: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each of the rooms: lessons used, timetabled, and without data.

    What a lesson of a room is: `cloud.utilization.room_lessons`. A room without connected equipment
    has no data.
    """
    held = (
        lessons_of_rooms(live_use(evidence), "school")
        .join(rooms.select("school", "room", "name"), on=["school", "room"], how="inner")
        .group_by("school", "room", "name")
        .agg(
            pl.len().alias("whole"),
            pl.col("lesson_used").sum().alias("part"),
            (~pl.col("lesson_observed")).sum().alias("unknown"),
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
