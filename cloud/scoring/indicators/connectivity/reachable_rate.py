"""Time in which connected assets were observed ÷ time due, within the school day."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    Sums,
    amounts,
    asset_label,
    asset_ref,
    live_use,
    rows_of,
    share,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    sums = (
        live_use(evidence)
        .filter((pl.col("period") >= 0) & (pl.col("due_s") > 0))
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(pl.col("due_s").sum(), pl.col("unobserved_s").sum())
    )
    return rows_of(
        sums,
        ref=asset_ref(),
        label=asset_label(),
        part=(pl.col("due_s") - pl.col("unobserved_s")).clip(lower_bound=0) / 3600,
        whole=pl.col("due_s") / 3600,
    )


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    return LocalizedText(
        f"教学日内应在线 {sums.whole:,.1f} 小时，实际观测到 {sums.part:,.1f} 小时（{got}）。",
        f"{sums.part:,.1f} of {sums.whole:,.1f} hours due in school days were observed ({got}).",
    )


INDICATOR = Indicator(
    id="reachable_rate",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=amounts("小时", "hours", 1),
)
