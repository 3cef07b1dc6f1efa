"""Assets whose kind can report and that reported in the last `days` ÷ assets that could."""

from typing import get_args

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_UNMET,
    Indicator,
    Parameter,
    Parameters,
    asset_label,
    asset_ref,
    in_use_assets,
    rows_of,
)
from device_profiles.schema import Category


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    able = in_use_assets(evidence).filter(pl.col("category").is_in(list(parameters["categories"])))
    recent = pl.lit(evidence.end) - pl.col("reported") <= pl.duration(days=int(parameters["days"]))
    return rows_of(able, ref=asset_ref(), label=asset_label(), part=recent.fill_null(value=False))


INDICATOR = Indicator(
    id="iot_coverage",
    unit="%",
    rows=_rows,
    row_text=MET_OR_UNMET,
    parameters={
        "days": Parameter("number", "how recent the last report has to be, in days", 7),
        "categories": Parameter(
            "words",
            "the categories that can report",
            ["display", "recorder", "instrument", "epaper", "computer", "environment"],
            known=get_args(Category),
        ),
    },
)
