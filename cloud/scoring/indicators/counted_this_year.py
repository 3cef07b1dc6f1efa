"""Assets counted within a year ÷ assets; those acquired within the year may still be uncounted."""

import polars as pl

from cloud.scoring.counts import counted_assets
from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import Indicator, Parameters, rows_of, sentence, yes_no


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    assets = counted_assets(evidence).filter(pl.col("asset_id").is_not_null())
    return rows_of(
        assets,
        ref=pl.col("ref"),
        label=pl.col("label"),
        part=pl.col("result").is_not_null(),
    )


INDICATOR = Indicator(
    id="counted_this_year",
    unit="%",
    rows=_rows,
    reason=sentence(
        "应盘点资产 {whole:.0f} 件，一年内已盘点 {part:.0f} 件（{share}）。",
        "{part:.0f} of {whole:.0f} assets were counted within a year ({share}).",
    ),
    tell=yes_no("已盘点", "未盘点", "counted", "not counted"),
)
