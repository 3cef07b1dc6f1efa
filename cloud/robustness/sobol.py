"""Variance-based sensitivity analysis (Sobol) of the choices in a standard. Pure.

A standard contains choices for which there are alternatives. All of them are varied over a range at
once. Of every variant two results are computed:
- the share of the selected schools that differs from the standard as it is;
- the mean number of ranks by which a school moves.

For each choice, the number of selected schools that change when it alone varies is computed too.

The first-order index is the share of the variance that a choice explains alone. The total index
adds the share that it explains together with others. Indices are estimates and come with the
half-width of their 95 % interval: a choice whose interval contains 0 cannot be distinguished from
one without influence.

Places are given in the order of ranks (`cloud.robustness.fast_allocation`). Gates remain as
assessed.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np
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
    seen_only,
    values,
)
from cloud.robustness.fast_allocation import Places, given, places_of
from cloud.robustness.saltelli import Index, saltelli_sample, sobol_indices
from cloud.scoring.engine.engine import Scores
from cloud.scoring.standard.attainment import Block
from cloud.scoring.standard.clause import Aggregate
from cloud.selection.candidates import candidates
from cloud.selection.ranked_pool import RankedPool, ranked_pool
from cloud.selection.rules import SelectionRules

Choice = Literal["weights", "thresholds", "aggregate", "declared_cap", "min_coverage", "unseen"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
_T = TypeVar("_T")
_AGGREGATES: tuple[Aggregate, ...] = ("arithmetic", "geometric", "minimum")
Unseen = Literal["worst", "middle", "left out"]
_UNSEEN: tuple[Unseen, ...] = ("worst", "middle", "left out")


class Ranges(Block):
    """How far each choice is varied."""

    weights: float = Bounded(default=0.25, ge=0, lt=1, description="Each weight, up and down.")
    thresholds: float = Bounded(default=0.05, ge=0, lt=1, description="All, up and down.")
    aggregates: tuple[Aggregate, ...] = Bounded(default=_AGGREGATES, min_length=1)
    declared_cap: tuple[float, float] = (0.6, 1.0)
    min_coverage: tuple[float, float] = (0.7, 0.9)
    unseen: tuple[Unseen, ...] = Bounded(
        default=_UNSEEN,
        min_length=1,
        description="At its worst, in the middle, or as if it had not been asked.",
    )


@dataclass(frozen=True, slots=True)
class Influence:
    """What a choice has to do with who is selected, and with ranks.

    `alone` is how many of the selected change, on average, where this choice is made otherwise and
    every other one is left where it is.
    """

    choice: Choice
    alone: float
    selected: Index
    ranks: Index


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The choices, the one that matters most for the list first.

    `changed` is the share of the selected that is another, `moved` the ranks a school moves, both
    on average over all variants.
    """

    influences: tuple[Influence, ...]
    changed: float
    moved: float
    variants: int
    seed: int


def sensitivity(
    scores: Scores,
    rules: SelectionRules,
    seed: int,
    *,
    base: int = 128,
    ranges: Ranges | None = None,
    threads: int = 2,
) -> Sensitivity:
    """Return which choices matter.

    `base` blocks of variants are evaluated; a block has one variant for each choice and two more.
    """
    ranges = Ranges() if ranges is None else ranges
    trial = _Trial.of(scores, rules, ranges)
    bounds, groups = _inputs(scores, ranges)
    generator = np.random.default_rng(seed)
    drawn = saltelli_sample(bounds, groups, base, generator)
    ours = trial.made(trial.ours())
    with ThreadPoolExecutor(threads) as pool:
        made = list(pool.map(trial.made, (trial.variant(row) for row in drawn)))
    changed = np.array([ours.changed(result) for result in made])
    moved = np.array([ours.moved(result) for result in made])
    alone = _alone(made)
    by_selected, by_ranks = (
        sobol_indices(answers, len(CHOICES), generator) for answers in (changed, moved)
    )
    influences = [
        Influence(choice, alone[choice], selected, ranks)
        for choice, selected, ranks in zip(CHOICES, by_selected, by_ranks, strict=True)
    ]
    influences.sort(key=lambda influence: -influence.selected.total)
    return Sensitivity(
        tuple(influences), float(changed.mean()), float(moved.mean()), len(made), seed
    )


@dataclass(frozen=True, slots=True)
class _Variant:
    weights: Floats
    shift: float
    aggregate: Aggregate
    cap: float
    coverage: float
    unseen: str


@dataclass(frozen=True, slots=True)
class _Made:
    """Ranks and who was selected in one variant."""

    ranks: Numbers
    chosen: Flags
    counted: Flags

    def changed(self, other: "_Made") -> float:
        """Return the share of the selected here that is not selected there."""
        many = int(self.chosen.sum())
        return float((self.chosen & ~other.chosen).sum()) / many if many else 0.0

    def swapped(self, other: "_Made") -> int:
        """Return how many of the selected change from one to the other."""
        gone, come = self.chosen & ~other.chosen, other.chosen & ~self.chosen
        return max(int(gone.sum()), int(come.sum()))

    def moved(self, other: "_Made") -> float:
        """Return by how many ranks the rated schools move on average."""
        if not self.counted.any():
            return 0.0
        return float(np.abs(self.ranks - other.ranks)[self.counted].mean())


