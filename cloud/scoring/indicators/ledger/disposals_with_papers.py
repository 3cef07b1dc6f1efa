"""Disposals of the year with approval and record ÷ disposals.

An asset that the ledger calls disposed of or transferred, and of which no disposal is on file,
counts as one without papers. Where the ledger knows of no disposal there is nothing to be judged.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    or_nothing,
    rows_of,
    sentence,
    unless_nothing,
    yes_no,
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
    reason=sentence(
        "处置资产 {whole:.0f} 件，审批与备案齐全 {part:.0f} 件（{share}）。",
        "{part:.0f} of {whole:.0f} disposals have both approval and record ({share}).",
    ),
    tell=unless_nothing(
        yes_no(
            "审批与备案齐全", "缺审批或备案", "approval and record", "approval or record is missing"
        ),
        "一年内没有处置",
        "no disposals within the year",
    ),
)
