"""Assets against the last count of them. Pure."""

from datetime import timedelta

import polars as pl

from cloud.scoring.evidence.evidence import YEAR, Evidence
from cloud.scoring.indicators.base import asset_label, asset_ref, live_assets


def counted_assets(evidence: Evidence) -> pl.DataFrame:
    """Return assets, and what was found beyond them, with `result`: null where not counted.

    An asset acquired within the year that has not been counted yet is not among them.
    """
    counts = evidence.stocktakes.select("school", "asset_no", "result", "counted_on")
    count_ref = pl.format("count:{}/day:{}", "asset_no", "counted_on")
    is_new = pl.col("acquired") > evidence.end - timedelta(days=YEAR)
    assets = (
        live_assets(evidence)
        .join(counts, on=["school", "asset_no"], how="left")
        .filter(pl.col("result").is_not_null() | ~is_new.fill_null(value=False))
        .select(
            "school",
            "asset_id",
            "result",
            pl.coalesce(count_ref, asset_ref()).alias("ref"),
            asset_label().alias("label"),
        )
    )
    beyond = (
        counts.filter(pl.col("result") == "surplus")
        .join(evidence.assets, on=["school", "asset_no"], how="anti")
        .select(
            "school",
            pl.lit(None, pl.Int64).alias("asset_id"),
            "result",
            pl.format("surplus:{}/day:{}", "asset_no", "counted_on").alias("ref"),
            pl.format("{} {}", pl.col("asset_no"), pl.col("counted_on")).alias("label"),
        )
    )
    return pl.concat([assets, beyond])
