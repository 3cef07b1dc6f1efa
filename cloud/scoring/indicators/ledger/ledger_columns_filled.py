"""Required columns of the ledger that are filled: filled cells ÷ required cells."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    AMOUNT,
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
)

REQUIRED = (
    "asset_no",
    "name",
    "classification_code",
    "classification_list",
    "model",
    "unit",
    "quantity",
    "original_value_yuan",
    "acquisition",
    "acquired",
    "booked",
    "condition",
    "room",
    "department",
    "custodian",
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    filled = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Float64) for name in REQUIRED)
    return rows_of(
        live_assets(evidence),
        ref=asset_ref(),
        label=asset_label(),
        part=filled,
        whole=pl.lit(float(len(REQUIRED))),
    )


INDICATOR = Indicator(id="ledger_columns_filled", unit="%", rows=_rows, row_text=AMOUNT)
