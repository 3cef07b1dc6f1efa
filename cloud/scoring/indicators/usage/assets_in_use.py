"""Connected assets used for at least `minutes` in the span ÷ connected assets: 1 - idle rate."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    Indicator,
    Parameter,
    Parameters,
    Sums,
    asset_label,
    asset_ref,
    live_use,
    rows_of,
    share,
    yes_no,
)

_NOT_EQUIPMENT = ("meter", "environment")


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    sums = (
        live_use(evidence)
        .filter(~pl.col("category").is_in(list(_NOT_EQUIPMENT)) & (pl.col("due_s") > 0))
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(pl.col("active_s").sum(), pl.col("unobserved_s").sum(), pl.col("due_s").sum())
    )
    used = pl.col("active_s") >= float(parameters["minutes"]) * 60
    return rows_of(
        sums,
        ref=asset_ref(),
        label=asset_label(),
        part=used,
        unknown=~used & (pl.col("unobserved_s") > pl.col("due_s") / 2),
    )


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    return LocalizedText(
        f"已接入设备 {sums.whole:.0f} 件，期间确认使用过 {sums.part:.0f} 件（{got}），"
        f"另有 {sums.unknown:.0f} 件大部分时间未被观测。",
        f"{sums.part:.0f} of {sums.whole:.0f} connected assets were used ({got}); "
        f"{sums.unknown:.0f} went unobserved most of the time.",
    )


INDICATOR = Indicator(
    id="assets_in_use",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=yes_no("使用过", "闲置", "used", "idle"),
    parameters={"minutes": Parameter("number", "minutes of use that count as used", 10)},
    beside=CALENDAR,
)
