"""Lessons recorded or broadcast, per week of school.

A period counts when a recorder of the room was active for a quarter of it, timetabled or not; two
recorders in one room record one lesson. Five school days with recording equipment are a week.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    Indicator,
    Parameters,
    Row,
    RowText,
    Values,
    live_use,
    row_values,
    rows_of,
)
from cloud.utilization.reference_rollup import SLACK_S, LessonRule

_DAYS_A_WEEK = 5


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    enough = pl.col("due_s") * LessonRule().used_share - SLACK_S
    place = (
        pl.when(pl.col("room").is_null())
        .then(pl.format("asset:{}", pl.col("asset_id")))
        .otherwise(pl.format("use:{}", pl.col("room")))
    )
    held = (
        live_use(evidence)
        .filter((pl.col("category") == "recorder") & (pl.col("period") > 0) & (pl.col("due_s") > 0))
        .group_by("school", place.alias("ref"), "week", "day", "period")
        .agg(
            (pl.col("active_s") >= enough).any().alias("recorded"),
            (pl.col("unobserved_s") > pl.col("due_s") / 2).any().alias("unseen"),
            pl.coalesce("room", "name").min().alias("title"),
        )
    )
    places = held.group_by("school", "ref", "title", "week").agg(pl.col("recorded").sum())
    weeks = held.group_by("school", "week").agg(
        (pl.col("day").n_unique() / _DAYS_A_WEEK).alias("whole"),
        (pl.col("unseen") & ~pl.col("recorded")).mean().alias("share"),
    )
    have = rows_of(
        places.filter(pl.col("recorded") > 0),
        ref=pl.col("ref"),
        label=pl.format("{} {}", pl.col("week"), pl.col("title")),
        part=pl.col("recorded"),
        whole=pl.lit(0.0),
    )
    due = rows_of(
        weeks,
        ref=pl.format("calendar:{}", pl.col("week")),
        label=pl.col("week"),
        part=pl.lit(0.0),
        whole=pl.col("whole"),
        unknown=pl.col("whole") * pl.col("share"),
    )
    return pl.concat([have, due])


def _row_values(row: Row) -> Values:
    return {**row_values(row), "days": row["whole"] * _DAYS_A_WEEK}


INDICATOR = Indicator(
    id="recordings_per_week",
    unit="/week",
    rows=_rows,
    row_text=RowText(
        cases=("week", "recorded"),
        case=lambda row: "week" if row["ref"].startswith("calendar:") else "recorded",
        values=_row_values,
    ),
    compared_with=CALENDAR,
)
