"""Assets with a valid room ÷ all."""

import polars as pl

from cloud.scoring.indicators.base import Words, ledger_share

INDICATOR = ledger_share(
    "assets_located",
    pl.col("room").is_not_null(),
    did=Words("登记到房间", "are located to a room"),
    yes=Words("已登记到房间", "located"),
    no=Words("没有登记到房间", "no room"),
)
