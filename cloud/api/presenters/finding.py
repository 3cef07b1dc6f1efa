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
    found: result.Finding, rows: pl.DataFrame, stages: tuple[Stage, ...], first: int | None = FIRST
) -> Finding:
    """Return a finding with its reason and its evidence (the `first` rows, None for all)."""
    clause = found.clause
    indicator = all_indicators()[clause.indicator]
    shown = rows if first is None else rows.head(first)
    return Finding(
        clause=clause.id,
        title=localized_text(clause.title),
        dimension=clause.dimension,
        outcome=found.outcome,
        attainment=found.attainment,
        measured=found.measured,
        unit=indicator.unit,
        target=target_text(found, stages),
        weight=found.weight,
        points=found.points,
        data_source=clause.data_source,
        source_title=clause.source.title,
        source_clause=clause.source.clause,
        source_confidence=clause.source.confidence,
        reason=localized_text(reason_text(found)),
        remedy=localized_text(clause.remedy),
        part=None if found.sums is None else found.sums.part,
        whole=None if found.sums is None else found.sums.whole,
        unknown=None if found.sums is None else found.sums.unknown,
        coverage=found.coverage,
        beside=list(indicator.compared_with) if found.outcome != "not_applicable" else [],
        evidence_total=rows.height,
        evidence=[
            Evidence(
                ref=row["ref"], text=localized_text(indicator.row_message(row)), value=row["part"]
            )
            for row in shown.iter_rows(named=True)
        ],
    )


def dimension_shape(found: result.DimensionResult) -> DimensionScore:
    """Return a dimension's score."""
    return DimensionScore(
        dimension=found.dimension.id,
        title=localized_text(found.dimension.title),
        weight=found.dimension.weight,
        value=found.value,
        coverage=found.coverage,
        findings=found.findings,
    )


def standard_line(standard: Standard) -> StandardLine:
    """Return an edition of a standard in the list."""
    return StandardLine(
        id=standard.id,
        edition=standard.edition,
        title=localized_text(standard.title),
        effective=standard.effective,
    )
