"""The sentences of a finding, as messages that are rendered when they are read. Pure."""

from cloud.messages import Message, message
from cloud.scoring.engine.engine import EPSILON
from cloud.scoring.engine.result import NOTHING, Finding
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import shown
from cloud.scoring.standard.standard import Stage


def reason_text(finding: Finding) -> Message:
    """Return why a clause has its outcome, with the figures."""
    if finding.outcome == "not_applicable":
        nothing = finding.sums == NOTHING
        return message("finding.nothing_to_judge" if nothing else "finding.not_applicable")
    indicator = all_indicators()[finding.clause.indicator]
    if finding.outcome == "no_data" or not finding.sums:
        sentences = [message("finding.no_data")]
        if finding.failed_gate:
            sentences.append(message("finding.no_data_at_gate"))
        return message("finding.reason", sentences=sentences)
    sentences = [indicator.reason(finding.sums)]
    if finding.coverage <= 1 - EPSILON:
        sentences.append(message("finding.partly_covered", coverage=finding.coverage))
    if finding.capped:
        sentences.append(message("finding.capped", attainment=finding.attainment))
    if finding.failed_gate:
        gate = shown(finding.clause.gate or 0.0, indicator.unit)
        sentences.append(message("finding.below_gate", gate=gate))
    return message("finding.reason", sentences=sentences)


def target_text(finding: Finding, stages: tuple[Stage, ...]) -> str:
    """Return the threshold that applies to a school of these stages ("≥ 95%", "10%–30%")."""
    clause, unit = finding.clause, all_indicators()[finding.clause.indicator].unit
    applying = [stage for stage in stages if stage in clause.stages] or clause.stages[:1]
    return " / ".join(dict.fromkeys(clause.curve.words(stage, unit) for stage in applying))
