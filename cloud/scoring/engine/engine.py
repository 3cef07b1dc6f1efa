"""Evidence held against a standard: scores, of one school or of fourteen thousand. Pure.

The one rule for absence:
- what does not apply leaves the denominator: by stage, type or size, or because it is known that
  there is nothing to be judged (part, whole and unknown are all 0, not missing);
- what nobody saw leaves the numerator and lowers coverage: a clause without any evidence earns
  nothing, and of a clause that was seen in part the worst that the unseen part could be is assumed;
- coverage below the standard's `min_coverage` gives no value.

So switching a sensor off can lower a score and its coverage, and never raise the score. Nor does
leaving a size or a type out: what is asked only of larger schools, or of some types, then applies.

How a score comes about, each step an expression over whole columns:
1. measured: low = part ÷ whole, high = (part + unknown) ÷ whole, seen = the share that was seen;
2. attainment, 0 to 1: what the clause's shape gives for the worse of both ends; declared evidence
   attains at most `declared_cap` until somebody confirmed it;
3. by stage: a clause weighs its share of its dimension's clauses times the dimension's weight,
   among what applies; clauses become dimensions, dimensions a score, each as the standard says
   (arithmetic, geometric, minimum);
4. the stages' scores are combined by pupils, equally where sizes are unknown. A stage of which the
   standard asks nothing does not count.

Rows come out by `id`. Sums run over clauses and dimensions by their ids, one after the other, so
neither the order of a file nor the company of other schools changes a bit of the result.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

import polars as pl

from cloud.registry.codes import statistics
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


def score_table(standard: Standard, table: pl.DataFrame) -> Scores:
    """Return the scores of every school of an evidence table (see `school_table`)."""
    own = ready(standard, table)
    clauses = sorted(standard.clauses, key=lambda one: one.id)
    dimensions = sorted(standard.dimensions, key=lambda one: one.id)
    work, stages = by_stage(standard, own)
    work = work.with_columns(_clauses(standard, clauses, stages))
    work = work.with_columns(_whole(standard, clauses, dimensions, stages))
    work = work.with_columns(failures(standard)).with_columns(verdicts(standard))
    return Scores(
        standard=standard,
        table=own,
        totals=work.select("id", *(pl.col(f"total:{name}").alias(name) for name in _TOTALS)),
        dimensions=work.select(
            "id",
            *(
                pl.col(f"dimension:{one.id}{what}").alias(f"{one.id}{what}")
                for one in standard.dimensions
                for what in ("", ".coverage")
            ),
        ),
        clauses=work.select(
            "id",
            *(
                pl.col(f"clause:{one.id}.{what}").alias(f"{one.id}.{what}")
                for one in standard.clauses
                for what in ("measured", "attainment", "seen", "weight", "points")
            ),
        ),
    )


_FAILED = ("failed_gates", "failed_marks", "failed_rules")
_TOTALS = ("value", "raw", "coverage", "grade", "passed", *_FAILED)


def by_stage(standard: Standard, table: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return all that scores are made of, up to each stage's own, and which stages there are.

    Of each clause `low:<clause>`, `high:`, `whole:` and `seen:`, and by stage `weight:<clause>:
    <stage>`, 0 where it does not apply; `share:<stage>` is what a stage counts in its school.
    """
    clauses = sorted(standard.clauses, key=lambda one: one.id)
    dimensions = sorted(standard.dimensions, key=lambda one: one.id)
    work = table.with_columns(taught(table))
    stages = [stage for stage in (*STAGES, UNNAMED) if work[f"taught:{stage}"].any()] or [UNNAMED]
    work = work.with_columns(_measured(clauses))
    work = work.with_columns(_attained(standard, clauses, stages))
    for step in (_inside, _asked, _shares, _weights, _dimensions, _stage_scores):
        work = work.with_columns(step(standard, clauses, dimensions, stages))
    return work, stages


