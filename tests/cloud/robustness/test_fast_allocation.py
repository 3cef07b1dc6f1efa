"""Places given in order: the exact selection without quotas and with quotas of one kind."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.robustness.fast_allocation import Places
from cloud.robustness.fast_allocation import given as places_given
from cloud.selection.optimizer import Limit, SelectionProblem, best


def chosen(order: list[int], able: list[bool], places: Places) -> tuple[int, ...]:
    counts = places_given(np.array([order], np.int64), np.array([able], np.bool_), places)
    return tuple(np.flatnonzero(counts).tolist())


@st.composite
def cases(draw: st.DrawFn) -> tuple[SelectionProblem, Places]:
    size = draw(st.integers(1, 9))
    able = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), np.bool_)
    group = np.array(draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)))
    many = draw(st.integers(0, 5))
    limits = []
    for number in range(draw(st.integers(0, 3))):
        least = draw(st.integers(0, 2))
        more = draw(st.sampled_from([None, 0, 1]))
        limits.append(Limit(group == number, least, None if more is None else least + more))
    problem = SelectionProblem(np.arange(size, 0, -1, dtype=np.int64), able, many, tuple(limits))
    kinds = tuple(("division", limit.members, limit.least, limit.most) for limit in limits)
    return problem, Places(many, kinds)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_with_quotas_of_one_kind_the_places_are_those_of_the_best_set(
    case: tuple[SelectionProblem, Places],
) -> None:
    problem, places = case
    exact = best(problem)
    if exact is not None:
        schools = chosen(list(range(problem.values.size)), problem.able.tolist(), places)
        assert schools == exact.chosen


def test_places_that_no_group_can_take_go_to_the_next() -> None:
    members = np.array([False, False, True])
    places = Places(2, (("division", members, 1, None),))
    assert chosen([0, 1, 2], [True, True, True], places) == (0, 2)
    assert chosen([0, 1, 2], [True, True, False], places) == (0, 1)


def test_groups_of_two_kinds_may_keep_a_place_that_is_then_given_away() -> None:
    division, stage = np.array([False, False, True, False]), np.array([False, False, True, False])
    places = Places(2, (("division", division, 1, None), ("stage", stage, 0, 0)))
    assert chosen([0, 1, 2, 3], [True] * 4, places) == (0, 1)


def test_overrides_take_and_leave_places() -> None:
    places = Places(2, inside=(3,), outside=(0,))
    assert chosen([0, 1, 2, 3], [True, True, True, False], places) == (1, 3)
    assert chosen([0, 1, 2, 3], [True] * 4, Places(1, inside=(3,))) == (3,)


def test_a_place_far_down_the_order_is_found() -> None:
    able = [False] * 300
    able[280] = True
    assert chosen(list(range(300)), able, Places(2)) == (280,)
    members = np.array(able)
    assert chosen(list(range(300)), [True] * 300, Places(1, (("stage", members, 1, None),))) == (
        280,
    )
