"""Rules that cannot hold together: a smallest set of them, as messages. Pure.

Each rule in turn is left out; where the rest still conflicts it stays out. What remains conflicts,
and without any one of them would not. Rules are tried in a fixed order: quotas in their order,
places, what is hard, overrides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cloud.messages import Message, message
from cloud.selection.optimizer import Limit, SelectionProblem, feasible
from cloud.selection.ranked_pool import RankedPool
from cloud.selection.rules import SelectionRules

_KINDS = ("least", "most", "places", "hard", "override in", "override out")


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: str
    number: int
    text: Message


def conflicting(pool: RankedPool, rules: SelectionRules) -> tuple[Message, ...]:
    """Return a smallest set of rules that cannot hold together; empty where all can."""
    kept = list(_all(pool, rules))
    if feasible(_problem(pool, kept)):
        return ()
    for rule in list(kept):
        rest = [other for other in kept if other is not rule]
        if not feasible(_problem(pool, rest)):
            kept = rest
    return tuple(rule.text for rule in kept)


def _all(pool: RankedPool, rules: SelectionRules) -> Iterator[_Rule]:
    able = pool.problem.able
    for number, group in enumerate(pool.groups):
        members = pool.problem.limits[number].members
        if group.quota.least:
            text = message(
                "selection.conflict.least",
                group=group.id,
                least=group.quota.least,
                schools=int(members.sum()),
                eligible=int((members & able).sum()),
            )
            yield _Rule("least", number, text)
        if group.quota.most is not None:
            text = message("selection.quota.most", group=group.id, most=group.quota.most)
            yield _Rule("most", number, text)
    yield _Rule("places", 0, message("selection.conflict.places", places=rules.places))
    yield _Rule("hard", 0, message("selection.conflict.hard"))
    numbers = {school: number for number, school in enumerate(pool.schools)}
    for override in rules.overrides:
        yield _Rule(
            f"override {override.decision}",
            numbers[override.school],
            message(
                "selection.conflict.override",
                school=override.school,
                decision=message(f"selection.decision.{override.decision}"),
                by=override.by,
            ),
        )


def _problem(pool: RankedPool, rules: list[_Rule]) -> SelectionProblem:
    """Return the problem in which only these rules hold."""
    numbers = {kind: {rule.number for rule in rules if rule.kind == kind} for kind in _KINDS}
    limits = tuple(
        Limit(
            limit.members,
            limit.least if number in numbers["least"] else 0,
            limit.most if number in numbers["most"] else None,
        )
        for number, limit in enumerate(pool.problem.limits)
    )
    size = len(pool.schools)
    return replace(
        pool.problem,
        limits=limits,  # of the same members, so the classes stay
        places=pool.problem.places if numbers["places"] else size,
        able=pool.problem.able if numbers["hard"] else np.ones(size, np.bool_),
        inside=frozenset(numbers["override in"]),
        outside=frozenset(numbers["override out"]),
    )
