"""Evenings on which a device was off from 22:00 to midnight ÷ evenings."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    Indicator,
    Parameters,
    amounts,
    asset_label,
    asset_ref,
    rows_of,
    sentence,
)
from cloud.scoring.indicators.builders.daily_slots import live_days

_CATEGORIES = ("display", "recorder", "computer")
_SPARE_S = 600.0
"""Seconds of an evening that may pass: two slots, for whoever works late or for what was lost."""


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    on = pl.col("evening_on_s") > _SPARE_S
    unseen = ~on & (pl.col("evening_on_s") + pl.col("evening_unobserved_s") > _SPARE_S)
    evenings = (
        live_days(evidence)
        .filter(pl.col("category").is_in(list(_CATEGORIES)) & (pl.col("evening_due_s") > 0))
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(
            (~on & ~unseen).sum().alias("off"),
            unseen.sum().alias("unseen"),
            pl.len().alias("evenings"),
        )
    )
    return rows_of(
        evenings,
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("off"),
        whole=pl.col("evenings"),
        unknown=pl.col("unseen"),
    )


INDICATOR = Indicator(
    id="off_after_school",
    unit="%",
    rows=_rows,
    reason=sentence(
        "各设备合计 {whole:,.0f} 个晚上，22 时后确认关机 {part:,.0f} 个（{share}），"
        "未能观测 {unknown:,.0f} 个。",
        "Of {whole:,.0f} evenings of devices {part:,.0f} saw them off after 22:00 ({share}); "
        "{unknown:,.0f} could not be observed.",
    ),
    tell=amounts("个晚上", "evenings"),
    beside=CALENDAR,
)
