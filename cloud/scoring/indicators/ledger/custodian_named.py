"""Assets with a custodian ÷ all."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.base import (
    ledger_share,
)

INDICATOR = ledger_share(
    "custodian_named",
    pl.col("custodian").is_not_null(),
    did=LocalizedText("有保管人", "have a custodian"),
    yes=LocalizedText("有保管人", "has a custodian"),
    no=LocalizedText("没有保管人", "no custodian"),
)
