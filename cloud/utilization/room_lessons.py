"""The lessons of a room, from those of its teaching assets: one meaning for pages and scores. Pure.

A room has each of its lessons once. It was *used* when any of the room's teaching assets was, and
it was *observed* when it was used, or when all of them have data: one that is lost may have been
used.
"""

import polars as pl

from cloud.utilization.reference_rollup import TEACHING

LESSON = ["room", "day", "period"]


def room_lessons(rows: pl.DataFrame, *by: str, **sums: pl.Expr) -> pl.DataFrame:
    """Return the lessons that are over in rows `tables.PERIOD_USE`, once a room and key.

    `lesson_used` and `lesson_observed` are of the room; `sums` are further columns.
    """
    used, observed = pl.col("lesson_used"), pl.col("lesson_observed")
    return (
        rows.filter(
            pl.col("category").is_in(sorted(TEACHING))
            & pl.col("scheduled")
            & pl.col("lesson_over")
            & pl.col("room").is_not_null()
        )
        .group_by(*by, *LESSON)
        .agg(lesson_used=used.any(), lesson_observed=used.any() | observed.all(), **sums)
    )
