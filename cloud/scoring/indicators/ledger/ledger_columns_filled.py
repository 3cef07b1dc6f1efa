"""Required columns of the ledger that are filled: filled cells ÷ required cells."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    Sums,
    amounts,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
    share,
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


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    return LocalizedText(
        f"必填项应填 {sums.whole:.0f} 格，已填 {sums.part:.0f} 格（{got}）。",
        f"{sums.part:.0f} of {sums.whole:.0f} required cells are filled ({got}).",
    )


INDICATOR = Indicator(
    id="ledger_columns_filled",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=amounts("项", "columns"),
)
