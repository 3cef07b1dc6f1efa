"""Assets with a classification code and the edition of its list ÷ all."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.base import (
    ledger_share,
)

INDICATOR = ledger_share(
    "class_codes_stated",
    pl.col("classification_code").is_not_null() & pl.col("classification_list").is_not_null(),
    did=LocalizedText("分类代码及其版本齐全", "have a classification code with its edition"),
    yes=LocalizedText("代码与版本齐全", "code and edition stated"),
    no=LocalizedText("缺分类代码或代码版本", "no code, or no edition"),
)
