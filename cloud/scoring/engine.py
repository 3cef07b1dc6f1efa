"""Evidence held against a standard: findings, and from them a score. Pure.

The one rule for absence:
- what does not apply leaves the denominator;
- what nobody saw leaves the numerator and lowers coverage: a clause without any evidence earns
  nothing, and of a clause that was seen in part the worst that the unseen part could be is assumed;
- coverage below the standard's `min_coverage` gives no value.

So switching a sensor off can lower a score and its coverage, and never raise the score. Nor does
leaving the number of classes out: a clause for larger schools then applies. Attainment is a mean
over the stages a school teaches (for one stage, simply that).

value = 100 x sum(weight x attainment) / sum(weight), over the clauses that apply, where a clause's
weight is its share of its dimension's clauses times the dimension's weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import Sums, all_indicators
from cloud.scoring.standard import Clause, Dimension, Stage, Standard

Outcome = Literal["met", "partly_met", "unmet", "no_data", "not_applicable"]
_FULL = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """One clause, applied to one school.

    `measured` and `attainment` are None without evidence; `coverage` is the share of the clause's
    evidence that was seen; `weight` is what the clause counts of 100, `points` what it earned.
    """

    clause: Clause
    outcome: Outcome
    sums: Sums | None
    measured: float | None
    attainment: float | None
    coverage: float
    weight: float
    points: float | None


@dataclass(frozen=True, slots=True)
class DimensionResult:
    """The findings of one dimension together; `value` is 0 to 100, None without evidence."""

    dimension: Dimension
    value: float | None
    coverage: float
    findings: int


@dataclass(frozen=True, slots=True)
class Result:
    """A school's score; `value` is None where coverage is below the standard's minimum."""

    standard: Standard
    school: str
    value: float | None
    coverage: float
    dimensions: tuple[DimensionResult, ...]
    findings: tuple[Finding, ...]


def score(
    standard: Standard, evidence: Evidence, stages: Mapping[str, Sequence[Stage]]
) -> dict[str, Result]:
    """Return the result of every school in the evidence; `stages` says what each teaches."""
    sums = {clause.id: _sums(clause, evidence) for clause in standard.clauses}
    classes = dict(evidence.schools.select("school", "classes").iter_rows())
    return {
        school: _result(
            standard,
            school,
            [
                (clause, _stages(clause, stages[school], classes[school]), sums[clause.id])
                for clause in standard.clauses
            ],
        )
        for school in evidence.schools["school"].sort()
    }


def evidence_rows(clause: Clause, evidence: Evidence) -> pl.DataFrame:
    """Return the rows that a clause's figure is the sum of, what counts against it first.

    Rows that are equal in that stand by label and reference, so the order is always the same.
    """
    indicator = all_indicators()[clause.indicator]
    rows = indicator.evidence_rows(evidence, clause.parameters)
    missing = pl.col("whole") - pl.col("part")
    return rows.sort("school", missing, "label", "ref", descending=[False, True, False, False])


def _sums(clause: Clause, evidence: Evidence) -> dict[str, Sums]:
    rows = evidence_rows(clause, evidence)
    totals = rows.group_by("school").agg(
        pl.col("part").sum(), pl.col("whole").sum(), pl.col("unknown").sum()
    )
    return {school: Sums(*rest) for school, *rest in totals.iter_rows() if rest[1] > 0}


def _stages(clause: Clause, taught: Sequence[Stage], classes: int | None) -> tuple[Stage, ...]:
    if classes is not None and classes < clause.min_classes:
        return ()
    return tuple(stage for stage in taught if stage in clause.stages)


def _result(
    standard: Standard,
    school: str,
    asked: Sequence[tuple[Clause, tuple[Stage, ...], Mapping[str, Sums]]],
) -> Result:
    weights = _weights(standard, [clause for clause, stages, _ in asked if stages])
    findings = tuple(
        _finding(clause, stages, sums.get(school), weights.get(clause.id, 0.0))
        for clause, stages, sums in asked
    )
    coverage = min(1.0, sum(finding.weight * finding.coverage for finding in findings) / 100)
    points = min(100.0, sum(finding.points or 0.0 for finding in findings))
    rated = bool(weights) and coverage >= standard.min_coverage - 1e-12
    return Result(
        standard=standard,
        school=school,
        value=points if rated else None,
        coverage=coverage,
        dimensions=tuple(_dimension(one, findings) for one in standard.dimensions),
        findings=findings,
    )


def _weights(standard: Standard, applying: Sequence[Clause]) -> dict[str, float]:
    """Return what each applying clause counts, of 100."""
    inside: dict[str, float] = {}
    for clause in applying:
        inside[clause.dimension] = inside.get(clause.dimension, 0.0) + clause.weight
    whole = sum(one.weight for one in standard.dimensions if one.id in inside)
    of_dimension = {one.id: one.weight for one in standard.dimensions}
    return {
        clause.id: 100
        * (of_dimension[clause.dimension] / whole)
        * (clause.weight / inside[clause.dimension])
        for clause in applying
    }


def _finding(clause: Clause, stages: Sequence[Stage], sums: Sums | None, weight: float) -> Finding:
    if not stages:
        return Finding(clause, "not_applicable", None, None, None, 0.0, 0.0, None)
    if sums is None or _seen(sums) <= 0:
        return Finding(clause, "no_data", sums, None, None, 0.0, weight, None)
    low = sums.part / sums.whole
    high = (sums.part + sums.unknown) / sums.whole
    attainment = sum(
        min(clause.shape.attainment(low, stage), clause.shape.attainment(high, stage))
        for stage in stages
    ) / len(stages)
    outcome: Outcome = "met" if attainment >= _FULL else "partly_met" if attainment > 0 else "unmet"
    return Finding(clause, outcome, sums, low, attainment, _seen(sums), weight, weight * attainment)


def _seen(sums: Sums) -> float:
    """Return the share of the evidence that was seen."""
    return 1.0 - min(1.0, sums.unknown / max(sums.whole, sums.unknown, 1e-12))


def _dimension(dimension: Dimension, findings: Sequence[Finding]) -> DimensionResult:
    own = [one for one in findings if one.clause.dimension == dimension.id and one.weight > 0]
    weight = sum(one.weight for one in own)
    seen = sum(one.weight * one.coverage for one in own)
    points = sum(one.points or 0.0 for one in own)
    return DimensionResult(
        dimension=dimension,
        value=min(100.0, 100 * points / weight) if seen > 0 else None,
        coverage=min(1.0, seen / weight) if weight else 0.0,
        findings=len(own),
    )
