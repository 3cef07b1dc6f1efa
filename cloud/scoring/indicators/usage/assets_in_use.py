"""Connected assets used for at least `minutes` in the span ÷ connected assets: 1 - idle rate."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    MET_OR_NO_DATA,
    Indicator,
    Parameter,
    Parameters,
    asset_label,
    asset_ref,
    live_use,
    rows_of,
)

_NOT_EQUIPMENT = ("meter", "environment")


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    sums = (
        live_use(evidence)
        .filter(~pl.col("category").is_in(list(_NOT_EQUIPMENT)) & (pl.col("due_s") > 0))
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(pl.col("active_s").sum(), pl.col("unobserved_s").sum(), pl.col("due_s").sum())
    )
    used = pl.col("active_s") >= float(parameters["minutes"]) * 60
    return rows_of(
        sums,
        ref=asset_ref(),
        label=asset_label(),
        part=used,
        unknown=~used & (pl.col("unobserved_s") > pl.col("due_s") / 2),
    )


INDICATOR = Indicator(
    id="assets_in_use",
    unit="%",
    rows=_rows,
    row_text=MET_OR_NO_DATA,
    parameters={"minutes": Parameter("number", "minutes of use that count as used", 10)},
    compared_with=CALENDAR,
)
