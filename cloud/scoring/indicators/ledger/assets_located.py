"""Assets with a valid room ÷ all."""

import polars as pl

from cloud.scoring.indicators.base import ledger_share

INDICATOR = ledger_share(
    "assets_located",
    pl.col("room").is_not_null(),
)
