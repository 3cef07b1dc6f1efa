"""School days on which a display was used in at least one lesson ÷ school days with lessons."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    Indicator,
    Parameters,
    Sums,
    asset_label,
    lessons,
    rows_of,
    share,
    yes_no,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    days = (
        lessons(evidence)
        .filter(pl.col("category") == "display")
        .group_by("school", "asset_id", "name", "asset_no", "day")
        .agg(pl.col("lesson_used").any(), pl.col("lesson_observed").all())
    )
    used = pl.col("lesson_used")
    return rows_of(
        days,
        ref=pl.format("asset:{}/day:{}", pl.col("asset_id"), pl.col("day")),
        label=pl.format("{} {}", asset_label(), pl.col("day")),
        part=used,
        unknown=~used & ~pl.col("lesson_observed"),
    )


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    return LocalizedText(
        f"各大屏有课的日子合计 {sums.whole:.0f} 天，确认使用 {sums.part:.0f} 天（{got}），"
        f"未能观测 {sums.unknown:.0f} 天。",
        f"Of {sums.whole:.0f} display days, {sums.part:.0f} saw use ({got}); "
        f"{sums.unknown:.0f} could not be observed.",
    )


INDICATOR = Indicator(
    id="display_days_used",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=yes_no("已使用", "未使用", "used", "not used"),
    beside=CALENDAR,
)
