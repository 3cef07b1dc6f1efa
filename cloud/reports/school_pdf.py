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
        "doubts": None if report.doubts is None else [_doubt(doubt) for doubt in report.doubts],
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
        "chance": "" if verdict.chance is None else formatting.percent(verdict.chance, 0),
        "beside": verdict.beside,
        "override": verdict.override,
    }


def _dimension(one: DimensionLine, scale: float) -> dict[str, Any]:
    return {
        "title": one.title,
        "weight": f"{one.weight:g}",
        "value": formatting.score(one.value),
        "bar": None if one.value is None else one.value / scale,
        "mark": None if one.pass_mark is None else one.pass_mark / scale,
        "pass_mark": "" if one.pass_mark is None else f"{one.pass_mark:g}",
        "failed": one.failed,
        "coverage": formatting.percent(one.coverage),
    }


def _least(least: Least | None) -> dict[str, Any] | None:
    if least is None:
        return None
    return {
        "words": least.words,
        "total": formatting.yuan(least.total_yuan),
        "becomes": formatting.score(least.becomes),
        "steps": [
            {
                "clause": step.clause,
                "title": step.title,
                "todo": step.todo,
                "points": f"+{formatting.score(step.points)}",
                "yuan": formatting.yuan(step.yuan),
            }
            for step in least.steps
        ],
    }


def _gap(one: ClauseLine, scale: float) -> dict[str, Any]:
    return {
        "clause": one.clause,
        "title": one.title,
        "outcome": one.outcome,
        "word": formatting.OUTCOMES[one.outcome],
        "measured": formatting.figure(one.measured, one.unit),
        "target": one.target,
        "lost": formatting.score(formatting.lost(one, scale)),
        "remedy": one.remedy,
        "yuan": formatting.yuan(one.cost_yuan),
        "gate": formatting.gate(one) if one.failed_gate else "",
    }


def _by_dimension(report: SchoolReport) -> list[dict[str, Any]]:
    scale = report.occasion.scale
    return [
        {
            "title": dimension.title,
            "value": formatting.score(dimension.value),
            "clauses": [_clause(line, scale) for line in own if line.outcome != _APART],
            "apart": [f"{line.clause} {line.title}" for line in own if line.outcome == _APART],
        }
        for dimension in report.dimensions
        for own in [
            [clause for clause in report.clauses if clause.dimension == dimension.dimension]
        ]
        if own
    ]


def _clause(one: ClauseLine, scale: float) -> dict[str, Any]:
    short = formatting.lost(one, scale) > 1e-9
    return {
        "clause": one.clause,
        "title": one.title,
        "outcome": one.outcome,
        "word": formatting.OUTCOMES[one.outcome],
        "measured": formatting.figure(one.measured, one.unit),
        "target": one.target,
        "points": formatting.score(one.points),
        "weight": formatting.score(one.weight * scale / 100),
        "reason": one.reason,
        "gate": formatting.gate(one),
        "failed_gate": one.failed_gate,
        "changed": formatting.CHANGED if one.has_changed else "",
        "data": formatting.DATA_SOURCES.get(one.data_source, one.data_source),
        "source": one.source,
        "flag": one.flag,
        "trust": one.trust,
        "evidence": [line.text for line in one.evidence[:SHOWN]] if short else [],
        "total": one.evidence_total,
    }


def _doubt(one: IntegrityFinding) -> dict[str, Any]:
    return {
        "check": one.check,
        "severity": one.severity,
        "word": formatting.SEVERITIES[one.severity],
        "text": one.text,
        "ask": one.ask,
        "evidence": list(one.evidence[:SHOWN]),
        "total": one.evidence_total,
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
