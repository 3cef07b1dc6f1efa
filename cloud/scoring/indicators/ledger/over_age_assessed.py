"""Assets past their years of use that were assessed within a year ÷ assets past them.

An asset whose age is not known may be past them too, unless it was assessed, which leaves it out.
Where none is, there is nothing to be judged.
"""

from datetime import timedelta

import polars as pl

from cloud.scoring.evidence.evidence import YEAR, Evidence
from cloud.scoring.indicators.base import (
    MET_OR_NO_DATA,
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    live_assets,
    or_nothing,
    or_nothing_to_judge,
    rows_of,
)
from cloud.scoring.indicators.builders.service_life import over_age


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    since = evidence.end - timedelta(days=YEAR)
    old, assets = over_age(evidence.end), live_assets(evidence)
    assessed = (pl.col("assessed") > since).fill_null(value=False)
    rows = rows_of(
        assets.filter(pl.coalesce(old, ~assessed)),
        ref=asset_ref(),
        label=asset_label(),
        part=assessed,
        unknown=old.is_null(),
    )
    return or_nothing(rows, assets)


INDICATOR = Indicator(
    id="over_age_assessed",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(MET_OR_NO_DATA),
)
