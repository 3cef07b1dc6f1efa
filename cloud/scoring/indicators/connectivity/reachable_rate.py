"""Time in which connected assets were observed ÷ time due, within the school day."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    AMOUNT,
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    live_use,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    sums = (
        live_use(evidence)
        .filter((pl.col("period") >= 0) & (pl.col("due_s") > 0))
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(pl.col("due_s").sum(), pl.col("unobserved_s").sum())
    )
    return rows_of(
        sums,
        ref=asset_ref(),
        label=asset_label(),
        part=(pl.col("due_s") - pl.col("unobserved_s")).clip(lower_bound=0) / 3600,
        whole=pl.col("due_s") / 3600,
    )


INDICATOR = Indicator(id="reachable_rate", unit="%", rows=_rows, row_text=AMOUNT)
