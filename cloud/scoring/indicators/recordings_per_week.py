"""Lessons in which the recording equipment was active, per week with lessons."""

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import (
    Indicator,
    Parameters,
    Sums,
    Words,
    amounts,
    asset_label,
    labelled,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    due = evidence.use.filter(
        (pl.col("category") == "recorder") & (pl.col("period") > 0) & (pl.col("due_s") > 0)
    )
    held = (
        due.group_by("school", "asset_id", "week", "day", "period")
        .agg(pl.col("lesson_used").any(), (pl.col("unobserved_s") > pl.col("due_s") / 2).any())
        .group_by("school", "asset_id", "week")
        .agg(
            pl.col("lesson_used").sum().alias("part"),
            pl.col("unobserved_s").mean().alias("unknown"),
        )
    )
    weeks = held.group_by("school").agg(pl.col("week").n_unique().alias("weeks"))
    per_week = labelled(evidence, held).join(weeks, on="school")
    rows_in_school = pl.len().over("school")
    return rows_of(
        per_week,
        ref=pl.format("asset:{}", pl.col("asset_id")),
        label=pl.format("{} {}", asset_label(), pl.col("week")),
        part=pl.col("part"),
        # The weeks of a school are shared out over its rows, so that they add up to the weeks.
        whole=pl.col("weeks") / rows_in_school,
        unknown=pl.col("unknown") * pl.col("weeks") / rows_in_school,
    )


def _reason(sums: Sums) -> Words:
    each = sums.part / sums.whole if sums.whole else 0.0
    return Words(
        f"{sums.whole:.0f} 周内录制或直播 {sums.part:.0f} 节，平均每周 {each:.1f} 节。",
        f"{sums.part:.0f} lessons recorded in {sums.whole:.0f} weeks: {each:.1f} a week.",
    )


INDICATOR = Indicator(
    id="recordings_per_week",
    unit="/week",
    rows=_rows,
    reason=_reason,
    tell=amounts("节 / 周", "lessons / weeks", 1),
    parameters={},
)
