"""Assets with a valid room ÷ all."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.base import (
    ledger_share,
)

INDICATOR = ledger_share(
    "assets_located",
    pl.col("room").is_not_null(),
    did=LocalizedText("登记到房间", "are located to a room"),
    yes=LocalizedText("已登记到房间", "located"),
    no=LocalizedText("没有登记到房间", "no room"),
)
