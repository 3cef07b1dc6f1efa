"""Assets that are not both past their years of use and faulty ÷ assets.

Age alone costs nothing: an old asset that works may be used on. A faulty asset of unknown age has
no data.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_NO_DATA,
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
)
from cloud.scoring.indicators.builders.service_life import over_age


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    faulty, old = pl.col("condition").is_in(["3", "4", "8"]), over_age(evidence.end)
    return rows_of(
        live_assets(evidence),
        ref=asset_ref(),
        label=asset_label(),
        part=~faulty | ~old.fill_null(value=True),
        unknown=faulty & old.is_null(),
    )


INDICATOR = Indicator(id="not_worn_out", unit="%", rows=_rows, row_text=MET_OR_NO_DATA)
