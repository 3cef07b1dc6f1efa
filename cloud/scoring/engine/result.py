"""Read one school out of all scores: its findings, its dimensions, its result. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from cloud.errors import EvidenceError
from cloud.scoring.engine.column_names import ClauseColumns, DimensionColumns, StageColumns
from cloud.scoring.engine.engine import EPSILON, Scores, taught
from cloud.scoring.engine.school_table import COLUMN
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import Sums, all_indicators
from cloud.scoring.standard.attainment import STAGES, Stage
from cloud.scoring.standard.standard import Clause, Dimension, Standard

NOTHING = Sums(0.0, 0.0, 0.0)
"""The sums of a clause where there is nothing to be judged."""
Outcome = Literal["met", "partly_met", "unmet", "no_data", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One clause, applied to one school.

    `sums` of what does not apply are NOTHING where there is nothing to be judged, else None.
    `measured` and `attainment` are None without evidence; `coverage` is the share of the clause's
    evidence that has data; `weight` is what the clause counts of 100, `points` what it earned of
    the standard's scale. `capped`: it would earn more if the declared figure was confirmed.
    `failed_gate`: the school cannot be selected because of it.
    """

    clause: Clause
    outcome: Outcome
    sums: Sums | None
    measured: float | None
    attainment: float | None
    coverage: float
    weight: float
    points: float | None
    capped: bool = False
    failed_gate: bool = False


@dataclass(frozen=True, slots=True)
class DimensionResult:
    """A dimension; `value` is 0 to the standard's scale, None without evidence."""

    dimension: Dimension
    value: float | None
    coverage: float
    findings: int
    failed_mark: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A school's score; `value` is None where coverage is below the standard's minimum.

    `raw` is what it would be then; `stages` are those that the school is known to teach.
    """

    standard: Standard
    school: str
    stages: tuple[Stage, ...]
    value: float | None
    raw: float | None
    coverage: float
    grade: str | None
    passed: bool
    failed_gates: tuple[str, ...]
    failed_marks: tuple[str, ...]
    failed_rules: tuple[str, ...]
    dimensions: tuple[DimensionResult, ...]
    findings: tuple[Finding, ...]


def result(scores: Scores, school: str) -> Result:
    """Return the result of a school; raises EvidenceError where it is not among the scores."""
    total = _row(scores.totals, school)
    school_findings = findings(scores, school)
    row = _row(scores.dimensions, school)
    return Result(
        standard=scores.standard,
        school=school,
        stages=_stages(scores.table, school),
        **{key: total[key] for key in ("value", "raw", "coverage", "grade", "passed")},
        failed_gates=tuple(total["failed_gates"]),
        failed_marks=tuple(total["failed_marks"]),
        failed_rules=tuple(total["failed_rules"]),
        dimensions=tuple(
            DimensionResult(
                dimension=dimension,
                value=row[columns.value],
                coverage=row[columns.coverage],
                findings=sum(
                    finding.clause.dimension == dimension.id and finding.weight > 0
                    for finding in school_findings
                ),
                failed_mark=dimension.id in total["failed_marks"],
            )
            for dimension in scores.standard.dimensions
            for columns in [DimensionColumns(dimension.id)]
        ),
        findings=school_findings,
    )


def findings(scores: Scores, school: str) -> tuple[Finding, ...]:
    """Return the findings of a school, in the order of the standard."""
    evidence, row = _row(scores.table, school), _row(scores.clauses, school)
    gates = _row(scores.totals, school)["failed_gates"]
    return tuple(
        _finding(scores.standard, clause, evidence, row, gates)
        for clause in scores.standard.clauses
    )


def evidence_rows(clause: Clause, evidence: Evidence) -> pl.DataFrame:
    """Return the rows that a clause's figure is the sum of, what counts against it first.

    Rows that are equal in that are ordered by label and reference.
    """
    indicator = all_indicators()[clause.indicator]
    rows = indicator.evidence_rows(evidence, clause.parameters)
    missing = pl.col("whole") - pl.col("part")
    return rows.sort("school", missing, "label", "ref", descending=[False, True, False, False])


def _stages(table: pl.DataFrame, school: str) -> tuple[Stage, ...]:
    of_school = table.filter(pl.col("id") == school)
    row = of_school.select(taught(of_school)).row(0, named=True)
    return tuple(stage for stage in STAGES if row[StageColumns(stage).taught])


def _row(table: pl.DataFrame, school: str) -> Mapping[str, Any]:
    rows = table.filter(pl.col("id") == school).to_dicts()
    if not rows:
        raise EvidenceError(f"{school!r} is not among the schools scored")
    return rows[0]


def _finding(
    standard: Standard,
    clause: Clause,
    evidence: Mapping[str, Any],
    row: Mapping[str, Any],
    failed_gates: list[str],
) -> Finding:
    columns = ClauseColumns(clause.id)
    weight, attainment = row[columns.weight], row[columns.attainment]
    sums, failed = _sums(clause, evidence), clause.id in failed_gates
    if weight <= 0:
        nothing = sums if sums == NOTHING else None
        return Finding(clause, "not_applicable", nothing, None, None, 0.0, 0.0, None)
    if attainment is None:
        return Finding(clause, "no_data", sums, None, None, 0.0, weight, None, failed_gate=failed)
    capped = (
        clause.data_source == "declared"
        and not evidence[columns.confirmed]
        and standard.declared_cap < 1
        and attainment >= standard.declared_cap - EPSILON
    )
    outcome: Outcome = (
        "met" if attainment >= 1 - EPSILON else "partly_met" if attainment > 0 else "unmet"
    )
    return Finding(
        clause,
        outcome,
        sums,
        measured=row[columns.measured],
        attainment=attainment,
        coverage=row[columns.seen],
        weight=weight,
        points=row[columns.points],
        capped=capped,
        failed_gate=failed,
    )


def _sums(clause: Clause, evidence: Mapping[str, Any]) -> Sums | None:
    if clause.indicator == COLUMN:
        divisor = clause.parameters.get("of")
        part, whole = evidence[clause.parameters["column"]], evidence[divisor] if divisor else 1.0
        return None if part is None or not whole else Sums(part, whole, 0.0)
    columns = ClauseColumns(clause.id)
    part, whole, unknown = (
        evidence[name] for name in (columns.part, columns.whole, columns.unknown)
    )
    if part is None or whole is None or (whole <= 0 and (part, whole, unknown or 0.0) != NOTHING):
        return None
    return Sums(part, whole, unknown or 0.0)
