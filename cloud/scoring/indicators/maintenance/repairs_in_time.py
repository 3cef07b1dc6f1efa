"""Faults repaired and verified within some working days ÷ faults: a share instead of the median."""

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
from cloud.scoring.indicators.builders.ticket_response import HOURS_A_DAY, faults, handled_in_time


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    hours = HOURS_A_DAY * float(parameters["days"])
    rows = handled_in_time(evidence, faults(evidence), "reported_at", "verified_at", hours)
    return or_nothing(rows, evidence.tickets)


INDICATOR = Indicator(
    id="repairs_in_time",
    unit="%",
    rows=_rows,
    reason=sentence(
        "故障 {whole:.0f} 起，按时修复并验收 {part:.0f} 起（{share}）。",
        "{part:.0f} of {whole:.0f} faults were repaired and verified in time ({share}).",
    ),
    tell=unless_nothing(
        yes_no("按时修复", "未按时修复", "repaired in time", "not repaired in time"),
        "没有到期的工单",
        "no ticket is due yet",
    ),
    parameters={"days": Parameter("number", "working days from report to verification", 3)},
)
