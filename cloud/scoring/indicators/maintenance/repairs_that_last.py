"""Repairs after which the same asset had no other fault for some days ÷ repairs.

A repair without its asset has no data. An open one after which the asset failed again did not last.
Tickets and no repairs: nothing to be judged.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_NO_DATA,
    Indicator,
    Parameter,
    Parameters,
    or_nothing,
    or_nothing_to_judge,
    rows_of,
)
from cloud.scoring.indicators.builders.ticket_response import faults, ticket_label, ticket_ref


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    tickets = faults(evidence).sort("school", "asset_id", "reported_at", "ticket_no")
    again = pl.col("reported_at").shift(-1).over("school", "asset_id")
    within = pl.duration(days=int(parameters["days"]))
    known = pl.col("asset_id").is_not_null()
    since = pl.coalesce("closed_at", "reported_at")
    repeats = known & (again - since <= within).fill_null(value=False)
    repaired = tickets.with_columns((known & ~repeats).alias("lasts"), repeats.alias("repeats"))
    repaired = repaired.filter(pl.col("closed_at").is_not_null() | pl.col("repeats"))
    rows = rows_of(
        repaired,
        ref=ticket_ref(),
        label=ticket_label(),
        part=pl.col("lasts"),
        unknown=~known,
    )
    return or_nothing(rows, evidence.tickets)


INDICATOR = Indicator(
    id="repairs_that_last",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(MET_OR_NO_DATA),
    parameters={"days": Parameter("number", "days in which another fault is a repeated one", 30)},
)
