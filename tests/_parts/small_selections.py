"""Small selections made at random, and the plain search through all sets that they are held to."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st

from cloud.selection.optimizer import Limit, SelectionProblem
from cloud.selection.rules import SelectionRules, rules_of

VALUES = st.sampled_from([70, 71, 72, 80, 100])
SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "id": pl.String,
    "value": pl.Float64,
    "coverage": pl.Float64,
    "use": pl.Float64,
    "failed_gates": pl.List(pl.String),
    "failed_marks": pl.List(pl.String),
    "failed_rules": pl.List(pl.String),
    "division": pl.String,
    "stage": pl.String,
    "urban_rural": pl.String,
}


@st.composite
def problems(draw: st.DrawFn) -> SelectionProblem:
    """Return a problem of at most eight schools."""
    values = sorted(draw(st.lists(VALUES, max_size=8)), reverse=True)
    size = len(values)
    flags = st.lists(st.booleans(), min_size=size, max_size=size)
    limits = []
    for _ in range(draw(st.integers(0, 4))):
        least = draw(st.sampled_from([0, 0, 1, 2]))
        most = draw(st.sampled_from([None, 0, 1, 2]))
        limits.append(
            Limit(np.array(draw(flags), np.bool_), least, most if most is None else least + most)
        )
    problem = SelectionProblem(
        np.array(values, np.int64),
        np.array(draw(flags), np.bool_),
        draw(st.integers(0, 5)),
        tuple(limits),
    )
    if size and draw(st.booleans()):
        number = draw(st.integers(0, size - 1))
        way = draw(st.sampled_from(["inside", "outside"]))
        problem = problem.forced(**{way: [number]})
    return problem


def all_sets(problem: SelectionProblem) -> Iterable[tuple[int, ...]]:
    """Yield every set that keeps the limits."""
    size = problem.values.size
    open_ = [
        number
        for number in range(size)
        if (problem.able[number] and number not in problem.outside) or number in problem.inside
    ]
    for many in range(min(problem.places, len(open_)) + 1):
        for chosen in combinations(open_, many):
            counts = [sum(bool(limit.members[n]) for n in chosen) for limit in problem.limits]
            kept = all(
                limit.least <= count <= (size if limit.most is None else limit.most)
                for limit, count in zip(problem.limits, counts, strict=True)
            )
            if kept and problem.inside <= set(chosen):
                yield chosen


def best_of_all(problem: SelectionProblem) -> tuple[int, ...] | None:
    """Return the best set by looking at every one."""

    def worth(chosen: tuple[int, ...]) -> tuple[int, int, list[bool]]:
        holds = [number in chosen for number in range(problem.values.size)]
        return len(chosen), sum(int(problem.values[n]) for n in chosen), holds

    return max(all_sets(problem), key=worth, default=None)


SCHOOL = st.fixed_dictionaries(
    {
        "value": st.one_of(st.none(), st.sampled_from([70.0, 70.5, 80.0, 80.004, 95.25])),
        "coverage": st.sampled_from([0.8, 0.9, 1.0]),
        "use": st.sampled_from([None, 50.0, 60.0]),
        "failed_gates": st.sampled_from([[], [], [], ["F01"]]),
        "failed_marks": st.sampled_from([[], [], [], ["total", "use"]]),
        "failed_rules": st.sampled_from([[], [], [], ["seven"]]),
        "division": st.sampled_from([None, "331002", "331003", "331024"]),
        "stage": st.sampled_from([None, "KG", "PRI"]),
        "urban_rural": st.sampled_from(["111", "210", "220"]),
    }
)
QUOTA = st.sampled_from([{}, {"least": 1}, {"least": 2}, {"most": 1}, {"least": 1, "most": 2}])


@st.composite
def schools(draw: st.DrawFn) -> pl.DataFrame:
    """Return at most nine schools."""
    rows = draw(st.lists(SCHOOL, max_size=9))
    return frame({"id": f"S{number}", **row} for number, row in enumerate(rows))


def frame(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Return schools as candidates; keys that a row leaves out have usual values."""
    usual = {
        "coverage": 1.0,
        "failed_gates": [],
        "failed_marks": [],
        "failed_rules": [],
        "division": None,
        "stage": None,
        "urban_rural": None,
        "use": None,
    }
    return pl.DataFrame([{**usual, **row} for row in rows], schema=SCHEMA)


@st.composite
def rules(draw: st.DrawFn) -> SelectionRules:
    """Return rules of few places, with or without quotas."""
    return rules_of(
        {
            "places": draw(st.integers(0, 5)),
            "decimals": draw(st.sampled_from([0, 2])),
            "tie_break": draw(st.sampled_from([["use", "coverage"], ["-coverage"]])),
            "min_coverage": draw(st.sampled_from([None, 0.85])),
            "quotas": {
                "division": {code: draw(QUOTA) for code in ("331002", "331003")},
                "stage": {"KG": draw(QUOTA)},
                "urban_rural": {"2": draw(QUOTA)},
            },
        }
    )
