"""Disposals of the year with approval and record ÷ disposals.

An asset that the ledger calls disposed of or transferred, and of which no disposal is on file,
counts as one without papers. Where the ledger knows of no disposal there is nothing to be judged.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_UNMET,
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    or_nothing,
    or_nothing_to_judge,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    filed = rows_of(
        evidence.disposals,
        ref=pl.format("disposal:{}/day:{}", "asset_no", "disposed_on"),
        label=pl.format("{} {}", pl.col("asset_no"), pl.col("disposed_on")),
        part=pl.col("approval_no").is_not_null() & pl.col("record_no").is_not_null(),
    )
    gone = evidence.assets.filter(pl.col("condition").is_in(["6", "7"])).join(
        evidence.disposals, on=["school", "asset_no"], how="anti"
    )
    bare = rows_of(gone, ref=asset_ref(), label=asset_label(), part=pl.lit(0.0))
    return or_nothing(pl.concat([filed, bare]), evidence.assets.select("school").unique())


INDICATOR = Indicator(
    id="disposals_with_papers",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(MET_OR_UNMET),
)
