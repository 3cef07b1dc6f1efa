"""Original value of the equipment per pupil, scrapped and transferred items left out, in yuan."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameters,
    RowText,
    asset_label,
    asset_ref,
    due_of_school,
    live_assets,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    have = rows_of(
        live_assets(evidence).filter(pl.col("original_value_yuan").is_not_null()),
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("original_value_yuan"),
        whole=pl.lit(0.0),
    )
    return pl.concat([have, due_of_school(evidence, pl.col("pupils"))])


INDICATOR = Indicator(
    id="equipment_value_per_pupil",
    unit="CNY",
    rows=_rows,
    row_text=RowText(
        cases=("need", "have"), case=lambda row: "need" if row["ref"] == SCHOOL else "have"
    ),
)
