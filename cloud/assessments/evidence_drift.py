"""The evidence as it is now, compared with what was assessed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from cloud.assessments.assessment import Assessment
from cloud.errors import NotFound
from cloud.messages import message
from cloud.scoring.engine.result import Finding, Result, evidence_rows, result
from cloud.scoring.engine.school_table import ATTRIBUTES, table_digest
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    ROW,
    Sums,
)
from cloud.scoring.standard.attainment import Stage
from cloud.scoring.standard.standard import Clause

NO_ROWS = pl.DataFrame(schema=ROW)
_NAMES = ("part", "whole", "unknown")
_NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Opened:
    """A finding of record with the rows that it would be the sum of now."""

    finding: Finding
    stages: tuple[Stage, ...]
    rows: pl.DataFrame
    now: Sums | None

    @property
    def has_changed(self) -> bool:
        """Whether the rows add up to something else than was assessed."""
        then, now = self.finding.sums or Sums(0, 0, 0), self.now or Sums(0, 0, 0)
        pairs = zip(then, now, strict=True)
        return any(abs(a - b) > _NEAR * max(1.0, abs(a)) for a, b in pairs)


@dataclass(frozen=True, slots=True)
class Change:
    """A clause of which the evidence is no longer what was assessed."""

    clause: Clause
    then: Mapping[str, float | None]
    now: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Changes:
    """How the evidence of a school differs from what was assessed."""

    digest: str
    digest_now: str
    clauses: tuple[Change, ...]
    attributes: tuple[str, ...]


def result_of(assessment: Assessment, school: str) -> Result:
    """Return what a school got; raises NotFound where it was not assessed."""
    row_of(assessment.scores.table, school, assessment)
    return result(assessment.scores, school)


def opened(assessment: Assessment, school: str, clause: str, facts: Evidence) -> Opened:
    """Return a finding with its rows as the facts of now give them; raises NotFound."""
    standard_clause = clause_of(assessment, clause)
    got = result_of(assessment, school)
    finding = next(finding for finding in got.findings if finding.clause.id == clause)
    rows = evidence_rows(standard_clause, facts).filter(pl.col("school") == school)
    if finding.outcome == "not_applicable":
        kept = finding.sums if rows.is_empty() or finding.sums is None else _added(rows)
        return Opened(finding, got.stages, NO_ROWS, kept)
    return Opened(finding, got.stages, rows, None if rows.is_empty() else _added(rows))


def changes(assessment: Assessment, school: str, table: pl.DataFrame) -> Changes:
    """Return what differs in the evidence table of now; raises NotFound."""
    was = row_of(assessment.scores.table, school, assessment)
    is_ = row_of(table, school, assessment)
    then = assessment.scores.table.filter(pl.col("id") == school)
    return Changes(
        digest=table_digest(assessment.standard, then),
        digest_now=table_digest(assessment.standard, table),
        clauses=tuple(
            Change(clause, _sums(was, clause), _sums(is_, clause))
            for clause in assessment.standard.clauses
            if _sums(was, clause) != _sums(is_, clause)
        ),
        attributes=tuple(name for name in ATTRIBUTES if was.get(name) != is_.get(name)),
    )


def clause_of(assessment: Assessment, clause_id: str) -> Clause:
    """Return a clause of an assessment's standard; raises NotFound."""
    for clause in assessment.standard.clauses:
        if clause.id == clause_id:
            return clause
    raise NotFound(
        message("api.unknown_clause", standard=assessment.standard.edition, clause=clause_id)
    )


def row_of(table: pl.DataFrame, school: str, assessment: Assessment) -> dict[str, Any]:
    """Return the row of a school in a table of an assessment; raises NotFound."""
    rows = table.filter(pl.col("id") == school).to_dicts()
    if not rows:
        raise NotFound(message("api.not_assessed", school=school, assessment=assessment.row.id))
    return rows[0]


def _added(rows: pl.DataFrame) -> Sums:
    return Sums(*(float(rows[name].sum()) for name in _NAMES))


def _sums(row: Mapping[str, Any], clause: Clause) -> dict[str, float | None]:
    return {name: row.get(f"{clause.id}.{name}") for name in _NAMES}
