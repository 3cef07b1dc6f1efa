"""Rules that cannot hold together: a smallest set of them, in words. Pure.

Each rule in turn is left out; where the rest still clashes it stays out. What remains clashes, and
without any one of them would not. Rules are tried in a fixed order: quotas as they stand, places,
what is hard, overrides.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cloud.localized_text import LocalizedText
from cloud.selection.optimizer import Limit, SelectionProblem, feasible
from cloud.selection.ranked_pool import RankedPool
from cloud.selection.rules import SelectionRules


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: str
    number: int
    words: LocalizedText


def clashing(field: RankedPool, rules: SelectionRules) -> tuple[LocalizedText, ...]:
    """Return a smallest set of rules that cannot hold together; empty where all can."""
    kept = list(_all(field, rules))
    if feasible(_contest(field, kept)):
        return ()
    for rule in list(kept):
        rest = [one for one in kept if one is not rule]
        if not feasible(_contest(field, rest)):
            kept = rest
    return tuple(rule.words for rule in kept)


def _all(field: RankedPool, rules: SelectionRules) -> Iterator[_Rule]:
    able = field.problem.able
    for number, one in enumerate(field.groups):
        members = field.problem.limits[number].members
        there, may = int(members.sum()), int((members & able).sum())
        if one.quota.least:
            yield _Rule(
                "least",
                number,
                LocalizedText(
                    f"{one.title.zh}至少 {one.quota.least} 所（共 {there} 所，符合条件 {may} 所）",
                    f"{one.title.en}: at least {one.quota.least} "
                    f"(has {there} schools, of which {may} may be selected)",
                ),
            )
        if one.quota.most is not None:
            yield _Rule(
                "most",
                number,
                LocalizedText(
                    f"{one.title.zh}至多 {one.quota.most} 所",
                    f"{one.title.en}: at most {one.quota.most}",
                ),
            )
    yield _Rule("places", 0, LocalizedText(f"名额 {rules.places} 个", f"{rules.places} places"))
    yield _Rule(
        "hard",
        0,
        LocalizedText(
            "只有证据充分且达到否决线、及格线的学校可以入选",
            "only schools with enough evidence that pass gates, marks and rules may be selected",
        ),
    )
    numbers = {school: number for number, school in enumerate(field.schools)}
    for override in rules.overrides:
        zh, en = ("入选", "in") if override.decision == "in" else ("不入选", "out")
        number = numbers[override.school]
        name = field.names[number]
        yield _Rule(
            f"override {override.decision}",
            number,
            LocalizedText(
                f"人工改判：{name} {zh}（{override.by}）",
                f"override: {name} is {en} ({override.by})",
            ),
        )


def _contest(field: RankedPool, rules: list[_Rule]) -> SelectionProblem:
    """Return the problem in which only these rules hold."""
    of = {
        kind: {rule.number for rule in rules if rule.kind == kind}
        for kind in ("least", "most", "places", "hard", "override in", "override out")
    }
    limits = tuple(
        Limit(
            limit.members,
            limit.least if number in of["least"] else 0,
            limit.most if number in of["most"] else None,
        )
        for number, limit in enumerate(field.problem.limits)
    )
    size = len(field.schools)
    return replace(
        field.problem,
        limits=limits,  # of the same members, so the classes stay
        places=field.problem.places if of["places"] else size,
        able=field.problem.able if of["hard"] else np.ones(size, np.bool_),
        inside=frozenset(of["override in"]),
        outside=frozenset(of["override out"]),
    )
