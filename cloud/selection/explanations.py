"""Why a school is selected or not: the rule that decided, as a message. Pure.

A message holds figures and codes; `cloud.selection.names` puts names in their place when it is
read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from cloud.messages import Message, message
from cloud.selection.entry_score import Need
from cloud.selection.optimizer import Best, best
from cloud.selection.ranked_pool import Group, RankedPool
from cloud.selection.rules import SelectionRules

Decided = Literal[
    "score",
    "tie_break",
    "quota",
    "everybody",
    "override",
    "coverage",
    "gate",
    "mark",
    "rule",
]
Side = Literal["least", "most", "both"]
"""Which bounds of a quota are reached."""
_HARD: Sequence[tuple[str, Decided]] = (("gates", "gate"), ("marks", "mark"), ("rules", "rule"))


@dataclass(frozen=True, slots=True)
class Reason:
    """What decided about a school; `because` are gates, marks, rules or quotas."""

    decided: Decided
    because: tuple[str, ...]
    text: Message


@dataclass(frozen=True, slots=True)
class Binding:
    """A quota that binds, and the schools that would be selected without it."""

    group: Group
    side: Side
    selected_without: frozenset[int]


@dataclass(frozen=True, slots=True)
class Explained:
    """A selection with all that its reasons are made of; schools are numbers of the pool."""

    pool: RankedPool
    rules: SelectionRules
    chosen: Best
    needs: Sequence[Need]
    places: Sequence[int | None]
    """Of each school its place among the eligible ones."""
    bindings: Sequence[Binding]
    by_rules: frozenset[int]
    """The schools that would be selected without overrides."""
    selected: frozenset[int]


def explained(
    pool: RankedPool, rules: SelectionRules, chosen: Best, needs: Sequence[Need]
) -> Explained:
    """Return a selection with all that its reasons are made of."""
    problem = pool.problem
    by_rules = chosen
    if rules.overrides:
        free = type(problem)(
            problem.values, problem.able, problem.places, problem.limits, classes=problem.classes
        )
        by_rules = best(free) or chosen
    eligible_before = problem.able.cumsum()
    places = [
        int(eligible_before[number]) if problem.able[number] else None
        for number in range(len(pool.schools))
    ]
    return Explained(
        pool,
        rules,
        chosen,
        needs,
        places,
        _bindings(pool, chosen),
        frozenset(by_rules.chosen),
        frozenset(chosen.chosen),
    )


def reason(case: Explained, number: int) -> Reason:
    """Return why a school is selected, or why it is not."""
    is_in = number in case.selected
    problem = case.pool.problem
    if number in (problem.inside if is_in else problem.outside):
        return _overridden(case, number, is_in=is_in)
    if case.pool.failed[number]:
        return _hard(case, number)
    if case.rules.overrides and is_in != (number in case.by_rules):
        return Reason("override", (), message(f"selection.reason.displaced_{_side(is_in=is_in)}"))
    return _compared(case, number, is_in=is_in)


def order(rules: SelectionRules) -> tuple[Message, ...]:
    """Return the published order: the score, the columns that settle a tie, the school's code."""
    columns = ("coverage",) if rules.tie_break is None else rules.tie_break
    return (
        message("selection.order.score", decimals=rules.decimals),
        *(
            message(
                "selection.order.less" if column.startswith("-") else "selection.order.more",
                title=column.removeprefix("-"),
            )
            for column in columns
        ),
        message("selection.order.code"),
    )


def notes(pool: RankedPool, rules: SelectionRules, chosen: Best) -> tuple[Message, ...]:
    """Return what a reader of the list has to know: empty places, quotas without a school."""
    texts = []
    empty = rules.places - chosen.count
    if empty and pool.eligible <= chosen.count:
        texts.append(message("selection.note.few", eligible=pool.eligible, empty=empty))
    elif empty:
        texts.append(message("selection.note.empty", empty=empty))
    texts += [
        message("selection.note.no_school", group=group.id, code=group.code)
        for group, limit in zip(pool.groups, pool.problem.limits, strict=True)
        if not limit.members.any()
    ]
    return tuple(texts)


def quota_text(group: Group, side: Side) -> Message:
    """Return the bounds of a quota as a message."""
    quota = group.quota
    if side == "both":
        return message("selection.quota.both", group=group.id, least=quota.least)
    if side == "least":
        return message("selection.quota.least", group=group.id, least=quota.least)
    return message("selection.quota.most", group=group.id, most=quota.most)


def _side(*, is_in: bool) -> str:
    return "in" if is_in else "out"


def _bindings(pool: RankedPool, chosen: Best) -> list[Binding]:
    bindings = []
    for number, group in enumerate(pool.groups):
        members = pool.problem.limits[number].members
        selected = int(members[list(chosen.chosen)].sum())
        is_least = selected == group.quota.least and selected > 0
        is_most = group.quota.most is not None and selected == group.quota.most
        if is_least or is_most:
            other = best(pool.problem.without(number))
            side: Side = "both" if is_least and is_most else "least" if is_least else "most"
            bindings.append(Binding(group, side, frozenset(other.chosen if other else ())))
    return bindings


