"""Tickets that an alert of a device opened and that were closed in time ÷ such tickets.

A school with tickets and without alerts has nothing to be judged; one without any ticket says
nothing.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameter,
    Parameters,
    or_nothing,
    sentence,
    unless_nothing,
    yes_no,
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
    reason=sentence(
        "设备预警 {whole:.0f} 起，按时处置 {part:.0f} 起（{share}）。",
        "{part:.0f} of {whole:.0f} alerts were dealt with in time ({share}).",
    ),
    tell=unless_nothing(
        yes_no("按时处置", "未按时处置", "dealt with in time", "not dealt with in time"),
        "期间没有设备预警",
        "no alerts in the span",
    ),
    parameters={"days": Parameter("number", "working days from the alert to its end", 3)},
)
