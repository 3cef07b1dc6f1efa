"""The one best set of schools under quotas, exactly. Pure.

Schools are numbered by the published order: a lower number comes before a higher one. Of all sets
that keep the quotas the best one
1. fills the most places;
2. has the largest sum of values, which are whole numbers;
3. among equals holds the first school, by the published order, of those that not all of them hold.

So it is unique, and it does not depend on the order in which schools are given.

How it is found: the linear relaxation gives each school a reduced cost, a bound on what the sum
loses when the school is decided the other way. A small core of schools with low reduced costs is
solved as a mixed-integer programme; it grows until no school outside it can matter. Ties are then
settled within those schools that can still be decided either way without loss.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cloud.selection.milp import INFINITE, Numbers, Positions, Row, Solution, maximised

Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

_UNKNOWN: NDArray[np.int64] = np.zeros(0, np.int64)
_CORE = 64
_BLOCK = 20
_CLOSE = 1e-3  # values are whole numbers, so what is closer than this is equal


@dataclass(frozen=True, slots=True)
class Limit:
    """How many of some schools may be selected."""

    members: Flags
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class SelectionProblem:
    """Schools in their published order, and what binds the choice between them."""

    values: Whole
    able: Flags
    places: int
    limits: tuple[Limit, ...] = ()
    inside: frozenset[int] = frozenset()
    outside: frozenset[int] = frozenset()
    classes: NDArray[np.int64] = field(default_factory=lambda: _UNKNOWN)
    """Schools of one class count for the same limits; found where it is not given."""

    def __post_init__(self) -> None:
        """Sort the schools into classes."""
        if self.classes.size == self.values.size:
            return
        key = np.zeros((self.values.size, max(1, len(self.limits))), np.bool_)
        for number, limit in enumerate(self.limits):
            key[:, number] = limit.members
        packed = np.packbits(key, axis=1)
        _, classes = np.unique(packed, axis=0, return_inverse=True)
        object.__setattr__(self, "classes", classes.reshape(-1))

    def forced(
        self, *, inside: Sequence[int] = (), outside: Sequence[int] = ()
    ) -> "SelectionProblem":
        """Return the problem with some schools decided beforehand."""
        return replace(
            self,
            inside=(self.inside | set(inside)) - set(outside),
            outside=(self.outside | set(outside)) - set(inside),
        )

    def without(self, number: int) -> "SelectionProblem":
        """Return the problem without a limit."""
        rest = (*self.limits[:number], *self.limits[number + 1 :])
        return replace(self, limits=rest, classes=_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Best:
    """The best set; `chosen` are its schools in their order, `prices` the duals of its rows."""

    count: int
    value: int
    chosen: tuple[int, ...]
    prices: Numbers | None = None


def best(problem: SelectionProblem, prices: Numbers | None = None) -> Best | None:
    """Return the best set, None where no set keeps the limits.

    `prices` of a problem that differs only in what is forced spare a linear programme.
    """
    pool = _pool(problem)
    count = min(problem.places, pool.size)
    best_set = _of_size(problem, pool, count, prices)
    if best_set is None:
        most = _most(problem, pool)
        best_set = None if most is None else _of_size(problem, pool, most, None)
    return best_set


def feasible(problem: SelectionProblem) -> bool:
    """Return whether any set keeps the limits."""
    return _most(problem, _pool(problem)) is not None


def _pool(problem: SelectionProblem) -> Positions:
    """Return who may be chosen: of a class no more than there are places, the first ones."""
    open_ = problem.able.copy()
    open_[list(problem.outside)] = False
    open_[list(problem.inside)] = False
    able = np.flatnonzero(open_)
    by_class = able[np.argsort(problem.classes[able], kind="stable")]
    ordered = problem.classes[by_class]
    nth = np.arange(ordered.size) - np.searchsorted(ordered, ordered)
    kept = by_class[nth < problem.places]
    return np.sort(np.concatenate([kept, np.array(sorted(problem.inside), np.int64)]))


def _rows(problem: SelectionProblem, pool: Positions) -> Iterator[Row]:
    """Yield the limits; one without members in the pool still has to be kept."""
    for limit in problem.limits:
        positions = np.flatnonzero(limit.members[pool])
        most = INFINITE if limit.most is None else float(limit.most)
        yield Row(positions, np.ones(positions.size), float(limit.least), most)


def _bounds(problem: SelectionProblem, pool: Positions) -> Numbers:
    """Return the least that each of the pool may be: 1 for who is inside beforehand."""
    return np.isin(pool, np.array(sorted(problem.inside), np.int64)).astype(np.float64)


def _most(problem: SelectionProblem, pool: Positions) -> int | None:
    """Return how many places can be filled, None where the limits cannot be kept.

    Schools of one class are alike here, so it is enough to know how many of each there are.
    """
    given = np.isin(pool, np.array(sorted(problem.inside), np.int64))
    names, first, number = np.unique(problem.classes[pool], return_index=True, return_inverse=True)
    held = np.bincount(number[given], minlength=names.size).astype(np.float64)
    most = np.bincount(number, minlength=names.size).astype(np.float64)
    of_class = pool[first]
    ones = np.ones(names.size)
    rows = [
        Row(np.arange(names.size), ones, 0.0, float(problem.places)),
        *_rows(problem, of_class),
    ]
    whole = np.ones(names.size, np.bool_)
    solution = maximised(ones, rows, least=held, most=most, whole=whole)
    return None if solution is None else round(solution.objective)


def _of_size(
    problem: SelectionProblem, pool: Positions, count: int, prices: Numbers | None
) -> Best | None:
    values = problem.values[pool]
    # The count is fixed, so every value may be less by the same; small numbers are exact ones.
    base = int(np.median(values)) if values.size else 0
    worth = (values - base).astype(np.float64)
    everybody = np.arange(pool.size)
    rows = [
        Row(everybody, np.ones(pool.size), float(count), float(count)),
        *_rows(problem, pool),
    ]
    least, most = _bounds(problem, pool), np.ones(pool.size)
    programme = _Programme(worth, rows, least, most)
    if prices is None:
        relaxed = maximised(worth, rows, least=least, most=most)
        if relaxed is None:
            return None
        prices = relaxed.duals
        bounded = _Bounded(relaxed.reduced, relaxed.objective)
        optimum = _as_whole(programme, bounded, relaxed)
    else:
        prices, bounded = _priced(programme, prices)
        optimum = _solved(programme, bounded)
    if optimum is None:
        return None
    sum_, chosen = optimum
    chosen = _first_of_ties(programme, bounded, sum_, chosen)
    return Best(
        count=count,
        value=int(values[chosen].sum()),
        chosen=tuple(pool[chosen].tolist()),
        prices=prices,
    )


@dataclass(frozen=True, slots=True)
class _Programme:
    worth: Numbers
    rows: Sequence[Row]
    least: Numbers
    most: Numbers

    def with_fixed(self, at: Flags, fixed: Flags) -> "_Programme":
        """Return the programme of the schools that are not fixed; `at` holds how fixed ones are."""
        number = np.cumsum(~fixed) - 1
        rows = []
        for row in self.rows:
            free = ~fixed[row.variables]
            gone = float(row.factors[~free] @ at[row.variables[~free]])
            rows.append(
                Row(
                    number[row.variables[free]],
                    row.factors[free],
                    row.least - gone,
                    row.most - gone,
                )
            )
        free = ~fixed
        return _Programme(self.worth[free], rows, self.least[free], self.most[free])

    def solved(self, objective: Numbers | None = None) -> Flags | None:
        """Return who is chosen for the largest sum, None where no choice keeps the rows."""
        aim = self.worth if objective is None else objective
        solution = maximised(
            aim,
            self.rows,
            least=self.least,
            most=self.most,
            whole=np.ones(self.worth.size, np.bool_),
        )
        return None if solution is None else solution.values > 0.5


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A bound on the sum, and of each school by how much it sinks when decided otherwise."""

    reduced: Numbers
    bound: float


