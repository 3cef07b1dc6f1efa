"""Assets with a classification code and the edition of its list ÷ all."""

import polars as pl

from cloud.scoring.indicators.base import ledger_share

INDICATOR = ledger_share(
    "class_codes_stated",
    pl.col("classification_code").is_not_null() & pl.col("classification_list").is_not_null(),
)
