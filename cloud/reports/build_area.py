"""A ranking as the report of a county or of the city, and the notice made from it. Pure.

The counts come from `cloud.assessments.ranking`, as on every page that shows them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from cloud.assessments import ranking
from cloud.assessments.assessment import Assessment
from cloud.integrity.results import Finding
from cloud.messages import render
from cloud.registry.codes import statistics
from cloud.reports import formatting
from cloud.reports.build import kind_name, source_words
from cloud.reports.shapes import (
    AreaReport,
    ComplianceLine,
    DivisionLine,
    LimitLine,
    Notice,
    Occasion,
    QuotaLine,
    RankLine,
    SpreadLine,
    Status,
)
from cloud.scoring.engine.column_names import DimensionColumns
from cloud.scoring.engine.variation import variations
from cloud.scoring.standard.source_confidence import trust
from cloud.scoring.standard.standard import TOTAL

STAGES: Mapping[str, str] = {
    "KG": "幼儿园",
    "PRI": "小学",
    "JUN": "初中",
    "SEN": "高中",
    "VOC": "中职",
}
CITY = "台州市"
NOWHERE = "未注明"


def area_report(
    assessment: Assessment,
    frame: pl.DataFrame,
    occasion: Occasion,
    *,
    division: str | None = None,
    quotas: Sequence[QuotaLine] = (),
    procedure: str = "",
    warnings: Sequence[tuple[str, str]] = (),
    matters: Sequence[tuple[str, str]] = (),
    overrides: Sequence[str] = (),
) -> AreaReport:
    """Return the report of a county (`division` is its code) or, without one, of the city.

    `frame` is the ranking of all schools; a school of a county keeps its rank in the city.
    """
    area_rows = frame.filter(division is None or pl.col("division") == division)
    schools = set(area_rows["id"])
    findings = [finding for finding in assessment.integrity if finding.school in schools]
    dimensions = assessment.standard.dimensions
    return AreaReport(
        occasion=occasion,
        area=CITY if division is None else ranking.division_name(division),
        dimensions=tuple(dimension.title.zh for dimension in dimensions),
        rows=tuple(
            _line(
                row,
                assessment,
                [DimensionColumns(dimension.id).ranked for dimension in dimensions],
            )
            for row in area_rows.iter_rows(named=True)
        ),
        clauses=_compliance(assessment, division),
        spread=_spread(assessment, frame, division),
        limits=_limits(assessment, division),
        quotas=tuple(quotas),
        divisions=_divisions(frame) if division is None else (),
        integrity_findings=_integrity_counts(findings),
        questions=_questions(findings, area_rows),
        procedure=procedure,
        warnings=tuple(warnings),
        matters=tuple(matters),
        overrides=tuple(overrides),
    )


def notice(
    report: AreaReport,
    *,
    rules: Sequence[str] = (),
    starts: date | None = None,
    ends: date | None = None,
    office: str = "",
    contact: str = "",
) -> Notice:
    """Return the publicity notice of those selected in an area's report."""
    return Notice(
        occasion=report.occasion,
        area=report.area,
        rows=tuple(row for row in report.rows if row.status == "selected"),
        rules=tuple(rules),
        starts=starts,
        ends=ends,
        office=office,
        contact=contact,
        overrides=report.overrides,
        considered=len(report.rows),
        rated=sum(row.value is not None for row in report.rows),
    )


def status_of(row: Mapping[str, Any]) -> Status:
    """Return the status of a school of a ranking."""
    if row["selected"]:
        return "selected"
    if row["value"] is None:
        return "not_rated"
    if row["selected"] is None:
        return "undecided"
    return "not_selected" if row["passed"] else "ineligible"


