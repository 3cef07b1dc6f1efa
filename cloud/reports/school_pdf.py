"""The report of one school as PDF: what a principal reads in five minutes."""

from typing import Any

from cloud.reports import formatting
from cloud.reports.pdf import pdf
from cloud.reports.shapes import (
    ClauseLine,
    DimensionLine,
    IntegrityFinding,
    Least,
    Occasion,
    SchoolReport,
    Verdict,
)
from cloud.scoring.standard.source_confidence import FLAGS

_APART = "not_applicable"
SHOWN = 3
"""Rows of evidence shown under a clause; the workbook holds the others."""


def school_pdf(report: SchoolReport) -> bytes:
    """Return the report as .pdf."""
    return pdf("school", school_data(report), report.occasion.assessed_at)


def school_data(report: SchoolReport) -> dict[str, Any]:
    """Return all that the template shows, as texts."""
    scale = report.occasion.scale
    return {
        "occasion": occasion_data(report.occasion),
        "school": report.school,
        "name": report.name,
        "facts": _facts(report),
        "score": {
            "value": formatting.score(report.value),
            "rated": report.value is not None,
            "raw": formatting.score(report.raw),
            "grade": report.grade or "",
            "coverage": formatting.percent(report.coverage),
            "covered": report.coverage,
            "why": formatting.why_not_rated(report) if report.value is None else "",
        },
        "blocks": list(report.blocks),
        "verdict": _verdict(report.verdict),
        "dimensions": [_dimension(dimension, scale) for dimension in report.dimensions],
        "least": _least(report.least),
        "gaps": [_gap(line, scale) for line in formatting.gaps(report)],
        "clauses": _by_dimension(report),
        "integrity_findings": None
        if report.integrity_findings is None
        else [_integrity_finding(finding) for finding in report.integrity_findings],
        "trusts": _trusts(report),
    }


def occasion_data(occasion: Occasion) -> dict[str, Any]:
    """Return what every report shows of the assessment, as texts."""
    return {
        "assessment": occasion.assessment,
        "standard": occasion.standard,
        "edition": occasion.edition,
        "note": occasion.note,
        "span": formatting.span(occasion.start, occasion.end),
        "at": formatting.moment(occasion.assessed_at),
        "digest": occasion.digest,
        "scale": f"{occasion.scale:g}",
        "min_coverage": formatting.percent(occasion.min_coverage, 0),
        "pass_mark": "" if occasion.pass_mark is None else f"{occasion.pass_mark:g}",
        "grades": "，".join(f"{name} 不低于 {least:g}" for name, least in occasion.grades),
        "places": "" if occasion.places is None else str(occasion.places),
        "selection": occasion.selection,
        "replaced": formatting.replaced(occasion.selection, occasion.replaced_by),
    }


def _facts(report: SchoolReport) -> list[str]:
    sizes = (
        ("班", report.classes),
        ("名学生", report.pupils),
        ("名教师", report.teachers),
    )
    named = (report.division, report.kind, report.urban_rural)
    return [name for name in named if name] + [
        f"{many:,} {what}" for what, many in sizes if many is not None
    ]


def _verdict(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        verdict = Verdict(status="undecided", rule="")
    return {
        "status": verdict.status,
        "word": formatting.STATUSES[verdict.status],
        "rule": verdict.rule,
        "rank": "" if verdict.rank is None else f"第 {verdict.rank} 名",
        "among": f"{verdict.among:,}" if verdict.among else "",
        "interval": "" if verdict.interval is None else formatting.ranks(verdict.interval),
        "chance": "" if verdict.chance is None else formatting.percent(verdict.chance),
        "cutoff_comparison": verdict.cutoff_comparison,
        "override": verdict.override,
    }


def _dimension(dimension: DimensionLine, scale: float) -> dict[str, Any]:
    return {
        "title": dimension.title,
        "weight": f"{dimension.weight:g}",
        "value": formatting.score(dimension.value),
        "bar": None if dimension.value is None else dimension.value / scale,
        "mark": None if dimension.pass_mark is None else dimension.pass_mark / scale,
        "pass_mark": "" if dimension.pass_mark is None else f"{dimension.pass_mark:g}",
        "failed": dimension.failed,
        "coverage": formatting.percent(dimension.coverage),
    }


def _least(least: Least | None) -> dict[str, Any] | None:
    if least is None:
        return None
    return {
        "words": least.words,
        "total": formatting.cost(least.total_yuan, least.total_days),
        "becomes": formatting.score(least.becomes),
        "steps": [
            {
                "clause": step.clause,
                "title": step.title,
                "todo": step.todo,
                "points": f"+{formatting.score(step.points)}",
                "yuan": formatting.cost(step.yuan, step.days),
            }
            for step in least.steps
        ],
    }


def _gap(clause: ClauseLine, scale: float) -> dict[str, Any]:
    return {
        "clause": clause.clause,
        "title": clause.title,
        "outcome": clause.outcome,
        "word": formatting.OUTCOMES[clause.outcome],
        "measured": formatting.figure(clause.measured, clause.unit),
        "target": clause.target,
        "lost": formatting.score(formatting.lost(clause, scale)),
        "remedy": clause.remedy,
        "yuan": "—" if clause.cost is None else formatting.cost(clause.cost.yuan, clause.cost.days),
        "gate": formatting.gate(clause) if clause.failed_gate else "",
    }


def _by_dimension(report: SchoolReport) -> list[dict[str, Any]]:
    scale = report.occasion.scale
    return [
        {
            "title": dimension.title,
            "value": formatting.score(dimension.value),
            "clauses": [_clause(line, scale) for line in clauses if line.outcome != _APART],
            "apart": [f"{line.clause} {line.title}" for line in clauses if line.outcome == _APART],
        }
        for dimension in report.dimensions
        for clauses in [
            [clause for clause in report.clauses if clause.dimension == dimension.dimension]
        ]
        if clauses
    ]


def _clause(clause: ClauseLine, scale: float) -> dict[str, Any]:
    short = formatting.lost(clause, scale) > 1e-9
    return {
        "clause": clause.clause,
        "title": clause.title,
        "outcome": clause.outcome,
        "word": formatting.OUTCOMES[clause.outcome],
        "measured": formatting.figure(clause.measured, clause.unit),
        "target": clause.target,
        "points": formatting.score(clause.points),
        "weight": formatting.score(clause.weight * scale / 100),
        "reason": clause.reason,
        "gate": formatting.gate(clause),
        "failed_gate": clause.failed_gate,
        "changed": formatting.CHANGED if clause.has_changed else "",
        "data": formatting.DATA_SOURCES.get(clause.data_source, clause.data_source),
        "source": clause.source,
        "flag": clause.flag,
        "trust": clause.trust,
        "evidence": [line.text for line in clause.evidence[:SHOWN]] if short else [],
        "total": clause.evidence_total,
    }


def _integrity_finding(finding: IntegrityFinding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity,
        "word": formatting.SEVERITIES[finding.severity],
        "text": finding.text,
        "ask": finding.ask,
        "evidence": list(finding.evidence[:SHOWN]),
        "total": finding.evidence_total,
    }


def _trusts(report: SchoolReport) -> list[dict[str, Any]]:
    """Return how many of the clauses that apply have a source of each confidence."""
    count: dict[str, int] = {}
    for clause in report.clauses:
        if clause.outcome != "not_applicable":
            count[clause.flag] = count.get(clause.flag, 0) + 1
    return [
        {"flag": flag, "word": zh, "many": count[flag]}
        for flag, (zh, _) in FLAGS.items()
        if flag in count
    ]
