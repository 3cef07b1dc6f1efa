"""Scores as arrays, to be computed thousands of times with other weights and thresholds. Pure.

The engine's rules (see `cloud.scoring.engine.engine`) over float32, to compute the result of
another choice of parameters or of other evidence. Its scores agree with the engine's to a few
millionths of the scale; no score is ever published from here.

Rows are the stages of schools, those of one stage together; the clauses that apply to a row are
a pattern, and rows of the same pattern share their denominators.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cloud.scoring.engine.column_names import ClauseColumns, StageColumns
from cloud.scoring.engine.engine import Scores, by_stage
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import Band
from cloud.scoring.standard.attainment_numpy import Figures, attained_by
from cloud.scoring.standard.clause import Aggregate, Clause
from cloud.scoring.standard.standard import Standard

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]

_SMALL = 262_144
"""Products of so many multiplications stay on one thread of the linear algebra library."""
_NOTHING = np.float32(1e-30)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured: of each clause and school the lower and the upper end, and the whole.

    `low` is NaN where nothing was seen.
    """

    low: Figures
    high: Figures
    whole: Figures

    @property
    def seen(self) -> Flags:
        """By clause and school, whether there is any evidence."""
        seen: Flags = ~np.isnan(self.low)
        return seen


@dataclass(frozen=True, slots=True)
class Stage:
    """The rows of a stage, the schools they belong to, and what the stage counts there."""

    name: str
    rows: slice
    schools: Numbers
    shares: Floats


@dataclass(frozen=True, slots=True)
class Part:
    """A dimension: its columns, and which of its clauses apply to a row."""

    columns: slice
    aggregate: Aggregate
    patterns: Floats
    pattern: Numbers


@dataclass(frozen=True, slots=True)
class Model:
    """A standard and the evidence of schools; clauses by dimension, schools as given."""

    standard: Standard
    schools: tuple[str, ...]
    clauses: tuple[Clause, ...]
    evidence: Evidence
    capped: Flags
    """By clause and school: declared and not confirmed."""
    stages: tuple[Stage, ...]
    parts: tuple[Part, ...]
    dimension_patterns: Floats
    """The patterns of dimensions that apply to a row."""
    pattern_of_row: Numbers
    """The number of the pattern of each row."""
    weights: Floats
    """Of each clause within its dimension."""
    dimension_weights: Floats
    aggregate: Aggregate
    rows: int
    applies: Flags
    """By clause and row."""

    def using(self, **changes: Any) -> "Model":
        """Return the model with another choice: `aggregate`, `standard` and the like."""
        return replace(self, **changes)


def model_of(scores: Scores, schools: Sequence[str] | None = None) -> Model:
    """Return scores as a model of some schools, or of all, in that order."""
    standard = scores.standard
    ids = tuple(scores.totals["id"]) if schools is None else tuple(schools)
    wanted = pl.DataFrame({"id": ids}, schema={"id": pl.String})
    work, names = by_stage(standard, scores.table)
    work = wanted.join(work, on="id", how="left", maintain_order="left")
    clauses = tuple(
        clause
        for dimension in standard.dimensions
        for clause in standard.clauses
        if clause.dimension == dimension.id
    )
    stages = _stages(work, names)
    rows = sum(stage.schools.size for stage in stages)
    applies = np.zeros((len(clauses), rows), np.bool_)
    for stage in stages:
        for number, clause in enumerate(clauses):
            name = ClauseColumns(clause.id).stage_weight(stage.name)
            if name in work.columns:
                weight = work[name].fill_null(0.0).to_numpy()
                applies[number, stage.rows] = weight[stage.schools] > 0
    model = Model(
        standard=standard,
        schools=ids,
        clauses=clauses,
        evidence=_evidence(work, clauses),
        capped=_capped(work, clauses),
        stages=tuple(stages),
        parts=(),
        dimension_patterns=np.zeros((0, 0), np.float32),
        pattern_of_row=np.zeros(0, np.int64),
        weights=np.array([clause.weight for clause in clauses], np.float32),
        dimension_weights=np.array(
            [dimension.weight for dimension in standard.dimensions], np.float32
        ),
        aggregate=standard.aggregate,
        rows=rows,
        applies=applies,
    )
    return _with_patterns(model, applies)


def seen_only(model: Model) -> Model:
    """Return the model in which clauses without evidence do not apply."""
    seen = np.zeros_like(model.applies)
    for stage in model.stages:
        seen[:, stage.rows] = model.evidence.seen[:, stage.schools]
    return _with_patterns(model, model.applies & seen)


