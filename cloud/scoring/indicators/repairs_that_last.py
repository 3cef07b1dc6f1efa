"""Repairs after which the same asset had no other fault for some days ÷ repairs.

A repair that does not say which asset it was for can not be told.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import (
    Indicator,
    Parameter,
    Parameters,
    Words,
    rows_of,
    sentence,
    yes_no,
)
from cloud.scoring.repairs import faults, ticket_label, ticket_ref


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    found = faults(evidence).sort("school", "asset_id", "reported_at", "ticket_no")
    again = pl.col("reported_at").shift(-1).over("school", "asset_id")
    within = pl.duration(days=int(parameters["days"]))
    known = pl.col("asset_id").is_not_null()
    repeats = (again - pl.col("closed_at") <= within).fill_null(value=False)
    repaired = found.with_columns((known & ~repeats).alias("lasts")).filter(
        pl.col("closed_at").is_not_null()
    )
    return rows_of(
        repaired,
        ref=ticket_ref(),
        label=ticket_label(),
        part=pl.col("lasts"),
        unknown=~known,
    )


def _tell(row: Mapping[str, Any]) -> Words:
    if row["unknown"]:
        return Words(f"{row['label']}：未写明资产", f"{row['label']}: does not say which asset")
    return _LASTS(row)


_LASTS = yes_no("未再故障", "修后又坏", "no other fault since", "broke again")

INDICATOR = Indicator(
    id="repairs_that_last",
    unit="%",
    rows=_rows,
    reason=sentence(
        "修复 {whole:.0f} 起，其后未再故障 {part:.0f} 起（{share}）。",
        "After {part:.0f} of {whole:.0f} repairs there was no other fault ({share}).",
    ),
    tell=_tell,
    parameters={"days": Parameter("number", "days in which another fault is a repeated one", 30)},
)
