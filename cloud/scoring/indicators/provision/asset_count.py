"""Working assets of a category against the number needed: have ÷ need."""

from typing import get_args

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameter,
    Parameters,
    Sums,
    asset_label,
    asset_ref,
    had_of_needed,
    in_use_assets,
    rows_of,
    units,
)
from cloud.scoring.indicators.builders.room_needs import due
from device_profiles.schema import Category


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    have = rows_of(
        in_use_assets(evidence).filter(pl.col("category") == parameters["category"]),
        ref=asset_ref(),
        label=asset_label(),
        part=units(),
        whole=pl.lit(0.0),
    )
    return pl.concat([have, due(evidence, parameters["need"])])


def _reason(sums: Sums) -> LocalizedText:
    return LocalizedText(
        f"应有 {sums.whole:.0f} 套，台账中可用 {sums.part:.0f} 套。",
        f"{sums.whole:.0f} needed, {sums.part:.0f} working in the ledger.",
    )


INDICATOR = Indicator(
    id="asset_count",
    rows=_rows,
    reason=_reason,
    tell=had_of_needed(LocalizedText("可用", "working"), LocalizedText("应有数", "needed:")),
    parameters={
        "category": Parameter("word", "the category that counts", known=get_args(Category)),
        "need": Parameter("needs", "assets needed, by number of classes, by stage", 1),
    },
)
