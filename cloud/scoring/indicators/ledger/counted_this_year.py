"""Assets counted within a year ÷ assets; those acquired within the year may still be uncounted.

Where all of them are so new there is nothing to be judged.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_UNMET,
    Indicator,
    Parameters,
    live_assets,
    or_nothing,
    or_nothing_to_judge,
    rows_of,
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
    row_text=or_nothing_to_judge(MET_OR_UNMET),
)