def _overridden(case: Explained, number: int, *, is_in: bool) -> Reason:
    school = case.pool.schools[number]
    override = next(override for override in case.rules.overrides if override.school == school)
    return Reason(
        "override",
        (),
        message(
            "selection.reason.override",
            now=message(f"selection.decision.{_side(is_in=is_in)}"),
            by=override.by,
            why=override.reason.rstrip(" 。.；;"),
            was=message(f"selection.decision.{_side(is_in=number in case.by_rules)}"),
        ),
    )


def _compared(case: Explained, number: int, *, is_in: bool) -> Reason:
    """Return why an eligible school is on its side of the line."""
    bindings = [
        binding for binding in case.bindings if is_in != (number in binding.selected_without)
    ]
    place = case.places[number]
    if not bindings and is_in != (place is not None and place <= case.chosen.count):
        bindings = _together(case, number, is_in=is_in)
    if bindings:
        return _by_quota(case, number, bindings, is_in=is_in)
    eligible, places = case.pool.eligible, case.rules.places
    if is_in and eligible <= places:
        text = message("selection.reason.everybody", eligible=eligible, places=places)
        return Reason("everybody", (), text)
    need = case.needs[number]
    if need.is_tied and need.rival is not None:
        return _tied(case, number, need.rival, is_in=is_in)
    return _by_score(case, number, need, is_in=is_in)


def _hard(case: Explained, number: int) -> Reason:
    failed = case.pool.failed[number]
    parts = []
    decided: Decided | None = None
    because: tuple[str, ...] = ()
    if "coverage" in failed:
        decided = "coverage"
        coverage = case.pool.coverage[number]
        parts.append(
            message("selection.hard.no_evidence")
            if coverage is None
            else message("selection.hard.coverage", coverage=coverage)
        )
    for kind, which in _HARD:
        if kind in failed:
            parts += _failed(kind, failed[kind], case.pool.marks_without_data[number])
            if decided is None:
                decided, because = which, tuple(failed[kind])
    assert decided is not None  # noqa: S101  only a school that fails something comes here
    return Reason(decided, because, message("selection.reason.hard", parts=parts))


def _failed(kind: str, names: Sequence[str], unseen: Collection[str]) -> list[Message]:
    """Return what a school fails; pass marks that it misses only for lack of data on their own."""
    missed = [name for name in names if kind != "marks" or name not in unseen]
    parts = [message(f"selection.hard.{kind}", titles=missed)] if missed else []
    if len(missed) < len(names):
        others = [name for name in names if name not in missed]
        parts.append(message("selection.hard.marks_unseen", titles=others))
    return parts


def _together(case: Explained, number: int, *, is_in: bool) -> list[Binding]:
    """Return the quotas that decided together, where no single one did.

    First the school's own groups: the full ones of a school that is out, the needy ones of one that
    is in. Else the other groups.
    """
    groups = {
        group.id
        for group, limit in zip(case.pool.groups, case.pool.problem.limits, strict=True)
        if limit.members[number]
    }
    sides_of_own, sides_of_others = ("least", "most") if is_in else ("most", "least")
    bindings = [
        binding
        for binding in case.bindings
        if binding.group.id in groups and binding.side in {sides_of_own, "both"}
    ]
    if not bindings:
        bindings = [
            binding
            for binding in case.bindings
            if binding.group.id not in groups and binding.side in {sides_of_others, "both"}
        ]
    return bindings or list(case.bindings)


def _by_quota(case: Explained, number: int, bindings: Sequence[Binding], *, is_in: bool) -> Reason:
    return Reason(
        "quota",
        tuple(binding.group.id for binding in bindings),
        message(
            f"selection.reason.quota_{_side(is_in=is_in)}",
            score=_score(case, number),
            place=case.places[number],
            quotas=[quota_text(binding.group, binding.side) for binding in bindings],
        ),
    )


def _tied(case: Explained, number: int, rival: int, *, is_in: bool) -> Reason:
    pool = case.pool
    side = _side(is_in=is_in)
    values = {"score": _score(case, number), "school": pool.schools[rival]}
    if pool.values[number] != pool.values[rival]:
        return Reason("tie_break", (), message(f"selection.reason.tie_order_{side}", **values))
    for column, figures in pool.columns.items():
        if figures[number] != figures[rival]:
            text = message(f"selection.reason.tie_column_{side}", title=column, **values)
            return Reason("tie_break", (), text)
    return Reason("tie_break", (), message(f"selection.reason.tie_code_{side}", **values))


def _by_score(case: Explained, number: int, need: Need, *, is_in: bool) -> Reason:
    values = {
        "score": _score(case, number),
        "place": case.places[number],
        "places": case.rules.places,
    }
    if is_in:
        return Reason("score", (), message("selection.reason.score_in", **values))
    if need.least is None:
        return Reason("score", (), message("selection.reason.score_out", **values))
    text = message("selection.reason.score_out_needs", **values, needs=case.pool.shown(need.least))
    return Reason("score", (), text)


def _score(case: Explained, number: int) -> str:
    return case.pool.shown(int(case.pool.values[number]))
