"""Assets that the last count of the year matched ÷ assets in the ledger or found beyond it.

What is in the ledger and was not counted was seen by nobody; what was acquired within the year and
not counted yet is left out. Where all of them are so new there is nothing to be judged.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    live_assets,
    or_nothing,
    rows_of,
    sentence,
    unless_nothing,
)
from cloud.scoring.indicators.builders.stocktake import counted_assets


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    result = pl.col("result")
    rows = rows_of(
        counted_assets(evidence),
        ref=pl.col("ref"),
        label=pl.col("label"),
        part=(result == "matched").fill_null(value=False),
        unknown=result.is_null(),
    )
    return or_nothing(rows, live_assets(evidence))


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    label = row["label"]
    if row["unknown"]:
        return LocalizedText(f"{label}：未盘点", f"{label}: not counted")
    if row["part"]:
        return LocalizedText(f"{label}：账物相符", f"{label}: matched")
    if row["ref"].startswith("surplus:"):
        return LocalizedText(f"{label}：盘盈，账上没有", f"{label}: found, not in the ledger")
    return LocalizedText(f"{label}：盘亏，账上有而实物没有", f"{label}: in the ledger, not found")


INDICATOR = Indicator(
    id="count_agreement",
    unit="%",
    rows=_rows,
    reason=sentence(
        "账上与盘盈资产合计 {whole:.0f} 件，盘点相符 {part:.0f} 件（{share}），"
        "未盘点 {unknown:.0f} 件。",
        "Of {whole:.0f} assets in the ledger or found beyond it {part:.0f} matched ({share}); "
        "{unknown:.0f} were not counted.",
    ),
    tell=unless_nothing(
        _tell, "资产都是近一年内取得的", "every asset was acquired within the year"
    ),
)