def attained(
    model: Model,
    evidence: Evidence,
    *,
    shifts: Floats | None = None,
    cap: float | None = None,
) -> Floats:
    """Return the attainment by row and clause; 0 without evidence, or where none applies."""
    attainment = np.zeros((model.rows, len(model.clauses)), np.float32)
    most = model.standard.declared_cap if cap is None else cap
    for number, clause in enumerate(model.clauses):
        shift = 1.0 if shifts is None else float(shifts[number])
        top = 1.0 if all_indicators()[clause.indicator].unit == "%" else np.inf
        low, high, whole = (
            figures[number] for figures in (evidence.low, evidence.high, evidence.whole)
        )
        for stage in model.stages:
            if not clause.curve.knows(stage.name):
                continue
            lower = low[stage.schools]
            there = whole[stage.schools]
            got = attained_by(clause.curve, lower, there, stage.name, shift=shift, most=top)
            if isinstance(clause.curve, Band):
                upper = high[stage.schools]
                other = attained_by(clause.curve, upper, there, stage.name, shift=shift, most=top)
                got = np.minimum(got, other)
            if most < 1 and clause.data_source == "declared":
                got = np.where(model.capped[number, stage.schools], np.minimum(got, most), got)
            applies = model.applies[number, stage.rows] & ~np.isnan(lower)
            attainment[stage.rows, number] = np.where(applies, got, 0.0)
    return attainment


@dataclass(frozen=True, slots=True)
class Values:
    """Values, 0 to 1, by school and draw; `marks`: where every dimension reaches its mark."""

    totals: Floats
    marks: Flags | None


def values(
    model: Model,
    attainment: Floats,
    weights: Floats,
    dimension_weights: Floats,
    *,
    marks: Mapping[int, float] | None = None,
) -> Values:
    """Return each school's value for weights drawn: clauses x draws, dimensions x draws.

    `marks` are the pass marks of dimensions, 0 to 1, by their numbers.
    """
    draws = weights.shape[1]
    denominators = _inverse(product(model.dimension_patterns, dimension_weights))
    by_row = np.zeros((model.rows, draws), np.float32)
    if model.aggregate == "minimum":
        by_row += np.inf
    zero = np.zeros((model.rows, draws), np.bool_) if model.aggregate == "geometric" else None
    reached = _Reached(model, draws, denominators) if marks else None
    for number, part in enumerate(model.parts):
        value = _dimension(part, attainment[:, part.columns], weights[part.columns])
        applies = model.dimension_patterns[:, number][model.pattern_of_row] > 0
        if reached is not None and marks and number in marks:
            reached.check(value, applies, marks[number])
        weight = dimension_weights[number]
        if model.aggregate == "arithmetic":
            value *= weight
            by_row += value
        elif zero is not None:
            zero |= (value <= 0) & applies[:, None]
            logs = np.log(np.maximum(value, _NOTHING))
            by_row += np.where(applies[:, None], logs * weight, np.float32(0))
        else:
            by_row = np.where(applies[:, None], np.minimum(by_row, value), by_row)
    if model.aggregate == "minimum":
        by_row[~np.isfinite(by_row)] = 0.0
    else:
        by_row *= denominators[model.pattern_of_row]
    if zero is not None:
        by_row = np.where(zero, np.float32(0), np.exp(by_row))
    return Values(_by_school(model, by_row), None if reached is None else reached.by_school())


def own_weights(model: Model) -> tuple[Floats, Floats]:
    """Return the standard's own weights as one draw."""
    return model.weights[:, None], model.dimension_weights[:, None]


def _with_patterns(model: Model, applies: Flags) -> Model:
    """Return the model with the clauses that apply to each row, and their patterns."""
    parts = tuple(_parts(model.standard, model.clauses, applies))
    applied = np.stack([part.patterns[part.pattern].any(axis=1) for part in parts], axis=1)
    patterns, pattern_of_row = _patterns(applied)
    return model.using(
        applies=applies, parts=parts, dimension_patterns=patterns, pattern_of_row=pattern_of_row
    )


def _stages(work: pl.DataFrame, names: Sequence[str]) -> list[Stage]:
    stages, start = [], 0
    for name in names:
        share = work[StageColumns(name).share].fill_null(0.0).to_numpy()
        schools = np.flatnonzero(share > 0)
        rows = slice(start, start + schools.size)
        stages.append(Stage(name, rows, schools, share[schools].astype(np.float32)))
        start = rows.stop
    return stages


def _parts(standard: Standard, clauses: Sequence[Clause], applies: Flags) -> Iterator[Part]:
    start = 0
    for dimension in standard.dimensions:
        many = sum(clause.dimension == dimension.id for clause in clauses)
        columns = slice(start, start + many)
        patterns, pattern = _patterns(applies[columns].T)
        yield Part(columns, dimension.aggregate, patterns, pattern)
        start += many


def _patterns(flags: Flags) -> tuple[Floats, Numbers]:
    if not flags.size:
        return np.zeros((1, flags.shape[1]), np.float32), np.zeros(flags.shape[0], np.int64)
    packed = np.packbits(flags, axis=1)
    _, first, pattern = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return flags[first].astype(np.float32), pattern.reshape(-1).astype(np.int64)


