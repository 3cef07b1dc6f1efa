"""Assets with a tag (RFID or QR) ÷ all."""

import polars as pl

from cloud.scoring.indicators.base import ledger_share

INDICATOR = ledger_share(
    "assets_tagged",
    pl.col("tag").is_not_null(),
)
