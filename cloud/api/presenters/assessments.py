"""Assessments as `/api/v1` shows them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from cloud.api.presenters.finding import dimension_shape, finding_shape
from cloud.api.presenters.schools import name_of
from cloud.api.presenters.text import localized_text
from cloud.api.schemas import assessments as models
from cloud.api.schemas import standards
from cloud.assessments import ranking
from cloud.assessments.assessment import Assessment
from cloud.assessments.evidence_drift import NO_ROWS, Changes, Opened
from cloud.assessments.ranking import division_name
from cloud.integrity.results import Finding
from cloud.localized_text import LocalizedText
from cloud.messages import Text
from cloud.registry.assessment_log import AssessmentRow
from cloud.registry.codes import statistics
from cloud.scoring.engine import result as results
from cloud.scoring.engine.column_names import DimensionColumns
from cloud.scoring.engine.variation import variations
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.clause import Source
from cloud.scoring.standard.source_confidence import trust
from cloud.scoring.standard.standard import TOTAL, Clause, Stage, Standard

BASE = "/api/v1"
THE_WHOLE = LocalizedText("总分", "Total score")
"""The title of what is no dimension."""
_HAS_CHANGED = LocalizedText(
    "评估之后证据有变化：下列明细合计与评估时不同，评估结果仍以当时的证据为准。",
    "The evidence has changed since the assessment: its rows add up to a different figure. "
    "The assessment keeps the evidence of its time.",
)
_IS_UNCHANGED = LocalizedText(
    "下列明细合计与评估时一致。", "The rows add up to the figure of the assessment."
)


def trusted(confidence: str) -> standards.SourceConfidence:
    """Return how far a source can be relied on."""
    confidence_text = trust(confidence)
    return standards.SourceConfidence(
        flag=confidence_text.flag,
        text=localized_text(LocalizedText(confidence_text.zh, confidence_text.en)),
    )


def source_shape(source: Source) -> standards.Source:
    """Return the source of a threshold."""
    return standards.Source(
        title=source.title,
        clause=source.clause,
        confidence=source.confidence,
        trust=trusted(source.confidence),
    )


def titled(standard: Standard, kind: str, names: Sequence[str]) -> list[standards.Titled]:
    """Return clauses, dimensions or rules of a standard by their ids."""
    known = {part.id: part.title for part in getattr(standard, kind)}
    return [
        standards.Titled(id=name, title=localized_text(THE_WHOLE if name == TOTAL else known[name]))
        for name in names
    ]


def line(row: AssessmentRow, standard: Standard, latest: str | None) -> models.AssessmentLine:
    """Return an assessment in the list."""
    return models.AssessmentLine(
        id=row.id,
        digest=row.digest,
        standard=row.edition,
        standard_title=localized_text(standard.title),
        start=row.starts,
        end=row.ends,
        schools=row.schools,
        created_at=row.created_at,
        inputs_digest=row.inputs,
        latest_selection=latest,
    )


def whole(assessment: Assessment, latest: str | None) -> models.Assessment:
    """Return an assessment, whole."""
    standard = assessment.standard
    frame = ranking.ranking(assessment)
    return models.Assessment(
        **line(assessment.row, standard, latest).model_dump(),
        scale=standard.scale,
        min_coverage=standard.min_coverage,
        declared_cap=standard.declared_cap,
        pass_mark=standard.pass_mark,
        grades=standard.grades,
        dimensions=dimension_lines(standard),
        rated=int(frame["value"].count()),
        passed=int(frame["passed"].sum()),
        integrity=len(assessment.integrity),
        counties=[
            models.CountyLine(division_name=division_name(row["division"]), **row)
            for row in ranking.counties(frame)
        ],
        scores_as_filed=assessment.scores_as_filed,
        note=localized_text(standard.note),
    )


def dimension_lines(standard: Standard) -> list[standards.DimensionLine]:
    """Return the dimensions of a standard."""
    return [
        standards.DimensionLine(
            id=dimension.id,
            title=localized_text(dimension.title),
            weight=dimension.weight,
            pass_mark=dimension.pass_mark,
        )
        for dimension in standard.dimensions
    ]


def ranking_row(
    standard: Standard, row: Mapping[str, Any], reason: Text | None
) -> models.RankingRow:
    """Return one school of a ranking, with the reason that a selection gives."""
    kind = row["school_type"] or ""
    same = (
        "rank", "name", "division", "school_type", "urban_rural", "classes", "pupils", "value",
        "raw", "coverage", "grade", "passed", "integrity", "integrity_high", "selected", "rule",
        "because", "place", "rank_low", "rank_high", "chance",
    )  # fmt: skip
    values = {key: row[key] for key in same}
    values |= {key: row[key] or "" for key in ("name", "division", "school_type")}
    return models.RankingRow(
        **values,
        school=row["id"],
        reason=None if reason is None else localized_text(reason),
        division_name=division_name(row["division"]),
        school_type_name=name_of(statistics.SCHOOL_TYPES, kind) if kind else "",
        stages=cast("list[standards.StageName]", ranking.stages_of(row)),
        dimensions={
            dimension.id: row[DimensionColumns(dimension.id).ranked]
            for dimension in standard.dimensions
        },
        failed_gates=titled(standard, "clauses", row["failed_gates"]),
        failed_marks=titled(standard, "dimensions", row["failed_marks"]),
        failed_rules=titled(standard, "rules", row["failed_rules"]),
        is_override=bool(row["is_override"]),
    )


def assessed_dimension(dimension: results.DimensionResult) -> models.AssessedDimension:
    """Return a dimension of a school."""
    return models.AssessedDimension(
        **dimension_shape(dimension).model_dump(),
        pass_mark=dimension.dimension.pass_mark,
        failed_mark=dimension.failed_mark,
    )


def assessed_finding(
    finding: results.Finding,
    assessment: str,
    school: str,
    stages: tuple[Stage, ...],
    opened: Opened | None = None,
) -> models.AssessedFinding:
    """Return a finding of record, with its rows where it was opened."""
    shown = NO_ROWS if opened is None else opened.rows
    return models.AssessedFinding(
        **finding_shape(finding, shown, stages, first=None).model_dump(),
        capped=finding.capped,
        gate=finding.clause.gate,
        failed_gate=finding.failed_gate,
        trust=trusted(finding.clause.source.confidence),
        opens=f"{BASE}/assessments/{assessment}/schools/{school}/findings/{finding.clause.id}",
    )


def opened_shape(assessment: Assessment, school: str, opened: Opened) -> models.OpenedFinding:
    """Return a finding of record with its current rows."""
    name, changed = assessment.row.id, opened.has_changed
    return models.OpenedFinding(
        assessment=name,
        school=school,
        finding=assessed_finding(opened.finding, name, school, opened.stages, opened),
        part_now=opened.now.part if opened.now else None,
        whole_now=opened.now.whole if opened.now else None,
        unknown_now=opened.now.unknown if opened.now else None,
        has_changed=changed,
        note=localized_text(_HAS_CHANGED if changed else _IS_UNCHANGED),
    )


def changes_shape(assessment: Assessment, school: str, changed: Changes) -> models.EvidenceChanges:
    """Return how the evidence of a school differs from what was assessed."""
    return models.EvidenceChanges(
        assessment=assessment.row.id,
        school=school,
        digest=changed.digest,
        digest_now=changed.digest_now,
        has_changed=changed.digest != changed.digest_now,
        clauses=[
            models.ChangedClause(
                id=clause.clause.id,
                title=localized_text(clause.clause.title),
                **clause.then,
                **{f"{name}_now": value for name, value in clause.now.items()},
            )
            for clause in changed.clauses
        ],
        attributes=list(changed.attributes),
    )


def integrity_shape(finding: Finding) -> models.IntegrityFinding:
    """Return an integrity finding with its sentences."""
    return models.IntegrityFinding(
        school=finding.school,
        check=finding.check,
        title=localized_text(finding.title),
        severity=finding.severity,
        strength=finding.strength,
        text=localized_text(finding.reason),
        ask=localized_text(finding.ask),
        benign_explanation=localized_text(finding.benign_explanation),
        evidence_total=finding.rows_total,
        evidence=[
            models.IntegrityEvidence(ref=row.ref, text=localized_text(row.text))
            for row in finding.rows
        ],
    )


def clause_compliance(clause: Clause, rows: Sequence[Mapping[str, Any]]) -> models.ClauseCompliance:
    """Return compliance with a clause: of all schools first, then by county."""
    whole_row, *parts = rows
    return models.ClauseCompliance(
        id=clause.id,
        title=localized_text(clause.title),
        dimension=clause.dimension,
        data_source=clause.data_source,
        source=source_shape(clause.source),
        total=models.Compliance(**{k: v for k, v in whole_row.items() if k != "division"}),
        counties=[
            models.CountyCompliance(division_name=division_name(row["division"]), **row)
            for row in parts
        ],
    )


def variation_report(assessment: Assessment) -> models.VariationReport:
    """Return how much schools differ."""
    standard = assessment.standard
    titles = {dimension.id: dimension.title for dimension in standard.dimensions}
    titles |= {clause.id: clause.title for clause in standard.clauses}
    rules = {limit.id: limit.title for limit in standard.variation}
    return models.VariationReport(
        spread=[
            models.Spread(
                **row,
                title=localized_text(THE_WHOLE if row["what"] == TOTAL else titles[row["what"]]),
                division_name=None if row["division"] is None else division_name(row["division"]),
            )
            for row in ranking.spreads(assessment, ranking.ranking(assessment))
        ],
        limits=[
            models.VariationLimit(
                id=row.pop("rule"),
                title=localized_text(rules[rule]),
                clause_title=localized_text(titles[row["clause"]]),
                **row,
            )
            for row in variations(assessment.scores).to_dicts()
            for rule in [row["rule"]]
        ],
    )


def standard_detail(standard: Standard) -> standards.StandardDetail:
    """Return an edition of a standard, whole."""
    return standards.StandardDetail(
        id=standard.id,
        edition=standard.edition,
        effective=standard.effective,
        title=localized_text(standard.title),
        note=localized_text(standard.note),
        scale=standard.scale,
        min_coverage=standard.min_coverage,
        declared_cap=standard.declared_cap,
        aggregate=standard.aggregate,
        pass_mark=standard.pass_mark,
        grades=standard.grades,
        dimensions=dimension_lines(standard),
        clauses=[_standard_clause(clause) for clause in standard.clauses],
        rules=[
            standards.StandardRule(
                id=rule.id,
                title=localized_text(rule.title),
                of=list(rule.of),
                at_least=rule.at_least,
                attained=rule.attained,
                others_at_least=rule.others_at_least,
                source=None if rule.source is None else source_shape(rule.source),
            )
            for rule in standard.rules
        ],
        variation=[
            standards.StandardVariation(
                id=limit.id,
                title=localized_text(limit.title),
                clauses=list(limit.clauses),
                by=limit.by,
                at_most={str(stage): most for stage, most in limit.at_most.items()},
                source=None if limit.source is None else source_shape(limit.source),
            )
            for limit in standard.variation
        ],
    )


def _standard_clause(clause: Clause) -> standards.StandardClause:
    unit = all_indicators()[clause.indicator].unit
    return standards.StandardClause(
        id=clause.id,
        title=localized_text(clause.title),
        dimension=clause.dimension,
        weight=clause.weight,
        stages=list(clause.stages),
        school_types=None if clause.school_types is None else list(clause.school_types),
        min_classes=clause.min_classes,
        indicator=clause.indicator,
        parameters=clause.parameters,
        targets={stage: clause.curve.words(stage, unit) for stage in clause.stages},
        gate=clause.gate,
        cost_yuan=None if clause.cost is None else clause.cost.yuan,
        cost_days=None if clause.cost is None else clause.cost.days,
        cost_per=None if clause.cost is None else clause.cost.per,
        data_source=clause.data_source,
        source=source_shape(clause.source),
        remedy=localized_text(clause.remedy),
    )
