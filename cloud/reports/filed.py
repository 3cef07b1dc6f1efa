"""The reports of an assessment that was filed, with the selection made from it. Pure.

Everything but the rows of evidence comes from the filed records, so a report made years later is
the same.
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
from cloud.assessments.school_explanation import rival_text
from cloud.errors import NotFound
from cloud.messages import message, render
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

FileForm = Literal["pdf", "xlsx"]
Form = Literal["pdf", "xlsx", "json"]
FILE_FORMS: tuple[FileForm, ...] = ("pdf", "xlsx")


@dataclass(frozen=True, slots=True)
class Filed:
    """An assessment, the selection made from it (if any), and the ranking of both."""

    assessment: Assessment
    chosen: FiledSelection | None
    frame: pl.DataFrame
    in_force: str = ""
    """The selection in force in the place of `chosen`: itself, or the last that replaced it."""

    @property
    def occasion(self) -> Occasion:
        """Return what all reports show of the assessment and the selection."""
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
        is_replaced = self.chosen is not None and self.in_force not in {"", self.chosen.row.id}
        return self.in_force if is_replaced else ""


@dataclass(frozen=True, slots=True)
class Publication:
    """The publicity period of a selection, and where objections go."""

    first_day: date
    last_day: date
    contact: str = ""


def filed(
    assessment: Assessment, chosen: FiledSelection | None = None, in_force: str = ""
) -> Filed:
    """Return an assessment and a selection from it, ready for reports."""
    outcomes = chosen.outcomes if chosen else None
    frame, reasons = ranking.ranking(assessment, outcomes), reasons_of(assessment, outcomes)
    texts = [
        None if (reason := reasons.reason(school)) is None else render(reason, "zh")
        for school in frame["id"]
    ]
    frame = frame.with_columns(pl.Series("reason", texts, pl.String))
    return Filed(assessment, chosen, frame, in_force)


def of_school(filing: Filed, school: str, *, evidence: Evidence | None = None) -> SchoolReport:
    """Return the report of one school; raises NotFound where it was not assessed."""
    rows = filing.frame.filter(pl.col("id") == school).to_dicts()
    if not rows:
        raise NotFound(
            message("api.not_assessed", school=school, assessment=filing.assessment.row.id)
        )
    return school_report(
        filing.assessment.scores,
        school,
        filing.occasion,
        evidence=evidence,
        verdict=_verdict(filing, rows[0]),
        least=least_of(filing, school),
        integrity_findings=_integrity_findings(filing.assessment, school),
    )


def least_of(filing: Filed, school: str) -> Least | None:
    """Return the cheapest plan to enter the selection; None if selected or unknown."""
    outcome = None if filing.chosen is None else filing.chosen.outcomes.get(school)
    if filing.chosen is None or outcome is None or outcome.selected:
        return None
    try:
        return least_shape(make_selection.least(filing.assessment, filing.chosen, school))
    except NotFound:
        return None


def least_shape(facts: Mapping[str, Any]) -> Least:
    """Return the cheapest plan as a report shows it."""
    return Least(
        steps=tuple(
            Step(
                clause=step["id"],
                title=render(step["title"], "zh"),
                todo=render(step["remedy"], "zh"),
                points=step["points"],
                yuan=step["yuan"],
                days=step["days"],
            )
            for step in facts["improvements"]
        ),
        total_yuan=facts["yuan"],
        total_days=facts["days"],
        becomes=facts["value_then"],
        words=render(facts["text"], "zh"),
    )


def of_area(
    filing: Filed, division: str | None = None, *, matters: Mapping[str, Any] | None = None
) -> AreaReport:
    """Return the report of a county, or of the city; raises NotFound for an unknown county.

    `matters` holds which choice matters most for the selection
    (`cloud.assessments.sensitivity_report`).
    """
    if division is not None and statistics.DIVISIONS.find(division) is None:
        known = [f"{item.code} {item.zh}" for item in statistics.DIVISIONS.items]
        raise NotFound(message("api.unknown_county", division=division, known=known))
    quotas = filing.chosen.contents.quotas if filing.chosen else ()
    return area_report(
        filing.assessment,
        filing.frame,
        filing.occasion,
        division=division,
        quotas=[_quota(quota) for quota in quotas],
        procedure="；".join(_order(filing)),
        warnings=_warnings(filing, division),
        matters=_matters(matters),
        overrides=_overrides(filing, division),
    )


def of_notice(
    filing: Filed,
    division: str | None = None,
    *,
    published: Publication | None = None,
    office: str = "",
    contact: str = "",
) -> Notice:
    """Return the publicity notice; raises NotFound where nothing was selected yet."""
    if filing.chosen is None:
        raise NotFound(message("api.nothing_selected", assessment=filing.assessment.row.id))
    report = of_area(filing, division)
    rules = [_quota_words(quota) for quota in report.quotas]
    return notice(
        report,
        rules=[*_marks(filing.assessment), *rules, *_order(filing)],
        starts=published.first_day if published else None,
        ends=published.last_day if published else None,
        office=office,
        contact=contact or (published.contact if published else ""),
    )


def publication(steps: Sequence[StepRow], selection: str) -> Publication | None:
    """Return the publicity of a selection from the log of its procedure, None if there is none."""
    for step in reversed(steps):
        if step.step == "publicity" and step.selection_id == selection:
            return Publication(
                date.fromisoformat(step.change["first_day"]),
                date.fromisoformat(step.change["last_day"]),
                str(step.change.get("contact", "")),
            )
    return None


def file_of(report: SchoolReport | AreaReport | Notice, form: FileForm) -> bytes:
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


def schools_of(filing: Filed, division: str) -> list[str]:
    """Return the schools of a county."""
    schools: list[str] = filing.frame.filter(pl.col("division") == division)["id"].to_list()
    return schools


def _verdict(filing: Filed, row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        status=status_of(row),
        rule=rule_of(row, filing.assessment),
        rank=row["rank"],
        among=int(filing.frame["value"].count()),
        interval=interval_of(row),
        chance=row["chance"],
        cutoff_comparison=_cutoff_comparison(filing, row),
        override=_override(filing, row["id"]),
    )


def _cutoff_comparison(filing: Filed, row: Mapping[str, Any]) -> str:
    """Return a sentence on the score gap to the school on the other side of the cutoff."""
    outcome = filing.chosen.outcomes.get(row["id"]) if filing.chosen else None
    rival = None if outcome is None else outcome.rival
    other = filing.frame.filter(pl.col("id") == rival).to_dicts() if rival else []
    if not other or row["value"] is None or other[0]["value"] is None:
        return ""
    there = other[0]
    assert filing.chosen is not None  # noqa: S101  a rival comes of a selection
    text = rival_text(filing.assessment, filing.chosen, row["id"])
    assert text is not None  # noqa: S101  there is a rival
    return f"{render(text, 'zh').rstrip('。')}；{_apart(row, there)}。"


def _apart(row: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    far = abs(row["value"] - other["value"])
    if far < 5e-5:
        return "与本校同分"
    digits = 2 if far >= 0.01 else 4
    return (
        f"本校{'高' if row['value'] > other['value'] else '低'} {formatting.score(far, digits)} 分"
    )


def _override(filing: Filed, school: str) -> str:
    override = filing.chosen.contents.override if filing.chosen else None
    if override is None or school not in {override.school, override.instead_of}:
        return ""
    return override.reason


def _integrity_findings(assessment: Assessment, school: str) -> list[IntegrityFinding]:
    findings = [
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
        findings, key=lambda finding: (gravest.index(finding.severity), finding.check, finding.text)
    )


def _warnings(filing: Filed, division: str | None) -> list[tuple[str, str]]:
    area_rows = filing.frame.filter(division is None or pl.col("division") == division)
    names = dict(area_rows.select("id", "name").iter_rows())
    against = [] if filing.chosen is None else filing.chosen.against_rules
    return [
        (names[school] or school, render(AGAINST_RULES, "zh"))
        for school in against
        if school in names
    ]


def _overrides(filing: Filed, division: str | None) -> list[str]:
    """Return the overrides of the schools of an area, one sentence each."""
    area_rows = filing.frame.filter(division is None or pl.col("division") == division)
    names = dict(area_rows.select("id", "name").iter_rows())
    overrides = [] if filing.chosen is None else filing.chosen.rules.get("overrides", ())
    return [
        f"{names[override['school']] or override['school']}：人工调整为"
        f"{'入选' if override['decision'] == 'in' else '不入选'}（{override['by']}）。"
        f"理由：{override['reason'].rstrip(' 。.；;')}。"
        for override in overrides
        if override["school"] in names
    ]


def _matters(sensitivity: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if sensitivity is None:
        return []
    lines = [
        (render(influence["title"], "zh"), render(influence["text"], "zh"))
        for influence in sensitivity["influences"]
    ]
    return [("全部选择", render(sensitivity["text"], "zh")), *lines]


def _quota(quota: FilledQuota) -> QuotaLine:
    return QuotaLine(
        rule=render(quota.title, "zh"),
        least=quota.least,
        most=quota.most,
        selected=quota.selected,
        holds=quota.holds,
    )


def _quota_words(quota: QuotaLine) -> str:
    bounds = [
        f"{what} {many} 所"
        for what, many in (("不少于", quota.least), ("不多于", quota.most))
        if many is not None
    ]
    return f"{quota.rule}：{'，'.join(bounds)}。"


def _marks(assessment: Assessment) -> list[str]:
    """Return the hard rules of the standard in sentences."""
    standard = assessment.standard
    sentences = [f"证据覆盖率不低于 {formatting.percent(standard.min_coverage, 0)}。"]
    if standard.pass_mark is not None:
        sentences.append(f"总分不低于 {standard.pass_mark:g}。")
    marked = [dimension for dimension in standard.dimensions if dimension.pass_mark is not None]
    if marked:
        marks = "，".join(f"{dimension.title.zh} {dimension.pass_mark:g}" for dimension in marked)
        sentences.append(f"各维度得分不低于：{marks}。")
    gates = [
        f"{clause.id} {clause.title.zh}" for clause in standard.clauses if clause.gate is not None
    ]
    if gates:
        sentences.append(f"下列条款不低于否决线：{'，'.join(gates)}。")
    return sentences


def _order(filing: Filed) -> list[str]:
    """Return the published order as a sentence; nothing without a selection."""
    if filing.chosen is None:
        return []
    names = names_of(filing.assessment)
    order = [render(names.resolved(text), "zh") for text in filing.chosen.contents.order]
    return [f"依次比较：{'、'.join(order)}。"]


def _only(scores: Scores, schools: Collection[str]) -> Scores:
    """Return the scores of some schools; they do not depend on other schools."""
    is_wanted = pl.col("id").is_in(list(schools))
    return Scores(
        standard=scores.standard,
        table=scores.table.filter(is_wanted),
        totals=scores.totals.filter(is_wanted),
        dimensions=scores.dimensions.filter(is_wanted),
        clauses=scores.clauses.filter(is_wanted),
    )
