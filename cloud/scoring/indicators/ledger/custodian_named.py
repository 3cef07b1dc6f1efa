"""Assets with a custodian ÷ all."""

import polars as pl

from cloud.scoring.indicators.base import ledger_share

INDICATOR = ledger_share(
    "custodian_named",
    pl.col("custodian").is_not_null(),
)
