"""Findings and dimensions of a school as `/api/v1` shows them."""

import polars as pl

from cloud.api.presenters.text import localized_text
from cloud.api.schemas.score import DimensionScore, Evidence, Finding, StandardLine
from cloud.scoring.engine import result
from cloud.scoring.engine.finding_text import reason_text, target_text
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.standard import Stage, Standard

FIRST = 8
"""How many rows of evidence a finding of a list carries."""


def finding_shape(
    finding: result.Finding,
    rows: pl.DataFrame,
    stages: tuple[Stage, ...],
    first: int | None = FIRST,
) -> Finding:
    """Return a finding with its reason and its evidence (the `first` rows, None for all)."""
    clause = finding.clause
    indicator = all_indicators()[clause.indicator]
    shown = rows if first is None else rows.head(first)
    return Finding(
        clause=clause.id,
        title=localized_text(clause.title),
        dimension=clause.dimension,
        outcome=finding.outcome,
        attainment=finding.attainment,
        measured=finding.measured,
        unit=indicator.unit,
        target=target_text(finding, stages),
        weight=finding.weight,
        points=finding.points,
        data_source=clause.data_source,
        source_title=clause.source.title,
        source_clause=clause.source.clause,
        source_confidence=clause.source.confidence,
        reason=localized_text(reason_text(finding)),
        remedy=localized_text(clause.remedy),
        part=None if finding.sums is None else finding.sums.part,
        whole=None if finding.sums is None else finding.sums.whole,
        unknown=None if finding.sums is None else finding.sums.unknown,
        coverage=finding.coverage,
        compared_with=list(indicator.compared_with) if finding.outcome != "not_applicable" else [],
        evidence_total=rows.height,
        evidence=[
            Evidence(
                ref=row["ref"],
                text=localized_text(indicator.row_message(row)),
                part=row["part"],
                whole=row["whole"],
                unknown=row["unknown"],
            )
            for row in shown.iter_rows(named=True)
        ],
    )


def dimension_shape(dimension: result.DimensionResult) -> DimensionScore:
    """Return a dimension's score."""
    return DimensionScore(
        dimension=dimension.dimension.id,
        title=localized_text(dimension.dimension.title),
        weight=dimension.dimension.weight,
        value=dimension.value,
        coverage=dimension.coverage,
        findings=dimension.findings,
    )


def standard_line(standard: Standard) -> StandardLine:
    """Return an edition of a standard in the list."""
    return StandardLine(
        id=standard.id,
        edition=standard.edition,
        title=localized_text(standard.title),
        effective=standard.effective,
    )
