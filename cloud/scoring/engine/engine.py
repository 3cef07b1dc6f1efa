"""Score evidence against a standard, of one school or of fourteen thousand. Pure.

The one rule for absence:
- what does not apply leaves the denominator: by stage, type or size, or because it is known that
  there is nothing to be judged (part, whole and unknown are all 0, not missing);
- what has no data leaves the numerator and lowers coverage: a clause without any evidence earns
  nothing, and of a clause with data for a part of its evidence the worst is assumed of the rest;
- coverage below the standard's `min_coverage` gives no value.

So switching a sensor off can lower a score and its coverage, and never raise the score. Nor does
leaving a size or a type out: what is asked only of larger schools, or of some types, then applies.

How a score is computed, each step an expression over whole columns:
1. measured: low = part ÷ whole, high = (part + unknown) ÷ whole, and the share that has data;
2. attainment, 0 to 1: what the clause's curve gives for the worse of both ends; declared evidence
   attains at most `declared_cap` until it is confirmed;
3. by stage: a clause weighs its share of its dimension's clauses times the dimension's weight,
   among what applies; clauses become dimensions, dimensions a score, each by the standard's
   aggregate (arithmetic, geometric, minimum);
4. the stages' scores are combined by pupils, equally where sizes are unknown. A stage of which the
   standard asks nothing does not count.

Rows come out by `id`. Sums run over clauses and dimensions by their ids, in that order, so neither
the order of a file nor the other schools of a table change a bit of the result.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from typing import get_args

import polars as pl

from cloud.registry.codes import statistics
from cloud.scoring.engine.column_names import (
    ClauseColumns,
    DimensionColumns,
    StageColumns,
    Total,
    result,
    total,
)
from cloud.scoring.engine.pass_rules import failures, verdicts
from cloud.scoring.engine.school_table import COLUMN, ready
from cloud.scoring.expressions import EPSILON, any_of, over, summed
from cloud.scoring.standard.attainment import STAGES, UNNAMED, Band, thresholds
from cloud.scoring.standard.clause import Aggregate
from cloud.scoring.standard.standard import Clause, Dimension, Standard

__all__ = ["EPSILON", "Scores", "by_stage", "score_table", "taught"]

_NONE = pl.lit(None, pl.Float64)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of all schools of an evidence table, and what they are made of; rows by `id`.

    - `table`: the evidence table;
    - `totals`: id, value (null: not rated), raw (what it would be), coverage, grade, passed,
      failed_gates (clauses), failed_marks (dimensions, or "total"), failed_rules;
    - `dimensions`: id and of each dimension `<id>` (0 to the standard's scale; null: does not
      apply, or no evidence at all) and `<id>.coverage`;
    - `clauses`: id and of each clause `.measured`, `.attainment` (null: no data, or not
      applicable), `.seen` (coverage, 0 to 1), `.weight` (of 100; 0: not applicable) and `.points`
      (weight x attainment, of the scale).
    """

    standard: Standard
    table: pl.DataFrame
    totals: pl.DataFrame
    dimensions: pl.DataFrame
    clauses: pl.DataFrame

    def only(self, school: str) -> "Scores":
        """Return the scores of one school; they do not depend on the other schools."""
        is_school = pl.col("id") == school
        return replace(
            self,
            table=self.table.filter(is_school),
            totals=self.totals.filter(is_school),
            dimensions=self.dimensions.filter(is_school),
            clauses=self.clauses.filter(is_school),
        )


def score_table(standard: Standard, table: pl.DataFrame) -> Scores:
    """Return the scores of every school of an evidence table (see `school_table`)."""
    evidence = ready(standard, table)
    clauses, dimensions = _by_id(standard)
    work, stages = by_stage(standard, evidence)
    work = work.with_columns(_clause_results(standard, clauses, stages))
    work = work.with_columns(_school_results(standard, clauses, dimensions, stages))
    work = work.with_columns(failures(standard)).with_columns(verdicts(standard))
    totals: tuple[Total, ...] = get_args(Total)
    dimension_results = [
        column
        for dimension in standard.dimensions
        for columns in [DimensionColumns(dimension.id)]
        for column in (columns.value, columns.coverage)
    ]
    clause_results = [
        column for clause in standard.clauses for column in ClauseColumns(clause.id).results
    ]
    return Scores(
        standard=standard,
        table=evidence,
        totals=work.select("id", *(pl.col(total(name)).alias(name) for name in totals)),
        dimensions=work.select(
            "id", *(pl.col(result(name)).alias(name) for name in dimension_results)
        ),
        clauses=work.select("id", *(pl.col(result(name)).alias(name) for name in clause_results)),
    )


