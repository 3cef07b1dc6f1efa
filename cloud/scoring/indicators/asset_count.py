"""Working assets of a category against the number needed: have ÷ need."""

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import (
    Indicator,
    Parameters,
    Sums,
    Words,
    asset_label,
    asset_ref,
    in_use_assets,
    rows_of,
    yes_no,
)
from cloud.scoring.indicators.room_count import needed


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    have = rows_of(
        in_use_assets(evidence).filter(pl.col("category") == parameters["category"]),
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("quantity"),
        whole=pl.lit(0.0),
    )
    due = rows_of(
        evidence.schools,
        ref=pl.lit("school"),
        label=pl.lit("need"),
        part=pl.lit(0.0),
        whole=needed(pl.col("classes"), parameters["need"]),
    ).filter(pl.col("whole") > 0)
    return pl.concat([have, due])


def _reason(sums: Sums) -> Words:
    return Words(
        f"应有 {sums.whole:.0f} 套，台账中可用 {sums.part:.0f} 套。",
        f"{sums.whole:.0f} needed, {sums.part:.0f} working in the ledger.",
    )


INDICATOR = Indicator(
    id="asset_count",
    unit="",
    rows=_rows,
    reason=_reason,
    tell=yes_no("可用", "应有数", "working", "number needed"),
    parameters={"category": "", "need": 1},
)
