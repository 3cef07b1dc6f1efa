"""Turn the scores of the engine into the shapes that are printed. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import polars as pl

from cloud.assessments.ranking import division_name
from cloud.messages import render
from cloud.registry.codes import statistics
from cloud.registry.codes.base import CodeList
from cloud.reports import formatting
from cloud.reports.shapes import (
    ClauseLine,
    DimensionLine,
    EvidenceLine,
    IntegrityFinding,
    Least,
    Occasion,
    SchoolReport,
    Verdict,
)
from cloud.scoring.engine import result as results
from cloud.scoring.engine.engine import EPSILON, Scores
from cloud.scoring.engine.finding_text import reason_text, target_text
from cloud.scoring.engine.school_table import COLUMN
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import ROW, Sums, all_indicators
from cloud.scoring.standard.clause import Clause, Cost
from cloud.scoring.standard.source_confidence import trust
from cloud.scoring.standard.standard import TOTAL, Stage, Standard

EVIDENCE_ROWS = 500
"""Rows of a clause that a workbook holds at most; it states how many more there are."""


def occasion_of(
    standard: Standard,
    *,
    assessment: str,
    assessed_at: datetime,
    digest: str,
    start: date | None = None,
    end: date | None = None,
    places: int | None = None,
    selection: str = "",
    replaced_by: str = "",
) -> Occasion:
    """Return what all reports of one assessment show of it."""
    return Occasion(
        assessment=assessment,
        standard=standard.title.zh,
        edition=standard.edition,
        note=standard.note.zh,
        start=start,
        end=end,
        assessed_at=assessed_at,
        digest=digest,
        scale=standard.scale,
        min_coverage=standard.min_coverage,
        pass_mark=standard.pass_mark,
        grades=tuple(sorted(standard.grades.items(), key=lambda pair: -pair[1])),
        places=places,
        selection=selection,
        replaced_by=replaced_by,
    )


def school_report(
    scores: Scores,
    school: str,
    occasion: Occasion,
    *,
    evidence: Evidence | None = None,
    verdict: Verdict | None = None,
    least: Least | None = None,
    integrity_findings: Sequence[IntegrityFinding] | None = None,
) -> SchoolReport:
    """Return the report of a school; without `evidence` it has no evidence rows.

    Raises EvidenceError where the school is not among the scores.
    """
    result = results.result(scores, school)
    row = scores.table.filter(pl.col("id") == school).to_dicts()[0]
    stages = _stages(row)
    return SchoolReport(
        occasion=occasion,
        school=school,
        name=row["name"] or school,
        division=division_name(row["division"]),
        kind=kind_name(row["school_type"]),
        urban_rural=_named(statistics.URBAN_RURAL, row["urban_rural"]),
        classes=row["classes"],
        pupils=row["pupils"],
        teachers=row["teachers"],
        value=result.value,
        raw=result.raw,
        coverage=result.coverage,
        grade=result.grade,
        passed=result.passed,
        blocks=blocks(result),
        dimensions=tuple(
            DimensionLine(
                dimension=dimension.dimension.id,
                title=dimension.dimension.title.zh,
                weight=dimension.dimension.weight,
                value=dimension.value,
                coverage=dimension.coverage,
                pass_mark=dimension.dimension.pass_mark,
                failed=dimension.failed_mark,
            )
            for dimension in result.dimensions
            if dimension.findings
        ),
        clauses=tuple(_clause(finding, school, evidence, stages) for finding in result.findings),
        verdict=verdict,
        least=least,
        integrity_findings=None if integrity_findings is None else tuple(integrity_findings),
    )


def blocks(result: results.Result) -> tuple[str, ...]:
    """Return the failed hard rules of a school, one sentence each."""
    by_clause = {finding.clause.id: finding for finding in result.findings}
    by_dimension = {dimension.dimension.id: dimension for dimension in result.dimensions}
    by_rule = {rule.id: rule for rule in result.standard.rules}
    blocks = []
    for name in result.failed_gates:
        finding = by_clause[name]
        blocks.append(
            f"否决线：{name} {finding.clause.title.zh} {_measured(finding)}，"
            f"{_gate(finding.clause)}即否决"
        )
    for name in result.failed_marks:
        if name == TOTAL:
            mark = result.standard.pass_mark or 0
            blocks.append(f"及格线：总分 {formatting.score(result.raw)}，低于 {mark:g}")
        else:
            part = by_dimension[name]
            mark = part.dimension.pass_mark or 0
            value = formatting.score(part.value)
            blocks.append(f"及格线：{part.dimension.title.zh}维度 {value}，低于 {mark:g}")
    blocks += [f"规则：{by_rule[name].title.zh}" for name in result.failed_rules]
    return tuple(blocks)


def _clause(
    finding: results.Finding, school: str, evidence: Evidence | None, stages: tuple[Stage, ...]
) -> ClauseLine:
    clause, rows = finding.clause, pl.DataFrame(schema=ROW)
    indicator = all_indicators()[clause.indicator]
    applies = finding.outcome != "not_applicable"
    if evidence is not None and clause.indicator != COLUMN and applies:
        rows = results.evidence_rows(clause, evidence).filter(pl.col("school") == school)
    sure = trust(clause.source.confidence)
    return ClauseLine(
        clause=clause.id,
        title=clause.title.zh,
        dimension=clause.dimension,
        outcome=finding.outcome,
        measured=finding.measured,
        unit=indicator.unit,
        target=target_text(finding, stages),
        attainment=finding.attainment,
        weight=finding.weight,
        points=finding.points,
        coverage=finding.coverage,
        reason=render(reason_text(finding), "zh"),
        remedy=clause.remedy.zh,
        data_source=clause.data_source,
        source=source_words(clause),
        flag=sure.flag,
        trust=sure.zh,
        gate=_gate(clause) if applies else "",
        failed_gate=finding.failed_gate,
        capped=finding.capped,
        cost=cost(finding),
        evidence=tuple(
            EvidenceLine(
                ref=row["ref"],
                text=render(indicator.row_message(row), "zh"),
                part=row["part"],
                whole=row["whole"],
                unknown=row["unknown"],
            )
            for row in rows.head(EVIDENCE_ROWS).iter_rows(named=True)
        ),
        evidence_total=rows.height,
        has_changed=rows.height > 0 and _differs(rows, finding.sums),
    )


def cost(finding: results.Finding) -> Cost | None:
    """Return what closing a clause's gap takes at the standard's prices: money or work, else None.

    A unit is missing where it is part of the need and not there; what has no data is not bought.
    """
    price = finding.clause.cost
    if price is None or finding.sums is None or finding.attainment is None:
        return None
    if finding.attainment >= 1 - EPSILON:
        return None
    if price.per == "point":
        return _times(price, 100 * (1 - finding.attainment))
    missing = finding.sums.whole - finding.sums.part - finding.sums.unknown
    return _times(price, missing) if missing > 0 else None


def _times(price: Cost, units: float) -> Cost:
    """Return the cost of so many units."""
    if price.yuan is not None:
        return Cost(yuan=price.yuan * units)
    return Cost(days=(price.days or 0.0) * units)


def _differs(rows: pl.DataFrame, sums: Sums | None) -> bool:
    now = rows.select(pl.col("part", "whole", "unknown").sum()).row(0)
    return sums is None or any(
        abs(a - b) > 1e-6 * max(1, abs(a)) for a, b in zip(now, sums, strict=True)
    )


def _gate(clause: Clause) -> str:
    if clause.gate is None:
        return ""
    return f"低于 {formatting.figure(clause.gate, all_indicators()[clause.indicator].unit)}"


def _measured(finding: results.Finding) -> str:
    unit = all_indicators()[finding.clause.indicator].unit
    return "没有证据" if finding.measured is None else formatting.figure(finding.measured, unit)


def source_words(clause: Clause) -> str:
    """Return the source of a clause's threshold."""
    return f"{clause.source.title} {clause.source.clause}".strip()


def _stages(row: Mapping[str, object]) -> tuple[Stage, ...]:
    kind = row["school_type"]
    return statistics.stages(kind) if isinstance(kind, str) else ()


def kind_name(code: str | None) -> str:
    """Return the name of a school type; an unknown code unchanged."""
    return _named(statistics.SCHOOL_TYPES, code)


def _named(codes: CodeList, code: str | None) -> str:
    item = codes.find(code or "")
    return (code or "") if item is None else item.zh
