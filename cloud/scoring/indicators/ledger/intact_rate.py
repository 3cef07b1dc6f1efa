"""Intact assets: condition codes {1, 2} ÷ all but {6, 7}.

Lost assets (5) stay in it: else a broken one would be better called lost.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_UNMET,
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    return rows_of(
        live_assets(evidence),
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("condition").is_in(["1", "2"]),
    )


INDICATOR = Indicator(id="intact_rate", unit="%", rows=_rows, row_text=MET_OR_UNMET)