def interval_of(row: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the rank interval of a school of a ranking, None without trials."""
    low, high = row["rank_low"], row["rank_high"]
    return None if low is None or high is None else (low, high)


def rule_of(row: Mapping[str, Any], assessment: Assessment) -> str:
    """Return the rule that decided, in a sentence."""
    if row["reason"]:
        return str(row["reason"])
    if row["value"] is not None:
        return ""
    if row["raw"] is None:
        return "标准中没有适用于该校的条款。"
    least = formatting.percent(assessment.standard.min_coverage)
    return f"证据覆盖率 {formatting.percent(row['coverage'])}，低于 {least}。"


def _line(row: Mapping[str, Any], assessment: Assessment, dimensions: Sequence[str]) -> RankLine:
    return RankLine(
        rank=row["rank"],
        school=row["id"],
        name=row["name"] or row["id"],
        division=ranking.division_name(row["division"]),
        kind=kind_name(row["school_type"]),
        value=row["value"],
        raw=row["raw"],
        coverage=row["coverage"],
        grade=row["grade"],
        dimensions=tuple(row[name] for name in dimensions),
        status=status_of(row),
        rule=rule_of(row, assessment),
        interval=interval_of(row),
        chance=row["chance"],
        integrity_findings=row["integrity"],
    )


def _compliance(assessment: Assessment, division: str | None) -> tuple[ComplianceLine, ...]:
    titles = {dimension.id: dimension.title.zh for dimension in assessment.standard.dimensions}
    counted = ranking.compliance(assessment)
    none = {"applies": 0, "met": 0, "partly_met": 0, "unmet": 0, "no_data": 0, "attainment": None}
    lines = []
    for clause in assessment.standard.clauses:
        rows = {row["division"]: row for row in counted[clause.id]}
        row = rows.get(division, none)
        lines.append(
            ComplianceLine(
                clause=clause.id,
                title=clause.title.zh,
                dimension=titles[clause.dimension],
                source=source_words(clause),
                trust=trust(clause.source.confidence).zh,
                **{name: row[name] for name in none},
            )
        )
    return tuple(lines)


def _spread(
    assessment: Assessment, frame: pl.DataFrame, division: str | None
) -> tuple[SpreadLine, ...]:
    titles = {dimension.id: dimension.title.zh for dimension in assessment.standard.dimensions}
    return tuple(
        SpreadLine(
            what="总分" if row["what"] == TOTAL else titles[row["what"]],
            **{name: value for name, value in row.items() if name not in {"what", "division"}},
        )
        for row in ranking.spreads(assessment, frame)
        if row["division"] == division
    )


def _limits(assessment: Assessment, division: str | None) -> tuple[LimitLine, ...]:
    rules = {limit.id: limit for limit in assessment.standard.variation}
    names = {"division": ranking.division_name, "school_type": kind_name}
    lines = []
    for row in variations(assessment.scores).iter_rows(named=True):
        rule = rules[row["rule"]]
        if division is not None and (rule.by != "division" or row["group"] != division):
            continue
        lines.append(
            LimitLine(
                title=rule.title.zh,
                group=names[rule.by](row["group"]) if rule.by in names else row["group"],
                stage=STAGES[row["stage"]],
                clause=row["clause"],
                schools=row["schools"],
                variation=row["variation"],
                at_most=row["at_most"],
                holds=row["within"],
            )
        )
    return tuple(lines)


def _divisions(frame: pl.DataFrame) -> tuple[DivisionLine, ...]:
    whole = frame.with_columns(pl.col("division").fill_null(""))
    selected = Counter(whole.filter(pl.col("selected"))["division"])
    return tuple(
        DivisionLine(
            division=ranking.division_name(row["division"]) or NOWHERE,
            schools=row["schools"],
            rated=row["rated"],
            mean=row["mean"],
            coverage=row["coverage"],
            passed=row["passed"],
            selected=selected[row["division"]],
        )
        for row in sorted(ranking.counties(whole), key=lambda row: _as_listed(row["division"]))
    )


def _as_listed(code: str) -> tuple[bool, str]:
    return statistics.DIVISIONS.find(code) is None, code


def _questions(
    findings: Sequence[Finding], area_rows: pl.DataFrame
) -> tuple[tuple[str, str, str, str, str, str, str], ...]:
    """Return every integrity finding about a school of the area, highest severity first."""
    by_school = {row["id"]: row for row in area_rows.iter_rows(named=True)}
    gravest = list(formatting.SEVERITIES)
    return tuple(
        (
            finding.school,
            by_school[finding.school]["name"] or finding.school,
            ranking.division_name(by_school[finding.school]["division"]),
            render(finding.title, "zh"),
            formatting.SEVERITIES[finding.severity],
            render(finding.reason, "zh"),
            render(finding.ask, "zh"),
        )
        for finding in sorted(
            findings,
            key=lambda finding: (
                gravest.index(finding.severity),
                render(finding.title, "zh"),
                finding.school,
            ),
        )
    )


def _integrity_counts(findings: Sequence[Finding]) -> tuple[tuple[str, int, int], ...]:
    titles = {finding.check: render(finding.title, "zh") for finding in findings}
    total = Counter(titles[finding.check] for finding in findings)
    schools = Counter(
        titles[check] for check, _ in {(finding.check, finding.school) for finding in findings}
    )
    return tuple((title, many, schools[title]) for title, many in sorted(total.items()))
