"""What each school would need to be in, and the nearest school across the line. Pure.

A school that is out is in once its score is at least `needs`: the best sum without it, less the
best sum of the others with it. That depends only on the limits it counts for, so schools of one
class share it. A tie at that score is settled by the published order, as everywhere.
"""

from collections.abc import Collection
from dataclasses import dataclass

from cloud.selection.optimizer import Best, best
from cloud.selection.ranked_pool import RankedPool


@dataclass(frozen=True, slots=True)
class Need:
    """Of one school: the least score that brings (or keeps) it in, in units; None for any.

    `is_reachable` is False where no score does. `rival` makes room for it or would come in its
    stead. `is_tied`: with the score it has, only the order of ties decided. `level` is the score at
    which it would be level with the school `level_with`, so that the order of ties decides; None
    where there is no such score. `least` takes the columns of that order as they are.
    """

    least: int | None
    is_reachable: bool
    rival: int | None
    is_tied: bool
    level: int | None = None
    level_with: int | None = None


_ANY = Need(None, is_reachable=True, rival=None, is_tied=False)
_NEVER = Need(None, is_reachable=False, rival=None, is_tied=False)


def needs_of(field: RankedPool, chosen: Best) -> list[Need]:
    """Return what each school needs, by its number."""
    inside = set(chosen.chosen)
    bound = field.problem.inside | field.problem.outside
    of_class: dict[int, tuple[int, Best | None]] = {}
    needs = []
    for number in range(len(field.schools)):
        if number in bound:
            needs.append(_ANY if number in inside else _NEVER)
        elif number in inside:
            needs.append(_to_stay(field, chosen, number))
        else:
            kind = int(field.problem.classes[number])
            if kind not in of_class:
                of_class[kind] = number, _with(field, chosen, number)
            other, with_it = of_class[kind]
            if other != number and with_it is not None and number in with_it.chosen:
                other, with_it = number, _with(field, chosen, number)
            needs.append(_to_enter(field, chosen, number, other, with_it))
    return needs


def _with(field: RankedPool, chosen: Best, number: int) -> Best | None:
    return best(field.problem.forced(inside=[number]), chosen.prices)


def _to_stay(field: RankedPool, chosen: Best, number: int) -> Need:
    without = best(field.problem.forced(outside=[number]), chosen.prices)
    if without is None:
        return _ANY
    came = sorted(set(without.chosen) - set(chosen.chosen))
    rival = came[0] if came else None
    if without.count < chosen.count:
        return Need(None, is_reachable=True, rival=rival, is_tied=False)
    least = int(field.values[number]) - (chosen.value - without.value)
    others = set(chosen.chosen) - {number}
    wins = _wins(field, number, least, others, set(without.chosen))
    return Need(
        max(0, least if wins else least + 1),
        is_reachable=True,
        rival=rival,
        is_tied=without.value == chosen.value,
    )


def _to_enter(
    field: RankedPool, chosen: Best, number: int, other: int, with_other: Best | None
) -> Need:
    if with_other is None or with_other.count < chosen.count:
        return _NEVER
    others = set(with_other.chosen) - {other}
    went = sorted(set(chosen.chosen) - others)
    rival = went[-1] if went else None
    if with_other.count > chosen.count:
        return Need(None, is_reachable=True, rival=rival, is_tied=False)
    least = chosen.value - (with_other.value - int(field.values[other]))
    wins = _wins(field, number, least, others, set(chosen.chosen))
    level_with = _level_with(field, least, others, set(chosen.chosen))
    return Need(
        max(0, least if wins else least + 1),
        is_reachable=True,
        rival=rival,
        is_tied=int(field.values[number]) == least and not wins,
        level=None if level_with is None else least,
        level_with=level_with,
    )


def _wins(
    field: RankedPool, number: int, value: int, others: Collection[int], without: Collection[int]
) -> bool:
    """Return whether the school with others comes before a set without it, of the same sum."""
    keys_with = [field.key(other) for other in set(others) - set(without)]
    keys_without = [field.key(other) for other in set(without) - set(others)]
    return min([*keys_with, field.key(number, value)]) < min(keys_without)


def _level_with(
    field: RankedPool, value: int, others: Collection[int], without: Collection[int]
) -> int | None:
    """Return the school that one with this value and others has to come before, if level with it.

    None where the others come before it already, or the value alone decides.
    """
    first = min(set(without) - set(others), key=field.key)
    helpers = set(others) - set(without)
    if helpers and min(map(field.key, helpers)) < field.key(first):
        return None
    return first if int(field.values[first]) == value else None
