"""Networked multimedia rooms per 100 pupils: rooms with a working display ÷ pupils x 100."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameters,
    Row,
    RowText,
    Sums,
    Values,
    due_of_school,
    in_use_assets,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    equipped = (
        in_use_assets(evidence)
        .filter((pl.col("category") == "display") & pl.col("room").is_not_null())
        .select("school", "room")
        .unique()
    )
    have = rows_of(
        equipped,
        ref=pl.format("room:{}", pl.col("room")),
        label=pl.col("room"),
        part=pl.lit(1.0),
        whole=pl.lit(0.0),
    )
    return pl.concat([have, due_of_school(evidence, pl.col("pupils") / 100)])


def _reason_values(sums: Sums) -> Values:
    return {"pupils": 100 * sums.whole, "part": sums.part}


def _row_values(row: Row) -> Values:
    return {"label": row["label"], "pupils": 100 * row["whole"]}


INDICATOR = Indicator(
    id="multimedia_rooms_per_100_pupils",
    unit="/100",
    rows=_rows,
    reason_values=_reason_values,
    row_text=RowText(
        cases=("need", "have"),
        case=lambda row: "need" if row["ref"] == SCHOOL else "have",
        values=_row_values,
    ),
)
