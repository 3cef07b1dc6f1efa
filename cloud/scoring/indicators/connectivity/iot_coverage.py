"""Assets whose kind can report and that reported in the last `days` ÷ assets that could."""

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
    in_use_assets,
    rows_of,
    share,
    yes_no,
)
from device_profiles.schema import Category


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    able = in_use_assets(evidence).filter(pl.col("category").is_in(list(parameters["categories"])))
    recent = pl.lit(evidence.end) - pl.col("reported") <= pl.duration(days=int(parameters["days"]))
    return rows_of(able, ref=asset_ref(), label=asset_label(), part=recent.fill_null(value=False))


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    return LocalizedText(
        f"可接入物联的资产 {sums.whole:.0f} 件，近期有数据上报 {sums.part:.0f} 件（{got}）。",
        f"{sums.part:.0f} of {sums.whole:.0f} assets that can report did so lately ({got}).",
    )


INDICATOR = Indicator(
    id="iot_coverage",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=yes_no("有数据上报", "没有数据上报", "reports", "does not report"),
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
