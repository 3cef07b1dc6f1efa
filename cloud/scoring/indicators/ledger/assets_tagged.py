"""Assets with a tag (RFID or QR) ÷ all."""

import polars as pl

from cloud.scoring.indicators.base import Words, ledger_share

INDICATOR = ledger_share(
    "assets_tagged",
    pl.col("tag").is_not_null(),
    did=Words("有标签", "carry a tag"),
    yes=Words("有标签", "tagged"),
    no=Words("没有标签", "no tag"),
)
