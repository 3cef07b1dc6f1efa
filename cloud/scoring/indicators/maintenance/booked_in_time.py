"""Assets booked within `days` of their acquisition ÷ assets.

An asset without an acquisition day is unknown. One that is not booked yet, and not late yet, is
left out.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_NO_DATA,
    Indicator,
    Parameter,
    Parameters,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
)


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    allowed = pl.duration(days=int(parameters["days"]))
    acquired, booked = pl.col("acquired"), pl.col("booked")
    waits = (booked.is_null() & (acquired + allowed >= pl.lit(evidence.end))).fill_null(value=False)
    return rows_of(
        live_assets(evidence).filter(~waits),
        ref=asset_ref(),
        label=asset_label(),
        part=(booked - acquired <= allowed).fill_null(value=False),
        unknown=acquired.is_null(),
    )


INDICATOR = Indicator(
    id="booked_in_time",
    unit="%",
    rows=_rows,
    row_text=MET_OR_NO_DATA,
    parameters={"days": Parameter("number", "days from acquisition to booking", 30)},
)
