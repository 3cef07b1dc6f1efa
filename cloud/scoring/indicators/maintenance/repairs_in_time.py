"""Faults repaired and verified within some working days ÷ faults: a share instead of the median."""

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
from cloud.scoring.indicators.builders.ticket_response import HOURS_A_DAY, faults, handled_in_time


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    hours = HOURS_A_DAY * float(parameters["days"])
    rows = handled_in_time(evidence, faults(evidence), "reported_at", "verified_at", hours)
    return or_nothing(rows, evidence.tickets)


INDICATOR = Indicator(
    id="repairs_in_time",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(MET_OR_UNMET),
    parameters={"days": Parameter("number", "working days from report to verification", 3)},
)
