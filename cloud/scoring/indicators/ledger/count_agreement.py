"""Assets that the last count of the year matched ÷ assets in the ledger or found beyond it.

An asset of the ledger that was not counted has no data; one acquired within the year and not
counted yet is left out. Where all of them are so new there is nothing to be judged.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    Row,
    RowText,
    live_assets,
    or_nothing,
    or_nothing_to_judge,
    rows_of,
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


def _case(row: Row) -> str:
    if row["unknown"]:
        return "no_data"
    if row["part"]:
        return "matched"
    return "surplus" if row["ref"].startswith("surplus:") else "missing"


INDICATOR = Indicator(
    id="count_agreement",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(
        RowText(cases=("no_data", "matched", "surplus", "missing"), case=_case)
    ),
)
