"""Working assets of a category against the number needed: have ÷ need."""

from typing import get_args

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    HAVE_AND_NEED,
    Indicator,
    Parameter,
    Parameters,
    asset_label,
    asset_ref,
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


INDICATOR = Indicator(
    id="asset_count",
    rows=_rows,
    row_text=HAVE_AND_NEED,
    parameters={
        "category": Parameter("word", "the category that counts", known=get_args(Category)),
        "need": Parameter("needs", "assets needed, by number of classes, by stage", 1),
    },
)
