"""Tickets that an alert of a device opened and that were closed in time ÷ such tickets.

A school with tickets and without alerts has nothing to be judged; one without any ticket has no
data.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_UNMET,
    Indicator,
    Parameter,
    Parameters,
    or_nothing,
    or_nothing_to_judge,
)
from cloud.scoring.indicators.builders.ticket_response import HOURS_A_DAY, handled_in_time


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    hours = HOURS_A_DAY * float(parameters["days"])
    alerts = evidence.tickets.filter(pl.col("origin") == "alert")
    rows = handled_in_time(evidence, alerts, "reported_at", "closed_at", hours)
    return or_nothing(rows, evidence.tickets)


INDICATOR = Indicator(
    id="alerts_handled",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(MET_OR_UNMET),
    parameters={"days": Parameter("number", "working days from the alert to its end", 3)},
)
