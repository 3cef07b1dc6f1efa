"""Working interactive displays per class: units in the ledger that work ÷ classes."""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    Sums,
    asset_label,
    asset_ref,
    due_of_school,
    had_of_needed,
    in_use_assets,
    rows_of,
    units,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    displays = in_use_assets(evidence).filter(pl.col("category") == "display")
    have = rows_of(
        displays,
        ref=asset_ref(),
        label=asset_label(),
        part=units(),
        whole=pl.lit(0.0),
    )
    return pl.concat([have, due_of_school(evidence, pl.col("classes"))])


def _reason(sums: Sums) -> LocalizedText:
    return LocalizedText(
        f"{sums.whole:.0f} 个班，台账中可用的交互式大屏 {sums.part:.0f} 台。",
        f"{sums.whole:.0f} classes and {sums.part:.0f} working interactive displays in the ledger.",
    )


INDICATOR = Indicator(
    id="displays_per_class",
    rows=_rows,
    reason=_reason,
    tell=had_of_needed(LocalizedText("可用", "working"), LocalizedText("班级数", "classes:")),
)