def taught(table: pl.DataFrame) -> Iterable[pl.Expr]:
    """Return `taught:<stage>`: by the school's type, or because a size of the stage is known.

    A school of which neither is known has the one unnamed stage; one of a type that teaches none
    has none.
    """
    types = table["school_type"].drop_nulls().unique().to_list()
    by_stage = {}
    for stage in STAGES:
        teaching = [kind for kind in types if stage in statistics.stages(kind)]
        sized = (pl.col(f"pupils_{stage}") > 0) | (pl.col(f"classes_{stage}") > 0)
        by_type = pl.col("school_type").is_in(teaching)
        by_stage[stage] = by_type.fill_null(value=False) | sized.fill_null(value=False)
        yield by_stage[stage].alias(f"taught:{stage}")
    none = ~pl.any_horizontal(by_stage.values())
    yield (none & pl.col("school_type").is_null()).alias(f"taught:{UNNAMED}")


def _measured(clauses: Sequence[Clause]) -> Iterable[pl.Expr]:
    for clause in clauses:
        if clause.indicator == COLUMN:
            of = clause.parameters.get("of")
            part, whole = pl.col(clause.parameters["column"]), pl.col(of) if of else pl.lit(1.0)
            unknown = pl.lit(0.0)
        else:
            part, whole = pl.col(f"{clause.id}.part"), pl.col(f"{clause.id}.whole")
            unknown = pl.col(f"{clause.id}.unknown").fill_null(0.0)
            nothing = (part == 0) & (whole == 0) & (unknown == 0)
            yield nothing.fill_null(value=False).alias(f"nothing:{clause.id}")
        share = 1.0 - over(unknown, pl.max_horizontal(whole, unknown)).clip(0.0, 1.0)
        there = part.is_finite() & (whole > 0) & whole.is_finite() & (share > 0)
        yield pl.when(there).then(over(part, whole)).alias(f"low:{clause.id}")
        yield pl.when(there).then(over(part + unknown, whole)).alias(f"high:{clause.id}")
        yield pl.when(there).then(whole).alias(f"whole:{clause.id}")
        yield pl.when(there).then(share).otherwise(0.0).alias(f"seen:{clause.id}")


def _attained(
    standard: Standard, clauses: Sequence[Clause], stages: Sequence[str]
) -> Iterable[pl.Expr]:
    for clause in clauses:
        low, high = pl.col(f"low:{clause.id}"), pl.col(f"high:{clause.id}")
        whole, shape = pl.col(f"whole:{clause.id}"), clause.shape
        for stage in stages if thresholds(shape) else stages[:1]:
            if not shape.knows(stage):
                yield _NONE.alias(f"attained:{clause.id}:{stage}")
                continue
            worse = shape.curve(low, whole, stage)
            if isinstance(shape, Band):
                worse = pl.min_horizontal(worse, shape.curve(high, whole, stage))
            if clause.data_source == "declared" and standard.declared_cap < 1:
                capped = pl.min_horizontal(worse, pl.lit(standard.declared_cap))
                worse = pl.when(pl.col(f"{clause.id}.confirmed")).then(worse).otherwise(capped)
            name = f"attained:{clause.id}:{stage}" if thresholds(shape) else f"attained:{clause.id}"
            yield pl.when(low.is_not_null()).then(worse).alias(name)


def _attainment(clause: Clause, stage: str) -> pl.Expr:
    of_stage = f":{stage}" if thresholds(clause.shape) else ""
    return pl.col(f"attained:{clause.id}{of_stage}")


def _applies(clause: Clause, stage: str) -> pl.Expr | None:
    """Return whether a clause applies to a stage, None for always; ask `_asking` first."""
    conditions = []
    if clause.indicator != COLUMN:
        conditions.append(~pl.col(f"nothing:{clause.id}"))
    if clause.min_classes:
        classes = pl.col("classes")
        if stage != UNNAMED:
            classes = pl.coalesce(f"classes_{stage}", "classes")
        conditions.append(classes.is_null() | (classes >= clause.min_classes))
    if clause.school_types is not None:
        kind = pl.col("school_type")
        conditions.append(kind.is_null() | kind.is_in(list(clause.school_types)))
    return reduce(and_, conditions) if conditions else None


