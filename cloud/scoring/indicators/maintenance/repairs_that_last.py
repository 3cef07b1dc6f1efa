"""Repairs after which the same asset had no other fault for some days ÷ repairs.

A repair that does not say which asset it was for can not be told. One that nobody closed, and after
which the asset failed again, did not last. Tickets and no repairs: nothing to be judged.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameter,
    Parameters,
    or_nothing,
    rows_of,
    sentence,
    unless_nothing,
    yes_no,
)
from cloud.scoring.indicators.builders.ticket_response import faults, ticket_label, ticket_ref


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    found = faults(evidence).sort("school", "asset_id", "reported_at", "ticket_no")
    again = pl.col("reported_at").shift(-1).over("school", "asset_id")
    within = pl.duration(days=int(parameters["days"]))
    known = pl.col("asset_id").is_not_null()
    since = pl.coalesce("closed_at", "reported_at")
    repeats = known & (again - since <= within).fill_null(value=False)
    repaired = found.with_columns((known & ~repeats).alias("lasts"), repeats.alias("repeats"))
    repaired = repaired.filter(pl.col("closed_at").is_not_null() | pl.col("repeats"))
    rows = rows_of(
        repaired,
        ref=ticket_ref(),
        label=ticket_label(),
        part=pl.col("lasts"),
        unknown=~known,
    )
    return or_nothing(rows, evidence.tickets)


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["unknown"]:
        return LocalizedText(
            f"{row['label']}：未写明资产", f"{row['label']}: does not say which asset"
        )
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
    tell=unless_nothing(_tell, "期间没有修复", "no repairs in the span"),
    parameters={"days": Parameter("number", "days in which another fault is a repeated one", 30)},
)
