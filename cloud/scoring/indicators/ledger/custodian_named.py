"""Assets with a custodian ÷ all."""

import polars as pl

from cloud.scoring.indicators.base import Words, ledger_share

INDICATOR = ledger_share(
    "custodian_named",
    pl.col("custodian").is_not_null(),
    did=Words("有保管人", "have a custodian"),
    yes=Words("有保管人", "has a custodian"),
    no=Words("没有保管人", "no custodian"),
)