def _evidence(work: pl.DataFrame, clauses: Sequence[Clause]) -> Evidence:
    def figures(names: Iterable[str]) -> Figures:
        columns = [work[name].cast(pl.Float64).fill_null(np.nan) for name in names]
        return np.stack([column.to_numpy() for column in columns])

    columns = [ClauseColumns(clause.id) for clause in clauses]
    return Evidence(
        figures(column.low for column in columns),
        figures(column.high for column in columns),
        figures(column.known_whole for column in columns),
    )


def _capped(work: pl.DataFrame, clauses: Sequence[Clause]) -> Flags:
    capped = np.zeros((len(clauses), work.height), np.bool_)
    for number, clause in enumerate(clauses):
        if clause.data_source == "declared":
            capped[number] = (
                ~work[ClauseColumns(clause.id).confirmed].fill_null(value=False).to_numpy()
            )
    return capped


def _inverse(values_: Floats) -> Floats:
    inverse: Floats = np.divide(
        np.float32(1), values_, out=np.zeros_like(values_), where=values_ > 0
    )
    return inverse


def _dimension(part: Part, attainment: Floats, weights: Floats) -> Floats:
    """Return a dimension by row and draw; 0 where no clause of it applies."""
    if part.aggregate == "minimum":
        least = np.where(part.patterns[part.pattern] > 0, attainment, np.inf).min(axis=1)
        column = np.where(np.isfinite(least), least, 0.0).astype(np.float32)
        return np.repeat(column[:, None], weights.shape[1], axis=1)
    by_pattern = _inverse(product(part.patterns, weights))
    if part.aggregate == "arithmetic" and len(by_pattern) == 1:
        return product(attainment, weights * by_pattern)
    inverse = by_pattern[part.pattern]
    if part.aggregate == "arithmetic":
        return np.multiply(product(attainment, weights), inverse)
    applies = part.patterns[part.pattern] > 0
    logs = np.where(applies, np.log(np.maximum(attainment, _NOTHING)), np.float32(0))
    value: Floats = np.exp(product(logs.astype(np.float32), weights) * inverse)
    nothing = (applies & (attainment <= 0)).any(axis=1) | ~applies.any(axis=1)
    value[nothing] = 0.0
    return value


def product(rows: Floats, weights: Floats) -> Floats:
    """Return rows x weights, in pieces so small that the library starts no second thread.

    So every number is summed in the same order, however many threads there are; and no thread of
    the linear algebra library keeps its threads spinning next to those that have work.
    """
    many, inner = rows.shape
    draws = weights.shape[1]
    piece = max(8, _SMALL // max(1, inner * draws))
    products = np.empty((many, draws), np.float32)
    rows = np.ascontiguousarray(rows)
    full = many - many % piece
    if full:
        stacked = rows[:full].reshape(-1, piece, inner)
        np.matmul(stacked, weights, out=products[:full].reshape(-1, piece, draws))
    if full < many:
        np.matmul(rows[full:], weights, out=products[full:])
    return products


def _by_school(model: Model, by_row: Floats) -> Floats:
    by_school = np.zeros((len(model.schools), by_row.shape[1]), np.float32)
    for stage in model.stages:
        by_school[stage.schools] += by_row[stage.rows] * stage.shares[:, None]
    return by_school


class _Reached:
    """By school and draw, whether every dimension that applies reaches its mark.

    Of a school of one stage the row decides; of a mixed one the mean of its stages does.
    """

    def __init__(self, model: Model, draws: int, denominators: Floats) -> None:
        self.model = model
        self.rows = np.ones((model.rows, draws), np.bool_)
        many = np.zeros(len(model.schools), np.int64)
        for stage in model.stages:
            many[stage.schools] += 1
        self.mixed = np.flatnonzero(many > 1)
        place = np.cumsum(many > 1) - 1
        self.parts: list[tuple[Numbers, Numbers, Floats]] = []
        """Of each stage the rows of mixed schools, which of these they are, and their shares."""
        for stage in model.stages:
            positions = np.flatnonzero(many[stage.schools] > 1)
            at = positions + stage.rows.start
            shares = stage.shares[positions, None] * denominators[model.pattern_of_row[at]]
            self.parts.append((at, place[stage.schools[positions]], shares))
        self.several = np.ones((self.mixed.size, draws), np.bool_)

    def check(self, value: Floats, applies: Flags, mark: float) -> None:
        """Check whether a dimension's values, by row, reach its mark where it applies."""
        least = np.float32(mark - 1e-6)
        self.rows &= value >= np.where(applies, least, np.float32(-1))[:, None]
        if self.mixed.size:
            upper = np.zeros(self.several.shape, np.float32)
            lower = np.zeros(self.several.shape, np.float32)
            for at, schools, shares in self.parts:
                share = np.where(applies[at, None], shares, np.float32(0))
                upper[schools] += share * value[at]
                lower[schools] += share
            self.several &= (upper >= least * lower) | (lower <= 0)

    def by_school(self) -> Flags:
        """Return the answer."""
        reached = np.ones((len(self.model.schools), self.rows.shape[1]), np.bool_)
        for stage in self.model.stages:
            reached[stage.schools] = self.rows[stage.rows]
        reached[self.mixed] = self.several
        return reached
