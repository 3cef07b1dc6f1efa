"""Time in lessons with the display in use ÷ time of lessons: more is not better."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    Indicator,
    Parameters,
    Sums,
    amounts,
    asset_label,
    asset_ref,
    lessons,
    rows_of,
    share,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    sums = (
        lessons(evidence)
        .filter((pl.col("category") == "display") & (pl.col("due_s") > 0))
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(
            pl.col("active_s").sum(),
            pl.col("unobserved_s").sum(),
            pl.col("due_s").sum(),
        )
    )
    return rows_of(
        sums,
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("active_s") / 3600,
        whole=pl.col("due_s") / 3600,
        unknown=pl.col("unobserved_s") / 3600,
    )


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    most = share(sums.part + sums.unknown, sums.whole)
    return LocalizedText(
        f"授课 {sums.whole:,.1f} 小时中，大屏使用 {sums.part:,.1f} 小时（{got}）；"
        f"未观测时段全部计入时至多 {most}。",
        f"Displays were in use for {sums.part:,.1f} of {sums.whole:,.1f} hours of lessons ({got}); "
        f"at most {most} with what was not observed.",
    )


INDICATOR = Indicator(
    id="screen_time_share",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=amounts("小时", "hours", 1),
    bands=True,
    beside=CALENDAR,
)
