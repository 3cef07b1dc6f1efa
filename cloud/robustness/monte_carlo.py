"""How sure a rank and a place are: Monte Carlo over weights, thresholds and evidence. Pure.

Invariants:
- the same scores, rules, ranges, runs and seed give the same answer, on any number of threads;
- runs are nested: each of `worlds` draws thresholds and evidence once, and weights many times;
- memory is bounded: two bytes for each school and run, and what one world takes on each thread;
- no school gains a rank by being unknown: what has no evidence earns nothing in every run, and
  a school that is not rated has neither rank nor chance.

What is drawn, by `Uncertainties`:
- weights: of dimensions, and of clauses within theirs, from Dirichlet distributions around those of
  the standard;
- thresholds: of each clause all by one factor; a target that is a share stays at most 1;
- evidence: what has no data lies anywhere between its worst and its best; figures err by where they
  come from, shares most where they are near a half and not where all or nothing was found; what is
  declared and not confirmed may be overstated.

Coverage and gates are not drawn: they remain as assessed: they are facts to be looked at, and an
error of measurement shall not trip a gate at 100 %.

Within a run schools are ranked by their score, and places are given in that order to those who may
have them. Without quotas that is the exact selection. With quotas a school is passed over where its
group is full, or where the places left are needed for groups that have less than their least: exact
for quotas of one kind, and close to it for several, which a benchmark measures.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field as Bounded

from cloud.robustness.array_engine import (
    Evidence,
    Flags,
    Floats,
    Model,
    Numbers,
    attained,
    model_of,
    values,
)
from cloud.robustness.fast_allocation import Places, given, places_of
from cloud.scoring.engine.engine import Scores
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import Block
from cloud.selection.candidates import candidates
from cloud.selection.ranked_pool import RankedPool, ranked_pool
from cloud.selection.rules import SelectionRules

Ranks = NDArray[np.unsignedinteger]
_NARROW = 14
"""Bits of a school's number up to which it fits into one word with a score, to 0.0004 of 100."""
_STRIPE = 64
_BY_RUN = {"marks", "rules"}


