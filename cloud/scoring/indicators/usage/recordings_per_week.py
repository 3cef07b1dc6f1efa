"""Lessons recorded or broadcast, per week of school.

A period counts when a recorder of the room was active for a quarter of it, timetabled or not; two
recorders in one room record one lesson. Five school days with recording equipment are a week.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    Indicator,
    Parameters,
    Sums,
    live_use,
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


def _reason(sums: Sums) -> LocalizedText:
    each = sums.part / sums.whole if sums.whole else 0.0
    return LocalizedText(
        f"折合 {sums.whole:.1f} 个教学周，录制或直播 {sums.part:.0f} 节，平均每周 {each:.1f} 节。",
        f"{sums.part:.0f} lessons recorded in {sums.whole:.1f} weeks: {each:.1f} a week.",
    )


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["ref"].startswith("calendar:"):
        days = row["whole"] * _DAYS_A_WEEK
        return LocalizedText(
            f"{row['label']}：教学日 {days:.0f} 天", f"{row['label']}: {days:.0f} school days"
        )
    return LocalizedText(
        f"{row['label']}：录制或直播 {row['part']:.0f} 节",
        f"{row['label']}: {row['part']:.0f} lessons recorded",
    )


INDICATOR = Indicator(
    id="recordings_per_week",
    unit="/week",
    rows=_rows,
    reason=_reason,
    tell=_tell,
    beside=CALENDAR,
)
