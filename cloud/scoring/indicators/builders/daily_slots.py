"""The whole days of assets that still count, not only their school hours. Pure."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import asset_label, asset_ref, live_assets, rows_of


def live_days(evidence: Evidence) -> pl.DataFrame:
    """Return the days of the assets that still count, with their names and numbers."""
    names = live_assets(evidence).select("school", "asset_id", "asset_no", "name")
    return evidence.days.join(names, on=["school", "asset_id"], how="inner")


def slots_per_asset(evidence: Evidence, arrived: str, undated: str | None = None) -> pl.DataFrame:
    """Return a row per asset: slots of a column, at most as many as were due, ÷ slots due.

    On days on which the column is null the slots of the column `undated` are unknown.
    """
    lost = pl.lit(0.0) if undated is None else pl.min_horizontal(undated, "due_slots")
    is_known = pl.col(arrived).is_not_null()
    sums = (
        live_days(evidence)
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(
            pl.min_horizontal(arrived, "due_slots").filter(is_known).sum().alias("part"),
            lost.filter(~is_known).sum().alias("unknown"),
            pl.col("due_slots").sum(),
        )
        .filter(pl.col("due_slots") > 0)
    )
    return rows_of(
        sums,
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("part"),
        whole=pl.col("due_slots"),
        unknown=pl.col("unknown"),
    )
