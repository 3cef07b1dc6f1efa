"""Repair tickets accepted within some working hours ÷ tickets: a share instead of the median.

A median does not add up ticket by ticket; that half of them were in time is the same question.
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
from cloud.scoring.indicators.builders.ticket_response import handled_in_time


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    hours = float(parameters["hours"])
    rows = handled_in_time(evidence, evidence.tickets, "reported_at", "accepted_at", hours)
    return or_nothing(rows, evidence.tickets)


INDICATOR = Indicator(
    id="response_in_time",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(MET_OR_UNMET),
    parameters={"hours": Parameter("number", "working hours from report to acceptance", 4)},
)
