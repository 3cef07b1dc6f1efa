"""Repair tickets closed within some days ÷ tickets; younger open ones are left out."""

from datetime import datetime, time, timedelta

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_UNMET,
    Indicator,
    Parameter,
    Parameters,
    or_nothing,
    or_nothing_to_judge,
    rows_of,
)
from cloud.scoring.indicators.builders.ticket_response import ticket_label, ticket_ref


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    end = pl.lit(datetime.combine(evidence.end + timedelta(days=1), time()))
    allowed = pl.duration(days=int(parameters["days"]))
    closed, reported = pl.col("closed_at"), pl.col("reported_at")
    waits = closed.is_null() & (reported + allowed >= end)
    rows = rows_of(
        evidence.tickets.filter(~waits),
        ref=ticket_ref(),
        label=ticket_label(),
        part=(closed <= reported + allowed).fill_null(value=False),
    )
    return or_nothing(rows, evidence.tickets)


INDICATOR = Indicator(
    id="repairs_completed",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(MET_OR_UNMET),
    parameters={"days": Parameter("number", "days from report to completion", 30)},
)
