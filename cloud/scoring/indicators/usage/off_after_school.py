"""Evenings on which a device was off from 22:00 to midnight ÷ evenings."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    AMOUNT_OR_NO_DATA,
    CALENDAR,
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    rows_of,
)
from cloud.scoring.indicators.builders.daily_slots import live_days

_CATEGORIES = ("display", "recorder", "computer")
_SPARE_S = 600.0
"""Seconds of an evening that are allowed: two slots, for late work or for lost data."""


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
    row_text=AMOUNT_OR_NO_DATA,
    compared_with=CALENDAR,
)
