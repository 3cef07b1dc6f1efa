"""Assets counted within a year ÷ assets; those acquired within the year may still be uncounted.

Where all of them are so new there is nothing to be judged.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    live_assets,
    or_nothing,
    rows_of,
    sentence,
    unless_nothing,
    yes_no,
)
from cloud.scoring.indicators.builders.stocktake import counted_assets


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    assets = counted_assets(evidence).filter(pl.col("asset_id").is_not_null())
    rows = rows_of(
        assets,
        ref=pl.col("ref"),
        label=pl.col("label"),
        part=pl.col("result").is_not_null(),
    )
    return or_nothing(rows, live_assets(evidence))


INDICATOR = Indicator(
    id="counted_this_year",
    unit="%",
    rows=_rows,
    reason=sentence(
        "应盘点资产 {whole:.0f} 件，一年内已盘点 {part:.0f} 件（{share}）。",
        "{part:.0f} of {whole:.0f} assets were counted within a year ({share}).",
    ),
    tell=unless_nothing(
        yes_no("已盘点", "未盘点", "counted", "not counted"),
        "资产都是近一年内取得的",
        "every asset was acquired within the year",
    ),
)
