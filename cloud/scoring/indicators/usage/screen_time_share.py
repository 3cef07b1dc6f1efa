"""Time in lessons with the display in use ÷ time of lessons: more is not better."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    AMOUNT_OR_NO_DATA,
    CALENDAR,
    Indicator,
    Parameters,
    Sums,
    Values,
    asset_label,
    asset_ref,
    lessons,
    rows_of,
    sums_values,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    sums = (
        lessons(evidence)
        .filter((pl.col("category") == "display") & (pl.col("due_s") > 0))
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(
            pl.col("active_s").sum(),
            pl.col("unobserved_s").sum(),
            pl.col("due_s").sum(),
        )
    )
    return rows_of(
        sums,
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("active_s") / 3600,
        whole=pl.col("due_s") / 3600,
        unknown=pl.col("unobserved_s") / 3600,
    )


def _reason_values(sums: Sums) -> Values:
    most = (sums.part + sums.unknown) / sums.whole if sums.whole else None
    return {**sums_values(sums), "most": most}


INDICATOR = Indicator(
    id="screen_time_share",
    unit="%",
    rows=_rows,
    reason_values=_reason_values,
    row_text=AMOUNT_OR_NO_DATA,
    bands=True,
    compared_with=CALENDAR,
)
