"""School days on which a display was used in at least one lesson ÷ school days with lessons."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    MET_OR_NO_DATA,
    Indicator,
    Parameters,
    asset_label,
    lessons,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    days = (
        lessons(evidence)
        .filter(pl.col("category") == "display")
        .group_by("school", "asset_id", "name", "asset_no", "day")
        .agg(pl.col("lesson_used").any(), pl.col("lesson_observed").all())
    )
    used = pl.col("lesson_used")
    return rows_of(
        days,
        ref=pl.format("asset:{}/day:{}", pl.col("asset_id"), pl.col("day")),
        label=pl.format("{} {}", asset_label(), pl.col("day")),
        part=used,
        unknown=~used & ~pl.col("lesson_observed"),
    )


INDICATOR = Indicator(
    id="display_days_used",
    unit="%",
    rows=_rows,
    row_text=MET_OR_NO_DATA,
    compared_with=CALENDAR,
)