def _priced(programme: _Programme, prices: Numbers) -> tuple[Numbers, _Bounded]:
    """Return the bound that prices of another problem's rows give for this one."""
    reduced = programme.worth.copy()
    bound = 0.0
    for row, price in zip(programme.rows, prices, strict=True):
        reduced[row.variables] -= price * row.factors
        side = row.most if price > 0 else row.least
        bound += price * side if price else 0.0
    bound += float(np.maximum(reduced * programme.least, reduced * programme.most).sum())
    return prices, _Bounded(reduced, bound)


def _as_whole(
    programme: _Programme, bounded: _Bounded, relaxed: Solution
) -> tuple[float, Flags] | None:
    """Return the relaxed optimum where it is whole already, else the whole one."""
    nearest = np.rint(relaxed.values)
    if np.abs(relaxed.values - nearest).max(initial=0.0) < 1e-7:
        return float(programme.worth @ nearest), nearest > 0.5
    return _solved(programme, bounded)


def _solved(programme: _Programme, bounded: _Bounded) -> tuple[float, Flags] | None:
    """Return the largest sum and a choice that has it."""
    loss = np.abs(bounded.reduced)
    loss[programme.least == programme.most] = np.inf
    usual = np.where(bounded.reduced > 0, programme.most, programme.least) > 0.5
    size = _CORE
    while True:
        whole = size >= loss.size
        limit = np.inf if whole else np.partition(loss, size - 1)[size - 1]
        fixed = (loss > limit) | (programme.least == programme.most)
        free_chosen = programme.with_fixed(usual, fixed).solved()
        if free_chosen is not None:
            chosen = usual.copy()
            chosen[~fixed] = free_chosen
            sum_ = float(programme.worth @ chosen)
            if whole or bounded.bound - limit < sum_ - _CLOSE:
                return sum_, chosen
        elif whole:
            return None
        size *= 4


def _first_of_ties(programme: _Programme, bounded: _Bounded, sum_: float, chosen: Flags) -> Flags:
    """Return the choice with this sum that holds the first schools."""
    loss = np.abs(bounded.reduced)
    loss[programme.least == programme.most] = np.inf
    undecided = np.flatnonzero(bounded.bound - loss >= sum_ - _CLOSE)
    fixed = np.ones(chosen.size, np.bool_)
    fixed[undecided] = False
    everybody = np.arange(chosen.size)
    held = replace(
        programme, rows=[*programme.rows, Row(everybody, programme.worth, sum_ - 0.5, sum_ + 0.5)]
    )
    chosen = chosen.copy()
    for start in range(0, undecided.size, _BLOCK):
        block = undecided[start : start + _BLOCK]
        part = held.with_fixed(chosen, fixed)
        aim = np.zeros(chosen.size)
        aim[block] = 2.0 ** np.arange(block.size)[::-1]
        free_chosen = part.solved(aim[~fixed])
        assert free_chosen is not None  # noqa: S101  the choice before has this sum
        chosen[~fixed] = free_chosen
        fixed[block] = True
    return chosen