def _asking(clauses: Sequence[Clause], stage: str, dimension: str | None = None) -> list[Clause]:
    """Return the clauses that may apply to a stage."""
    return [
        clause
        for clause in clauses
        if (stage == UNNAMED or stage in clause.stages)
        and (dimension is None or clause.dimension == dimension)
    ]


def _inside(
    _standard: Standard,
    clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage and dimension the weights of the clauses that apply."""
    for stage in stages:
        for dimension in dimensions:
            weights = [_own(one, stage) for one in _asking(clauses, stage, dimension.id)]
            yield summed(weights).alias(f"inside:{dimension.id}:{stage}")


def _own(clause: Clause, stage: str) -> pl.Expr:
    """Return what a clause weighs within its dimension, 0 where it does not apply."""
    applies = _applies(clause, stage)
    weight = pl.lit(float(clause.weight))
    return weight if applies is None else pl.when(applies).then(weight).otherwise(0.0)


def _asked(
    _standard: Standard,
    _clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage the weights of the dimensions that apply."""
    for stage in stages:
        weights = [
            pl.when(pl.col(f"inside:{one.id}:{stage}") > 0).then(float(one.weight)).otherwise(0.0)
            for one in dimensions
        ]
        yield summed(weights).alias(f"asked:{stage}")


def _shares(
    _standard: Standard,
    _clauses: Sequence[Clause],
    _dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage what it counts in a school: by pupils, equally where sizes are unknown."""
    counts = {s: pl.col(f"taught:{s}") & (pl.col(f"asked:{s}") > 0) for s in stages}
    named = [stage for stage in stages if stage != UNNAMED]
    pupils = {
        stage: pl.when(counts[stage])
        .then(pl.col(f"pupils_{stage}").cast(pl.Float64))
        .otherwise(0.0)
        for stage in named
    }
    all_pupils = summed(pupils.values())  # null where a size is not known
    many = summed([counts[stage].cast(pl.Float64) for stage in stages])
    for stage in stages:
        equal = over(pl.lit(1.0), many)
        by_size = over(pupils[stage], all_pupils) if stage in pupils else equal
        share = pl.when(all_pupils > 0).then(by_size).otherwise(equal)
        yield pl.when(counts[stage]).then(share).otherwise(0.0).alias(f"share:{stage}")


def _weights(
    standard: Standard,
    clauses: Sequence[Clause],
    _dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage what each clause counts of 100, times what the stage counts."""
    of_dimension = {one.id: float(one.weight) for one in standard.dimensions}
    for stage in stages:
        for clause in _asking(clauses, stage):
            inside = pl.col(f"inside:{clause.dimension}:{stage}")
            part = over(pl.lit(of_dimension[clause.dimension]), pl.col(f"asked:{stage}"))
            share = pl.col(f"share:{stage}")
            weight = 100.0 * share * part * over(_own(clause, stage), inside)
            counted = (share > 0) & (inside > 0)
            yield pl.when(counted).then(weight).otherwise(0.0).alias(f"weight:{clause.id}:{stage}")


def _dimensions(
    _standard: Standard,
    clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage and dimension the clauses' attainment together, null where none applies."""
    for stage in stages:
        for dimension in dimensions:
            parts = [
                (_own(one, stage), _attainment(one, stage).fill_null(0.0))
                for one in _asking(clauses, stage, dimension.id)
            ]
            inside = pl.col(f"inside:{dimension.id}:{stage}")
            value = _together(dimension.aggregate, parts, inside)
            yield value.alias(f"value:{dimension.id}:{stage}")


def _stage_scores(
    standard: Standard,
    _clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """By stage the dimensions together, null where none applies."""
    for stage in stages:
        parts = []
        for one in dimensions:
            value = pl.col(f"value:{one.id}:{stage}")
            weight = pl.when(value.is_not_null()).then(float(one.weight)).otherwise(0.0)
            parts.append((weight, value.fill_null(0.0)))
        score = _together(standard.aggregate, parts, pl.col(f"asked:{stage}"))
        yield score.alias(f"score:{stage}")


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


def _clauses(
    standard: Standard, clauses: Sequence[Clause], stages: Sequence[str]
) -> Iterable[pl.Expr]:
    """Return of each clause what all stages make of it together."""
    for clause in clauses:
        own = [stage for stage in stages if _asking([clause], stage)]
        by_stage = [(pl.col(f"weight:{clause.id}:{s}"), _attainment(clause, s)) for s in own]
        weight = summed([weight for weight, _ in by_stage])
        earned = summed([weight * attained.fill_null(0.0) for weight, attained in by_stage])
        known = any_of([attained.is_not_null() & (weight > 0) for weight, attained in by_stage])
        attainment = _attainment(clause, UNNAMED)
        if thresholds(clause.shape):
            attainment = _by_weight([(one, attained.fill_null(0.0)) for one, attained in by_stage])
        points = earned * (standard.scale / 100)
        seen = pl.when(known).then(pl.col(f"seen:{clause.id}")).otherwise(0.0)
        yield pl.col(f"low:{clause.id}").alias(f"clause:{clause.id}.measured")
        yield pl.when(known).then(attainment).alias(f"clause:{clause.id}.attainment")
        yield seen.alias(f"clause:{clause.id}.seen")
        yield weight.alias(f"clause:{clause.id}.weight")
        yield pl.when(known).then(points).alias(f"clause:{clause.id}.points")


def _whole(
    standard: Standard,
    clauses: Sequence[Clause],
    dimensions: Sequence[Dimension],
    stages: Sequence[str],
) -> Iterable[pl.Expr]:
    """Return the dimensions, the score that would be and its coverage."""

    def of(clause: Clause, what: str) -> pl.Expr:
        return pl.col(f"clause:{clause.id}.{what}")

    for one in dimensions:
        own = [clause for clause in clauses if clause.dimension == one.id]
        weight = summed([of(clause, "weight") for clause in own])
        seen = summed([of(clause, "weight") * of(clause, "seen") for clause in own])
        by_stage = [
            (
                pl.when(pl.col(f"inside:{one.id}:{s}") > 0)
                .then(over(pl.col(f"share:{s}"), pl.col(f"asked:{s}")))
                .otherwise(0.0),
                pl.col(f"value:{one.id}:{s}").fill_null(0.0),
            )
            for s in stages
        ]
        value = _by_weight(by_stage)
        coverage = pl.when(weight > 0).then(over(seen, weight).clip(0.0, 1.0)).otherwise(0.0)
        yield coverage.alias(f"dimension:{one.id}.coverage")
        yield pl.when(seen > 0).then(value * standard.scale).alias(f"dimension:{one.id}")
        yield (weight > 0).alias(f"asked:{one.id}")
    counted = any_of([pl.col(f"share:{stage}") > 0 for stage in stages])
    raw = summed([pl.col(f"share:{s}") * pl.col(f"score:{s}").fill_null(0.0) for s in stages])
    seen = summed([of(clause, "weight") * of(clause, "seen") for clause in clauses])
    yield pl.when(counted).then((raw * standard.scale).clip(0.0, standard.scale)).alias("total:raw")
    yield (seen * 0.01).clip(0.0, 1.0).alias("total:coverage")


def _by_weight(parts: Sequence[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """Return the weighted mean of shares, to the last bit what the only one is that weighs."""
    whole = summed([weight for weight, _ in parts])
    return summed([over(weight, whole) * value for weight, value in parts]).clip(0.0, 1.0)
