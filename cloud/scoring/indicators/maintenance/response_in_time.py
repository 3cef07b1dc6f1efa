"""Repair tickets accepted within some working hours ÷ tickets: a share instead of the median.

A median does not add up ticket by ticket; that half of them were in time is the same question.
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
from cloud.scoring.indicators.builders.ticket_response import handled_in_time


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    hours = float(parameters["hours"])
    rows = handled_in_time(evidence, evidence.tickets, "reported_at", "accepted_at", hours)
    return or_nothing(rows, evidence.tickets)


INDICATOR = Indicator(
    id="response_in_time",
    unit="%",
    rows=_rows,
    reason=sentence(
        "报修 {whole:.0f} 单，按时受理 {part:.0f} 单（{share}）。",
        "{part:.0f} of {whole:.0f} repair tickets were accepted in time ({share}).",
    ),
    tell=unless_nothing(
        yes_no("按时受理", "未按时受理", "accepted in time", "not accepted in time"),
        "没有到期的工单",
        "no ticket is due yet",
    ),
    parameters={"hours": Parameter("number", "working hours from report to acceptance", 4)},
)
