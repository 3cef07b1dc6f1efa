"""Places given in the order of ranks, in many runs at once. Pure.

Not the exact selection (`cloud.selection.optimizer`), but one that can be made ten thousand times:
a
school is taken unless a group of it is full, or the places left are all needed by groups that have
less than their least. That is exact without quotas, and with quotas of one kind whose groups do not
overlap.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.robustness.array_engine import Flags, Numbers
from cloud.selection.ranked_pool import RankedPool

_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Places:
    """How many places there are, and what binds them; schools are numbers.

    `limits`: of each group its kind, its members, the least and the most of them.
    """

    places: int
    limits: tuple[tuple[str, Flags, int, int | None], ...] = ()
    inside: tuple[int, ...] = ()
    outside: tuple[int, ...] = ()


def places_of(field: RankedPool, rated: Numbers) -> Places:
    """Return the places of a selection among those of its schools that are rated."""
    problem = field.problem
    numbers = {number: at for at, number in enumerate(rated.tolist())}
    return Places(
        places=problem.places,
        limits=tuple(
            (group.group, limit.members[rated], limit.least, limit.most)
            for group, limit in zip(field.groups, problem.limits, strict=True)
        ),
        inside=tuple(sorted(numbers[number] for number in problem.inside if number in numbers)),
        outside=tuple(sorted(numbers[number] for number in problem.outside if number in numbers)),
    )


def given(order: NDArray[np.int64], able: Flags, places: Places) -> Numbers:
    """Return in how many runs each school is given a place; `order` and `able` are by run."""
    runs, size = order.shape
    counts = np.zeros(size, np.int64)
    able = able.copy()
    able[:, [*places.inside, *places.outside]] = False
    counts[list(places.inside)] = runs
    left = max(0, places.places - len(places.inside))
    if not left or not size:
        return counts
    # So far down that the places are likely to be filled; further where they are not.
    ahead = min(size, int(left * _AHEAD / max(float(able.mean()), 1e-3)))
    least = _least(able, places)
    while True:
        taken = _taken(order[:, :ahead], able, places, left, least, is_all=ahead == size)
        if ahead == size or not taken.any_left:
            break
        ahead = min(size, ahead * 4)
    counts += np.bincount(taken.schools, minlength=size)
    return counts


@dataclass(frozen=True, slots=True)
class _Taken:
    schools: Numbers
    any_left: bool


def _least(able: Flags, places: Places) -> NDArray[np.int32]:
    """Return by run and group the least, or as many as may be taken where these are fewer."""
    least_by_run = np.zeros((able.shape[0], len(places.limits)), np.int32)
    for number, (_, members, least, _) in enumerate(places.limits):
        if least:
            there = able[:, members].sum(axis=1) + int(members[list(places.inside)].sum())
            least_by_run[:, number] = np.minimum(there, least)
    return least_by_run


def _taken(
    order: NDArray[np.int64],
    able: Flags,
    places: Places,
    left: int,
    least: NDArray[np.int32],
    *,
    is_all: bool,
) -> _Taken:
    may = np.take_along_axis(able, order, axis=1)
    if not places.limits:
        nth = np.cumsum(may, axis=1, dtype=np.int32)
        return _Taken(order[may & (nth <= left)], bool((nth[:, -1] < left).any()))
    return _by_quota(order, may, places, left, least, is_all=is_all)


def _by_quota(
    order: NDArray[np.int64],
    may: Flags,
    places: Places,
    left: int,
    least: NDArray[np.int32],
    *,
    is_all: bool,
) -> _Taken:
    """Go down the order in all runs at once, each run over those who may be taken in it.

    Places that were kept for groups and found no school go to the next ones within the limits.
    """
    runs = order.shape[0]
    many = may.sum(axis=1)
    length = int(many.max(initial=0))
    first = np.argsort(~may, axis=1, kind="stable")[:, :length]  # who may not be taken is last
    queue = np.take_along_axis(order, first, axis=1)
    members = np.stack([flags for _, flags, _, _ in places.limits], axis=1).astype(np.int32)
    size = np.iinfo(np.int32).max
    most = np.array([size if most is None else most for *_, most in places.limits], np.int32)
    kinds = sorted({kind for kind, *_ in places.limits})
    of_kind = np.array(
        [[float(group == kind) for kind in kinds] for group, *_ in places.limits], np.int32
    )
    counts = np.zeros((runs, len(places.limits)), np.int32)
    counts += members[list(places.inside)].sum(axis=0, dtype=np.int32)
    room = np.full(runs, left, np.int32)
    waiting = np.arange(length) < many[:, None]
    taken: list[Numbers] = []
    for keeps in (True, False) if is_all else (True,):
        for at in range(length):
            if not room.any():
                break
            school = queue[:, at]
            membership = members[school]
            then = counts + membership
            needed = (np.maximum(least - then, 0) @ of_kind).max(axis=1) if keeps else 0
            fits = (then * membership <= most).all(axis=1)
            takes = waiting[:, at] & (room > needed) & fits
            counts = np.where(takes[:, None], then, counts)
            room -= takes
            waiting[:, at] &= ~takes
            taken.append(school[takes])
    schools = np.concatenate(taken) if taken else np.zeros(0, np.int64)
    return _Taken(schools, bool(room.any()))