class Uncertainties(Block):
    """How far what a score is made of may be off."""

    concentration: float = Bounded(
        default=100, gt=0, description="Of the weights: at 100, one of 20 % is mostly 16 to 24 %."
    )
    thresholds: float = Bounded(
        default=0.05, ge=0, lt=1, description="Thresholds move by at most this share."
    )
    telemetry: float = Bounded(
        default=0.02, ge=0, lt=1, description="Error of what is sensed, one standard deviation."
    )
    ledger: float = Bounded(default=0.01, ge=0, lt=1, description="Error of ledgers, likewise.")
    declared: float = Bounded(default=0.03, ge=0, lt=1, description="Of what is declared.")
    overstated: float = Bounded(
        default=0.2, ge=0, lt=1, description="The most by which what is unconfirmed is too high."
    )


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How sure ranks and places are.

    `schools`: id, `rank_low`, `rank_median`, `rank_high` (nine runs of ten lie between the outer
    ones) and `chance`, the share of runs in which it was selected.
    """

    schools: pl.DataFrame
    runs: int
    worlds: int
    seed: int
    uncertainties: Uncertainties


def uncertainty(
    scores: Scores,
    rules: SelectionRules,
    seed: int,
    *,
    runs: int = 10_000,
    worlds: int = 100,
    uncertainties: Uncertainties | None = None,
    threads: int = 2,
) -> Uncertainty:
    """Return rank intervals and chances of all rated schools."""
    uncertainties = Uncertainties() if uncertainties is None else uncertainties
    field = ranked_pool(candidates(scores), rules)
    rated = np.flatnonzero(field.rated)
    model = model_of(scores, [field.schools[number] for number in rated])
    trial = _Trial(model, rules, uncertainties, _may(field, rated), places_of(field, rated))
    seeds = np.random.SeedSequence(seed).spawn(worlds)
    bounds = np.linspace(0, runs, worlds + 1).astype(int)
    size = rated.size
    kind = np.dtype(np.uint16 if size < 65_536 else np.uint32)
    ranks: Ranks = np.empty((runs, size), kind)

    def world(number: int) -> Numbers:
        draws = slice(int(bounds[number]), int(bounds[number + 1]))
        return trial.world(np.random.default_rng(seeds[number]), ranks[draws])

    chosen = np.zeros(size, np.int64)
    if size:
        with ThreadPoolExecutor(threads) as pool:
            for counts in pool.map(world, range(worlds)):
                chosen += counts
            low, middle, high = _quantiles(ranks, pool)
    else:
        low = middle = high = np.zeros(0, np.int64)
    frame = pl.DataFrame(
        {
            "id": list(model.schools),
            "rank_low": low,
            "rank_median": middle,
            "rank_high": high,
            "chance": chosen / max(1, runs),
        },
        schema={
            "id": pl.String(),
            **dict.fromkeys(("rank_low", "rank_median", "rank_high"), pl.Int64()),
            "chance": pl.Float64(),
        },
    )
    return Uncertainty(frame.sort("id"), runs, worlds, seed, uncertainties)


@dataclass(frozen=True, slots=True)
class _Trial:
    """All that a run needs; schools are numbered by their published order."""

    model: Model
    rules: SelectionRules
    uncertainties: Uncertainties
    may: Flags
    """Who has the coverage and passes the gates."""
    places: Places

    def world(self, random: np.random.Generator, ranks: Ranks) -> Numbers:
        """Draw a world, fill in the ranks of its runs, and return how often each was selected."""
        model, runs = self.model, ranks.shape[0]
        if not runs:
            return np.zeros(ranks.shape[1], np.int64)
        shifts = 1 + self.uncertainties.thresholds * random.uniform(-1, 1, len(model.clauses))
        evidence = drawn(model, self.uncertainties, random)
        attainment = attained(model, evidence, shifts=shifts.astype(np.float32))
        weights, dimension_weights = _weights(model, self.uncertainties, random, runs)
        marks = self._marks()
        scored = values(model, attainment, weights, dimension_weights, marks=marks)
        totals = scored.totals.T
        order = _order(totals)
        place = np.arange(1, order.shape[1] + 1, dtype=ranks.dtype)
        for run_ranks, run_order in zip(ranks, order, strict=True):
            run_ranks[run_order] = place
        able = self._able(attainment)[None, :]
        if scored.marks is not None:
            able = able & scored.marks.T
        if "marks" in self.rules.hard and model.standard.pass_mark is not None:
            mark = model.standard.pass_mark / model.standard.scale
            able = able & (totals >= np.float32(mark - 1e-6))
        able = np.broadcast_to(able, totals.shape)
        return given(order, able, self.places)

    def _marks(self) -> dict[int, float]:
        if "marks" not in self.rules.hard:
            return {}
        return {
            number: dimension.pass_mark / self.model.standard.scale
            for number, dimension in enumerate(self.model.standard.dimensions)
            if dimension.pass_mark is not None
        }

    def _able(self, attainment: Floats) -> Flags:
        """Return who may be selected in this world, but for pass marks."""
        model, able = self.model, self.may.copy()
        if "rules" in self.rules.hard:
            numbers = {clause.id: number for number, clause in enumerate(model.clauses)}
            for rule in model.standard.rules:
                columns = [numbers[name] for name in rule.of]
                applies = np.stack([self._applies(number) for number in columns])
                got = np.stack([_by_school(model, attainment[:, number]) for number in columns])
                missed = (applies & (got < rule.attained - 1e-6)).sum(axis=0)
                low = (applies & (got < rule.others_at_least - 1e-6)).any(axis=0)
                able &= (missed <= len(columns) - rule.at_least) & ~low
        return able

    def _applies(self, clause: int) -> Flags:
        applies = np.zeros(len(self.model.schools), np.bool_)
        for stage in self.model.stages:
            applies[stage.schools] |= self.model.applies[clause, stage.rows]
        return applies


def _may(field: RankedPool, rated: Numbers) -> Flags:
    passes = [field.failed[number].keys() <= _BY_RUN for number in rated.tolist()]
    return np.array(passes, np.bool_)


def drawn(model: Model, uncertainties: Uncertainties, random: np.random.Generator) -> Evidence:
    """Return evidence as it may really have been."""
    low, high = model.evidence.low.copy(), model.evidence.high
    unseen = high > low
    low[unseen] += (high - low)[unseen] * random.random(int(unseen.sum()))
    errors = {
        "telemetry": uncertainties.telemetry,
        "ledger": uncertainties.ledger,
        "declared": uncertainties.declared,
    }
    for number, clause in enumerate(model.clauses):
        row = low[number]
        is_share = all_indicators()[clause.indicator].unit == "%"
        if error := errors[clause.data_source]:
            spread = 2 * np.sqrt(np.clip(row * (1 - row), 0, None)) if is_share else row
            row += error * spread * random.standard_normal(row.size, np.float32)
            np.clip(row, 0, 1 if is_share else None, out=row)
        if clause.data_source == "declared" and uncertainties.overstated:
            much = uncertainties.overstated * random.random(row.size, np.float32)
            row *= np.where(model.capped[number], 1 - much, 1)
    return Evidence(low, low, model.evidence.whole)


def _weights(
    model: Model, uncertainties: Uncertainties, random: np.random.Generator, runs: int
) -> tuple[Floats, Floats]:
    """Return weights drawn: clauses x runs, dimensions x runs."""
    shares = model.dimension_weights / model.dimension_weights.sum()
    dimensions = random.dirichlet(uncertainties.concentration * shares.astype(np.float64), runs)
    clauses = np.empty((len(model.clauses), runs), np.float32)
    for part in model.parts:
        clause_weights = model.weights[part.columns].astype(np.float64)
        alpha = uncertainties.concentration * clause_weights / clause_weights.sum()
        clauses[part.columns] = random.dirichlet(alpha, runs).T
    return clauses, np.ascontiguousarray(dimensions.T.astype(np.float32))


def _order(totals: Floats) -> NDArray[np.int64]:
    """Return of each run the schools, the best first; those that are level in published order.

    Score and number of a school share one integer, for integers are sorted fastest.
    """
    size = totals.shape[1]
    bits = max(1, int(size - 1).bit_length())
    short = np.clip(np.float32(1) - totals, 0, 1)
    if bits <= _NARROW:
        narrow = (short * np.float32(2 ** (32 - bits) - 1)).astype(np.uint32) << np.uint32(bits)
        narrow |= np.arange(size, dtype=np.uint32)
        narrow.sort(axis=1)
        return np.asarray(narrow & np.uint32(2**bits - 1), np.int64)
    wide = (short.astype(np.float64) * (2.0**40 - 1)).astype(np.uint64) << np.uint64(bits)
    wide |= np.arange(size, dtype=np.uint64)
    wide.sort(axis=1)
    return np.asarray(wide & np.uint64(2**bits - 1), np.int64)


def _quantiles(ranks: Ranks, pool: ThreadPoolExecutor) -> tuple[Numbers, Numbers, Numbers]:
    """Return of each school the rank that 5 %, 50 % and 95 % of runs do not exceed."""
    runs, size = ranks.shape
    at = [int(np.ceil(share * runs)) - 1 for share in (0.05, 0.5, 0.95)]

    def stripe(start: int) -> Numbers:
        columns = np.ascontiguousarray(ranks[:, start : start + _STRIPE].T)
        columns.sort(axis=1)
        return columns[:, at].astype(np.int64)

    quantiles = np.concatenate(list(pool.map(stripe, range(0, size, _STRIPE))))
    return quantiles[:, 0], quantiles[:, 1], quantiles[:, 2]


def _by_school(model: Model, column: Floats) -> Floats:
    by_school = np.zeros(len(model.schools), np.float32)
    for stage in model.stages:
        by_school[stage.schools] += column[stage.rows] * stage.shares
    return by_school