@dataclass(frozen=True, slots=True)
class _Trial:
    model: Model
    left_out: Model
    evidence: Mapping[str, Evidence]
    rules: SelectionRules
    ranges: Ranges
    places: Places
    coverage: Floats
    may: Flags
    rated: Flags

    @classmethod
    def of(cls, scores: Scores, rules: SelectionRules, ranges: Ranges) -> "_Trial":
        field = ranked_pool(candidates(scores), rules)
        model = model_of(scores, field.schools)
        low, high = model.evidence.low, model.evidence.high
        middle = (low + high) / 2
        between = Evidence(middle, middle, model.evidence.whole)
        return cls(
            model=model,
            left_out=seen_only(model),
            evidence={"worst": model.evidence, "middle": between, "left out": between},
            rules=rules,
            ranges=ranges,
            places=places_of(field, np.arange(len(field.schools))),
            coverage=np.array([coverage or 0.0 for coverage in field.coverage], np.float32),
            may=_may(field),
            rated=field.rated,
        )

    def ours(self) -> _Variant:
        """Return the standard as it is."""
        standard = self.model.standard
        return _Variant(
            weights=self.model.dimension_weights,
            shift=1.0,
            aggregate=standard.aggregate,
            cap=standard.declared_cap,
            coverage=max(standard.min_coverage, self.rules.min_coverage or 0.0),
            unseen="worst",
        )

    def variant(self, row: NDArray[np.float64]) -> _Variant:
        """Return the variant that a row of the sample means."""
        *factors, shift, aggregate, cap, coverage, unseen = row.tolist()
        weights = self.model.dimension_weights * np.array(factors, np.float32)
        return _Variant(
            weights=weights.astype(np.float32),
            shift=shift,
            aggregate=_nth(self.ranges.aggregates, aggregate),
            cap=cap,
            coverage=coverage,
            unseen=_nth(self.ranges.unseen, unseen),
        )

    def made(self, variant: _Variant) -> _Made:
        """Rank and select by a variant."""
        plain = self.left_out if variant.unseen == "left out" else self.model
        model = plain.using(aggregate=variant.aggregate)
        standard = model.standard
        shifts = np.full(len(model.clauses), variant.shift, np.float32)
        attainment = attained(model, self.evidence[variant.unseen], shifts=shifts, cap=variant.cap)
        is_hard = "marks" in self.rules.hard
        marks = {
            number: dimension.pass_mark / standard.scale
            for number, dimension in enumerate(standard.dimensions)
            if dimension.pass_mark is not None and is_hard
        }
        weights = variant.weights[:, None]
        scored = values(model, attainment, model.weights[:, None], weights, marks=marks)
        totals = scored.totals[:, 0]
        able = self.may & (self.coverage >= variant.coverage - 1e-6)
        if scored.marks is not None:
            able &= scored.marks[:, 0]
        if is_hard and standard.pass_mark is not None:
            able &= totals >= standard.pass_mark / standard.scale - 1e-6
        order = np.argsort(-totals, kind="stable")
        ranks = np.empty(order.size, np.int64)
        ranks[order] = np.arange(1, order.size + 1)
        chosen = given(order[None, :], able[None, :], self.places) > 0
        return _Made(ranks, chosen, self.rated)


def _nth(options: tuple[_T, ...], place: float) -> _T:
    return options[min(int(place), len(options) - 1)]


def _may(field: RankedPool) -> Flags:
    """Return the schools that pass the gates; other hard rules are checked in every variant."""
    return np.array(["gates" not in failed for failed in field.failed], np.bool_)


def _inputs(scores: Scores, ranges: Ranges) -> tuple[list[tuple[float, float]], list[Choice]]:
    """Return the bounds of each input and its choice; the weights are one choice of several."""
    dimensions = len(scores.standard.dimensions)
    bounds = [(1 - ranges.weights, 1 + ranges.weights)] * dimensions
    bounds += [
        (1 - ranges.thresholds, 1 + ranges.thresholds),
        (0, len(ranges.aggregates)),
        ranges.declared_cap,
        ranges.min_coverage,
        (0, len(ranges.unseen)),
    ]
    groups: list[Choice] = ["weights"] * dimensions
    groups += [choice for choice in CHOICES if choice != "weights"]
    return bounds, groups


def _alone(made: Sequence[_Made]) -> dict[Choice, float]:
    """Return how many change by each choice alone.

    The sample comes in blocks: a variant, the same with one choice made otherwise for each choice
    in their order, and a second variant that these choices are taken from.
    """
    size = len(CHOICES) + 2
    blocks = [made[at : at + size] for at in range(0, len(made), size)]
    return {
        choice: sum(block[0].swapped(block[number]) for block in blocks) / len(blocks)
        for number, choice in enumerate(CHOICES, 1)
    }
