"""The reports of an assessment that was filed, with the selection made from it. Pure.

Everything but the rows of evidence comes from what was filed, so a report made years later is the
same report.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

from cloud.assessments import make_selection, ranking
from cloud.assessments.assessment import Assessment
from cloud.assessments.filed_selection import AGAINST_RULES, FiledSelection, FilledQuota
from cloud.assessments.reasons import names_of, reasons_of
from cloud.errors import NotFound
from cloud.messages import render
from cloud.registry.assessment_log import StepRow
from cloud.registry.codes import statistics
from cloud.reports import formatting
from cloud.reports.area_pdf import area_pdf, notice_pdf
from cloud.reports.area_xlsx import area_xlsx, notice_xlsx
from cloud.reports.build import occasion_of, school_report
from cloud.reports.build_area import area_report, interval_of, notice, rule_of, status_of
from cloud.reports.school_pdf import school_pdf
from cloud.reports.school_xlsx import school_xlsx
from cloud.reports.shapes import (
    AreaReport,
    IntegrityFinding,
    Least,
    Notice,
    Occasion,
    QuotaLine,
    SchoolReport,
    Step,
    Verdict,
)
from cloud.scoring.engine.engine import Scores
from cloud.scoring.engine.evidence_bundle import bundle_text
from cloud.scoring.evidence.evidence import Evidence

Paper = Literal["pdf", "xlsx"]
Form = Literal["pdf", "xlsx", "json"]
PAPERS: tuple[Paper, ...] = ("pdf", "xlsx")


@dataclass(frozen=True, slots=True)
class Filed:
    """An assessment, the selection made from it (if any), and the ranking of both."""

    assessment: Assessment
    chosen: FiledSelection | None
    frame: pl.DataFrame
    standing: str = ""
    """The selection in force in the place of `chosen`: itself, or the last that replaced it."""

    @property
    def occasion(self) -> Occasion:
        """What all reports show of it."""
        row = self.assessment.row
        return occasion_of(
            self.assessment.standard,
            assessment=row.id,
            assessed_at=row.created_at,
            digest=row.inputs,
            start=row.starts,
            end=row.ends,
            places=self.chosen.contents.places if self.chosen else None,
            selection=self.chosen.row.id if self.chosen else "",
            replaced_by=self._replaced_by,
        )

    @property
    def _replaced_by(self) -> str:
        is_replaced = self.chosen is not None and self.standing not in {"", self.chosen.row.id}
        return self.standing if is_replaced else ""


@dataclass(frozen=True, slots=True)
class Publication:
    """The publicity period of a selection, and where objections go."""

    first_day: date
    last_day: date
    contact: str = ""


def filed(
    assessment: Assessment, chosen: FiledSelection | None = None, standing: str = ""
) -> Filed:
    """Return an assessment and a selection from it, ready for reports."""
    outcomes = chosen.outcomes if chosen else None
    frame, reasons = ranking.ranking(assessment, outcomes), reasons_of(assessment, outcomes)
    texts = [
        None if (reason := reasons.reason(school)) is None else render(reason, "zh")
        for school in frame["id"]
    ]
    frame = frame.with_columns(pl.Series("reason", texts, pl.String))
    return Filed(assessment, chosen, frame, standing)


def of_school(found: Filed, school: str, *, evidence: Evidence | None = None) -> SchoolReport:
    """Return the report of one school; raises NotFound where it was not assessed."""
    rows = found.frame.filter(pl.col("id") == school).to_dicts()
    if not rows:
        raise NotFound(f"school {school} is not in assessment {found.assessment.row.id}")
    return school_report(
        found.assessment.scores,
        school,
        found.occasion,
        evidence=evidence,
        verdict=_verdict(found, rows[0]),
        least=least_of(found, school),
        doubts=_doubts(found.assessment, school),
    )


def least_of(found: Filed, school: str) -> Least | None:
    """Return the least it would take for a school to be in; None for one that is, or if unknown."""
    outcome = None if found.chosen is None else found.chosen.outcomes.get(school)
    if found.chosen is None or outcome is None or outcome.selected:
        return None
    try:
        return least_shape(make_selection.least(found.assessment, found.chosen, school))
    except NotFound:
        return None


def least_shape(facts: Mapping[str, Any]) -> Least:
    """Return the least it would take, as a report shows it."""
    return Least(
        steps=tuple(
            Step(
                clause=step["id"],
                title=render(step["title"], "zh"),
                todo=render(step["remedy"], "zh"),
                points=step["points"],
                yuan=step["yuan"],
            )
            for step in facts["improvements"]
        ),
        total_yuan=facts["yuan"],
        becomes=facts["value_then"],
        words=render(facts["text"], "zh"),
    )


def of_area(
    found: Filed, division: str | None = None, *, matters: Mapping[str, Any] | None = None
) -> AreaReport:
    """Return the report of a county, or of the city; raises NotFound for an unknown county.

    `matters` holds which choice matters most for the selection
    (`cloud.assessments.sensitivity_report`).
    """
    if division is not None and statistics.DIVISIONS.find(division) is None:
        known = ", ".join(f"{item.code} {item.zh}" for item in statistics.DIVISIONS.items)
        raise NotFound(f"no county has the code {division!r}; known: {known}")
    quotas = found.chosen.contents.quotas if found.chosen else ()
    return area_report(
        found.assessment,
        found.frame,
        found.occasion,
        division=division,
        quotas=[_quota(quota) for quota in quotas],
        procedure="；".join(_order(found)),
        warnings=_warnings(found, division),
        matters=_matters(matters),
        overrides=_overrides(found, division),
    )


def of_notice(
    found: Filed,
    division: str | None = None,
    *,
    published: Publication | None = None,
    office: str = "",
    contact: str = "",
) -> Notice:
    """Return the publicity notice; raises NotFound where nothing was selected yet."""
    if found.chosen is None:
        raise NotFound(
            f"nothing has been selected from assessment {found.assessment.row.id}; "
            "make a selection first"
        )
    report = of_area(found, division)
    rules = [_quota_words(quota) for quota in report.quotas]
    return notice(
        report,
        rules=[*_marks(found.assessment), *rules, *_order(found)],
        starts=published.first_day if published else None,
        ends=published.last_day if published else None,
        office=office,
        contact=contact or (published.contact if published else ""),
    )


def publication(steps: Sequence[StepRow], selection: str) -> Publication | None:
    """Return how a selection was published, as the log of its procedure has it."""
    for step in reversed(steps):
        if step.step == "publicity" and step.selection_id == selection:
            return Publication(
                date.fromisoformat(step.change["first_day"]),
                date.fromisoformat(step.change["last_day"]),
                str(step.change.get("contact", "")),
            )
    return None


def file_of(report: SchoolReport | AreaReport | Notice, form: Paper) -> bytes:
    """Return a report as a file."""
    if isinstance(report, SchoolReport):
        return school_pdf(report) if form == "pdf" else school_xlsx(report)
    if isinstance(report, AreaReport):
        return area_pdf(report) if form == "pdf" else area_xlsx(report)
    return notice_pdf(report) if form == "pdf" else notice_xlsx(report)


def bundle_of(assessment: Assessment, schools: Collection[str] | None = None) -> str:
    """Return the evidence bundle of some schools or of all: JSON that anyone can score again."""
    row = assessment.row
    about = {
        "assessment": row.id,
        "assessment_digest": row.digest,
        "start": row.starts.isoformat(),
        "end": row.ends.isoformat(),
        "assessed_at": row.created_at.isoformat(),
        "schools": "all" if schools is None else "some",
    }
    scores = assessment.scores if schools is None else _only(assessment.scores, schools)
    return bundle_text(scores, row.standard_yaml, about)


def schools_of(found: Filed, division: str) -> list[str]:
    """Return the schools of a county."""
    own: list[str] = found.frame.filter(pl.col("division") == division)["id"].to_list()
    return own


def _verdict(found: Filed, row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        status=status_of(row),
        rule=rule_of(row, found.assessment),
        rank=row["rank"],
        among=int(found.frame["value"].count()),
        interval=interval_of(row),
        chance=row["chance"],
        beside=_beside(found, row),
        override=_override(found, row["id"]),
    )


def _beside(found: Filed, row: Mapping[str, Any]) -> str:
    """Return how far away the school on the other side of the line is."""
    outcome = found.chosen.outcomes.get(row["id"]) if found.chosen else None
    rival = None if outcome is None else outcome.rival
    other = found.frame.filter(pl.col("id") == rival).to_dicts() if rival else []
    if not other or row["value"] is None or other[0]["value"] is None:
        return ""
    there = other[0]
    what = "未入选的第一名" if row["selected"] else "入选的最后一名"
    name = there["name"] or there["id"]
    score = formatting.score(there["value"])
    return f"{what}是{name}（第 {there['rank']} 名，{score} 分），{_apart(row, there)}。"


def _apart(row: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    far = abs(row["value"] - other["value"])
    if far < 5e-5:
        return "与本校同分"
    digits = 2 if far >= 0.01 else 4
    return (
        f"本校{'高' if row['value'] > other['value'] else '低'} {formatting.score(far, digits)} 分"
    )


def _override(found: Filed, school: str) -> str:
    override = found.chosen.contents.override if found.chosen else None
    if override is None or school not in {override.school, override.instead_of}:
        return ""
    return override.reason


def _doubts(assessment: Assessment, school: str) -> list[IntegrityFinding]:
    doubts = [
        IntegrityFinding(
            check=render(finding.title, "zh"),
            severity=finding.severity,
            text=render(finding.reason, "zh"),
            ask=render(finding.ask, "zh"),
            evidence=tuple(f"{render(row.text, 'zh')}（{row.ref}）" for row in finding.rows),
            evidence_total=finding.rows_total,
        )
        for finding in assessment.integrity
        if finding.school == school
    ]
    gravest = list(formatting.SEVERITIES)
    return sorted(
        doubts, key=lambda doubt: (gravest.index(doubt.severity), doubt.check, doubt.text)
    )


def _warnings(found: Filed, division: str | None) -> list[tuple[str, str]]:
    own = found.frame.filter(division is None or pl.col("division") == division)
    names = dict(own.select("id", "name").iter_rows())
    against = [] if found.chosen is None else found.chosen.against_rules
    return [
        (names[school] or school, render(AGAINST_RULES, "zh"))
        for school in against
        if school in names
    ]


def _overrides(found: Filed, division: str | None) -> list[str]:
    """Return what was decided against the rules of schools of an area, in sentences."""
    own = found.frame.filter(division is None or pl.col("division") == division)
    names = dict(own.select("id", "name").iter_rows())
    told = [] if found.chosen is None else found.chosen.rules.get("overrides", ())
    return [
        f"{names[override['school']] or override['school']}：人工调整为"
        f"{'入选' if override['decision'] == 'in' else '不入选'}（{override['by']}）。"
        f"理由：{override['reason'].rstrip(' 。.；;')}。"
        for override in told
        if override["school"] in names
    ]


def _matters(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if found is None:
        return []
    lines = [
        (render(influence["title"], "zh"), render(influence["text"], "zh"))
        for influence in found["influences"]
    ]
    return [("全部选择", render(found["text"], "zh")), *lines]


def _quota(quota: FilledQuota) -> QuotaLine:
    return QuotaLine(
        rule=render(quota.title, "zh"),
        least=quota.least,
        most=quota.most,
        selected=quota.selected,
        holds=quota.holds,
    )


def _quota_words(one: QuotaLine) -> str:
    bounds = [
        f"{what} {many} 所"
        for what, many in (("不少于", one.least), ("不多于", one.most))
        if many is not None
    ]
    return f"{one.rule}：{'，'.join(bounds)}。"


def _marks(assessment: Assessment) -> list[str]:
    """Return the hard rules of the standard in sentences."""
    standard = assessment.standard
    told = [f"证据覆盖率不低于 {formatting.percent(standard.min_coverage, 0)}。"]
    if standard.pass_mark is not None:
        told.append(f"总分不低于 {standard.pass_mark:g}。")
    marked = [dimension for dimension in standard.dimensions if dimension.pass_mark is not None]
    if marked:
        marks = "，".join(f"{dimension.title.zh} {dimension.pass_mark:g}" for dimension in marked)
        told.append(f"各维度得分不低于：{marks}。")
    gates = [
        f"{clause.id} {clause.title.zh}" for clause in standard.clauses if clause.gate is not None
    ]
    if gates:
        told.append(f"下列条款不低于否决线：{'，'.join(gates)}。")
    return told


def _order(found: Filed) -> list[str]:
    """Return the published order as a sentence; nothing without a selection."""
    if found.chosen is None:
        return []
    names = names_of(found.assessment)
    order = [render(names.resolved(text), "zh") for text in found.chosen.contents.order]
    return [f"依次比较：{'、'.join(order)}。"]


def _only(scores: Scores, schools: Collection[str]) -> Scores:
    """Return the scores of some schools; they do not depend on other schools."""
    own = pl.col("id").is_in(list(schools))
    return Scores(
        standard=scores.standard,
        table=scores.table.filter(own),
        totals=scores.totals.filter(own),
        dimensions=scores.dimensions.filter(own),
        clauses=scores.clauses.filter(own),
    )
