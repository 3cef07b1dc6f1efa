"""Working interactive displays per class: units in the ledger that work ÷ classes."""

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


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    displays = in_use_assets(evidence).filter(pl.col("category") == "display")
    have = rows_of(
        displays,
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("quantity"),
        whole=pl.lit(0.0),
    )
    due = rows_of(
        evidence.schools.filter(pl.col("classes") > 0),
        ref=pl.lit("school"),
        label=pl.format("{} classes", pl.col("classes")),
        part=pl.lit(0.0),
        whole=pl.col("classes"),
    )
    return pl.concat([have, due])


def _reason(sums: Sums) -> Words:
    return Words(
        f"{sums.whole:.0f} 个班，台账中可用的交互式大屏 {sums.part:.0f} 台。",
        f"{sums.whole:.0f} classes and {sums.part:.0f} working interactive displays in the ledger.",
    )


INDICATOR = Indicator(
    id="displays_per_class",
    unit="",
    rows=_rows,
    reason=_reason,
    tell=yes_no("可用", "班级数", "working", "number of classes"),
    parameters={},
)