def by_stage(standard: Standard, table: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the work table up to the score of each stage, and which stages there are.

    Its columns are those called "Work" in `column_names`.
    """
    clauses, dimensions = _by_id(standard)
    work = table.with_columns(taught(table))
    stages = [stage for stage in (*STAGES, UNNAMED) if work[StageColumns(stage).taught].any()] or [
        UNNAMED
    ]
    work = work.with_columns(_measured(clauses))
    work = work.with_columns(_attained(standard, clauses, stages))
    for step in (
        _clause_weights,
        _dimension_weights,
        _stage_shares,
        _stage_weights,
        _dimension_values,
        _stage_scores,
    ):
        work = work.with_columns(step(standard, clauses, dimensions, stages))
    return work, stages


def _by_id(standard: Standard) -> tuple[list[Clause], list[Dimension]]:
    return (
        sorted(standard.clauses, key=lambda clause: clause.id),
        sorted(standard.dimensions, key=lambda dimension: dimension.id),
    )


def taught(table: pl.DataFrame) -> Iterable[pl.Expr]:
    """Return the expressions for the stages taught: by school type, or by a known size of it.

    A school of which neither is known has the one unnamed stage; one of a type that teaches none
    has none.
    """
    types = table["school_type"].drop_nulls().unique().to_list()
    is_taught = {}
    for stage in STAGES:
        columns = StageColumns(stage)
        teaching = [kind for kind in types if stage in statistics.stages(kind)]
        sized = (pl.col(columns.size("pupils")) > 0) | (pl.col(columns.size("classes")) > 0)
        by_type = pl.col("school_type").is_in(teaching)
        is_taught[stage] = by_type.fill_null(value=False) | sized.fill_null(value=False)
        yield is_taught[stage].alias(columns.taught)
    none = ~pl.any_horizontal(is_taught.values())
    yield (none & pl.col("school_type").is_null()).alias(StageColumns(UNNAMED).taught)


def _measured(clauses: Sequence[Clause]) -> Iterable[pl.Expr]:
    for clause in clauses:
        columns = ClauseColumns(clause.id)
        if clause.indicator == COLUMN:
            divisor = clause.parameters.get("of")
            part = pl.col(clause.parameters["column"])
            whole = pl.col(divisor) if divisor else pl.lit(1.0)
            unknown = pl.lit(0.0)
        else:
            part, whole = pl.col(columns.part), pl.col(columns.whole)
            unknown = pl.col(columns.unknown).fill_null(0.0)
            nothing = (part == 0) & (whole == 0) & (unknown == 0)
            yield nothing.fill_null(value=False).alias(columns.has_nothing)
        share = 1.0 - over(unknown, pl.max_horizontal(whole, unknown)).clip(0.0, 1.0)
        there = part.is_finite() & (whole > 0) & whole.is_finite() & (share > 0)
        yield pl.when(there).then(over(part, whole)).alias(columns.low)
        yield pl.when(there).then(over(part + unknown, whole)).alias(columns.high)
        yield pl.when(there).then(whole).alias(columns.known_whole)
        yield pl.when(there).then(share).otherwise(0.0).alias(columns.known_share)


def _attained(
    standard: Standard, clauses: Sequence[Clause], stages: Sequence[str]
) -> Iterable[pl.Expr]:
    for clause in clauses:
        columns, curve = ClauseColumns(clause.id), clause.curve
        low, high = pl.col(columns.low), pl.col(columns.high)
        whole = pl.col(columns.known_whole)
        for stage in stages if thresholds(curve) else stages[:1]:
            if not curve.knows(stage):
                yield _NONE.alias(columns.attained(stage))
                continue
            worse = curve.expression(low, whole, stage)
            if isinstance(curve, Band):
                worse = pl.min_horizontal(worse, curve.expression(high, whole, stage))
            if clause.data_source == "declared" and standard.declared_cap < 1:
                capped = pl.min_horizontal(worse, pl.lit(standard.declared_cap))
                worse = pl.when(pl.col(columns.confirmed)).then(worse).otherwise(capped)
            attained = pl.when(low.is_not_null()).then(worse)
            yield attained.alias(columns.attained(stage if thresholds(curve) else None))


def _attainment(clause: Clause, stage: str) -> pl.Expr:
    by_stage = stage if thresholds(clause.curve) else None
    return pl.col(ClauseColumns(clause.id).attained(by_stage))


def _applies(clause: Clause, stage: str) -> pl.Expr | None:
    """Return whether a clause of `_candidates` applies to a stage, None for always."""
    conditions = []
    if clause.indicator != COLUMN:
        conditions.append(~pl.col(ClauseColumns(clause.id).has_nothing))
    if clause.min_classes:
        classes = pl.col("classes")
        if stage != UNNAMED:
            classes = pl.coalesce(StageColumns(stage).size("classes"), "classes")
        conditions.append(classes.is_null() | (classes >= clause.min_classes))
    if clause.school_types is not None:
        kind = pl.col("school_type")
        conditions.append(kind.is_null() | kind.is_in(list(clause.school_types)))
    return reduce(and_, conditions) if conditions else None


def _candidates(
    clauses: Sequence[Clause], stage: str, dimension: str | None = None
) -> list[Clause]:
    """Return the clauses that may apply to a stage."""
    return [
        clause
        for clause in clauses
        if (stage == UNNAMED or stage in clause.stages)
        and (dimension is None or clause.dimension == dimension)
    ]


def _clause_weight(clause: Clause, stage: str) -> pl.Expr:
    """Return the weight of a clause within its dimension, 0 where it does not apply."""
    applies = _applies(clause, stage)
    weight = pl.lit(float(clause.weight))
    return weight if applies is None else pl.when(applies).then(weight).otherwise(0.0)


def _clause_weights(
    _standard: Standard,
    clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage and dimension the weights of the clauses that apply."""
    for stage in stages:
        for dimension in dimensions:
            weights = [
                _clause_weight(clause, stage)
                for clause in _candidates(clauses, stage, dimension.id)
            ]
            yield summed(weights).alias(DimensionColumns(dimension.id).clause_weights(stage))


def _dimension_weights(
    _standard: Standard,
    _clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage the weights of the dimensions that apply."""
    for stage in stages:
        weights = [
            pl.when(pl.col(DimensionColumns(dimension.id).clause_weights(stage)) > 0)
            .then(float(dimension.weight))
            .otherwise(0.0)
            for dimension in dimensions
        ]
        yield summed(weights).alias(StageColumns(stage).dimension_weights)


def _stage_shares(
    _standard: Standard,
    _clauses: Sequence[Clause],
    _dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage its share in the school: by pupils, equally where sizes are unknown."""
    columns = {stage: StageColumns(stage) for stage in stages}
    counts = {
        stage: pl.col(columns[stage].taught) & (pl.col(columns[stage].dimension_weights) > 0)
        for stage in stages
    }
    named = [stage for stage in stages if stage != UNNAMED]
    pupils = {
        stage: pl.when(counts[stage])
        .then(pl.col(columns[stage].size("pupils")).cast(pl.Float64))
        .otherwise(0.0)
        for stage in named
    }
    all_pupils = summed(pupils.values())  # null where a size is not known
    many = summed([counts[stage].cast(pl.Float64) for stage in stages])
    for stage in stages:
        equal = over(pl.lit(1.0), many)
        by_size = over(pupils[stage], all_pupils) if stage in pupils else equal
        share = pl.when(all_pupils > 0).then(by_size).otherwise(equal)
        yield pl.when(counts[stage]).then(share).otherwise(0.0).alias(columns[stage].share)


def _stage_weights(
    standard: Standard,
    clauses: Sequence[Clause],
    _dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage the weight of each clause, of 100, times the share of the stage."""
    of_dimension = {dimension.id: float(dimension.weight) for dimension in standard.dimensions}
    for stage in stages:
        columns = StageColumns(stage)
        for clause in _candidates(clauses, stage):
            inside = pl.col(DimensionColumns(clause.dimension).clause_weights(stage))
            part = over(pl.lit(of_dimension[clause.dimension]), pl.col(columns.dimension_weights))
            share = pl.col(columns.share)
            weight = 100.0 * share * part * over(_clause_weight(clause, stage), inside)
            counted = (share > 0) & (inside > 0)
            yield (
                pl.when(counted)
                .then(weight)
                .otherwise(0.0)
                .alias(ClauseColumns(clause.id).stage_weight(stage))
            )


def _dimension_values(
    _standard: Standard,
    clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage and dimension the clauses' attainment together, null where none applies."""
    for stage in stages:
        for dimension in dimensions:
            columns = DimensionColumns(dimension.id)
            parts = [
                (_clause_weight(clause, stage), _attainment(clause, stage).fill_null(0.0))
                for clause in _candidates(clauses, stage, dimension.id)
            ]
            value = _together(dimension.aggregate, parts, pl.col(columns.clause_weights(stage)))
            yield value.alias(columns.stage_value(stage))


def _stage_scores(
    standard: Standard,
    _clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage the dimensions together, null where none applies."""
    for stage in stages:
        columns = StageColumns(stage)
        parts = []
        for dimension in dimensions:
            value = pl.col(DimensionColumns(dimension.id).stage_value(stage))
            weight = pl.when(value.is_not_null()).then(float(dimension.weight)).otherwise(0.0)
            parts.append((weight, value.fill_null(0.0)))
        score = _together(standard.aggregate, parts, pl.col(columns.dimension_weights))
        yield score.alias(columns.score)


def _together(
    aggregate: Aggregate, parts: Sequence[tuple[pl.Expr, pl.Expr]], weights: pl.Expr
) -> pl.Expr:
    """Return weighted values as one, null where nothing weighs."""
    if not parts:
        return _NONE
    if aggregate == "minimum":
        least = [pl.when(weight > 0).then(value) for weight, value in parts]
        return pl.min_horizontal(least)
    if aggregate == "geometric":
        nothing = any_of([(weight > 0) & (value <= 0) for weight, value in parts])
        logs = [
            pl.when((weight > 0) & (value > 0)).then(weight * value.log()).otherwise(0.0)
            for weight, value in parts
        ]
        mean = pl.when(nothing).then(0.0).otherwise(over(summed(logs), weights).exp())
        return pl.when(weights > 0).then(mean)
    return pl.when(weights > 0).then(over(summed([w * value for w, value in parts]), weights))


def _clause_results(
    standard: Standard, clauses: Sequence[Clause], stages: Sequence[str]
) -> Iterable[pl.Expr]:
    """Return the results of each clause, of all stages together."""
    for clause in clauses:
        columns = ClauseColumns(clause.id)
        by_stage = [
            (pl.col(columns.stage_weight(stage)), _attainment(clause, stage))
            for stage in stages
            if _candidates([clause], stage)
        ]
        weight = summed([weight for weight, _ in by_stage])
        earned = summed([weight * attained.fill_null(0.0) for weight, attained in by_stage])
        known = any_of([attained.is_not_null() & (weight > 0) for weight, attained in by_stage])
        attainment = _attainment(clause, UNNAMED)
        if thresholds(clause.curve):
            attainment = _by_weight(
                [(weight, attained.fill_null(0.0)) for weight, attained in by_stage]
            )
        points = earned * (standard.scale / 100)
        seen = pl.when(known).then(pl.col(columns.known_share)).otherwise(0.0)
        yield pl.col(columns.low).alias(result(columns.measured))
        yield pl.when(known).then(attainment).alias(result(columns.attainment))
        yield seen.alias(result(columns.seen))
        yield weight.alias(result(columns.weight))
        yield pl.when(known).then(points).alias(result(columns.points))


def _school_results(
    standard: Standard,
    clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """Return the dimensions, the score before the coverage rule, and the coverage."""
    for dimension in dimensions:
        columns = DimensionColumns(dimension.id)
        members = [clause for clause in clauses if clause.dimension == dimension.id]
        weight = summed([_weight(clause) for clause in members])
        seen = summed([_seen_weight(clause) for clause in members])
        by_stage = [
            (
                pl.when(pl.col(columns.clause_weights(stage)) > 0)
                .then(over(pl.col(at.share), pl.col(at.dimension_weights)))
                .otherwise(0.0),
                pl.col(columns.stage_value(stage)).fill_null(0.0),
            )
            for stage in stages
            for at in [StageColumns(stage)]
        ]
        value = _by_weight(by_stage)
        coverage = pl.when(weight > 0).then(over(seen, weight).clip(0.0, 1.0)).otherwise(0.0)
        yield coverage.alias(result(columns.coverage))
        yield pl.when(seen > 0).then(value * standard.scale).alias(result(columns.value))
        yield (weight > 0).alias(columns.applies)
    columns_of = [StageColumns(stage) for stage in stages]
    counted = any_of([pl.col(at.share) > 0 for at in columns_of])
    raw = summed([pl.col(at.share) * pl.col(at.score).fill_null(0.0) for at in columns_of])
    seen = summed([_seen_weight(clause) for clause in clauses])
    score = (raw * standard.scale).clip(0.0, standard.scale)
    yield pl.when(counted).then(score).alias(total("raw"))
    yield (seen * 0.01).clip(0.0, 1.0).alias(total("coverage"))


def _weight(clause: Clause) -> pl.Expr:
    return pl.col(result(ClauseColumns(clause.id).weight))


def _seen_weight(clause: Clause) -> pl.Expr:
    return _weight(clause) * pl.col(result(ClauseColumns(clause.id).seen))


def _by_weight(parts: Sequence[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """Return the weighted mean of shares, to the last bit what the only one is that weighs."""
    whole = summed([weight for weight, _ in parts])
    return summed([over(weight, whole) * value for weight, value in parts]).clip(0.0, 1.0)
