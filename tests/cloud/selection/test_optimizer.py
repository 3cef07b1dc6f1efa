"""The best set, against a search through all of them."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.selection.optimizer import Limit, SelectionProblem, best, feasible
from tests._parts.small_selections import all_sets, best_of_all, problems


@settings(max_examples=300, deadline=None)
@given(problems())
def test_the_best_set_is_the_one_that_a_search_through_all_finds(problem: SelectionProblem) -> None:
    best_set = best(problem)
    assert (best_set.chosen if best_set else None) == best_of_all(problem)
    assert feasible(problem) == (best_set is not None)


@settings(max_examples=150, deadline=None)
@given(problems(), st.data())
def test_prices_of_a_problem_serve_the_next_in_which_one_school_is_decided(
    problem: SelectionProblem, data: st.DataObject
) -> None:
    best_set = best(problem)
    if best_set is None or not problem.values.size:
        return
    number = data.draw(st.integers(0, problem.values.size - 1))
    way: dict[str, Any] = {data.draw(st.sampled_from(["inside", "outside"])): [number]}
    other = problem.forced(**way)
    again = best(other, best_set.prices)
    assert (again.chosen if again else None) == best_of_all(other)


@settings(max_examples=100, deadline=None)
@given(problems(), st.data())
def test_a_limit_that_is_dropped_no_longer_binds(
    problem: SelectionProblem, data: st.DataObject
) -> None:
    if problem.limits:
        other = problem.without(data.draw(st.integers(0, len(problem.limits) - 1)))
        best_set = best(other)
        assert (best_set.chosen if best_set else None) == best_of_all(other)
        assert set(all_sets(problem)) <= set(all_sets(other))


def test_a_core_that_is_too_small_grows() -> None:
    """Three kinds of limits at once, on which linear relaxations are seldom whole."""
    random = np.random.default_rng(3)
    for _ in range(20):
        size = 400
        values = np.sort(random.integers(6000, 6040, size))[::-1].copy()
        groups = [random.integers(0, kinds, size) for kinds in (9, 5, 7)]
        limits = tuple(
            Limit(codes == kind, 60 // (codes.max() + 1) - 2, 60 // (codes.max() + 1) + 1)
            for codes in groups
            for kind in range(int(codes.max()) + 1)
        )
        problem = SelectionProblem(values, random.random(size) < 0.9, 50, limits)
        best_set = best(problem)
        assert best_set is not None
        assert best_set.count == 50
        assert all(
            limit.least <= limit.members[list(best_set.chosen)].sum() <= (limit.most or 0)
            for limit in limits
        )
        held = problem.forced(inside=[best_set.chosen[-1]])
        again = best(held, best_set.prices)
        assert again is not None
        assert (again.value, again.chosen) == (best_set.value, best_set.chosen)
