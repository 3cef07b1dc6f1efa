"""Assets with a tag (RFID or QR) ÷ all."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.base import (
    ledger_share,
)

INDICATOR = ledger_share(
    "assets_tagged",
    pl.col("tag").is_not_null(),
    did=LocalizedText("有标签", "carry a tag"),
    yes=LocalizedText("有标签", "tagged"),
    no=LocalizedText("没有标签", "no tag"),
)
