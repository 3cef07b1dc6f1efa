"""The cheapest improvements with which a school would be selected. Pure.

What it needs comes from the selection: the score that brings it in, and every gate, mark and
rule that is hard. What each clause gains for what money is in
`cloud.selection.improvement.clause_gains`. The cheapest
set of units that reaches all of it at once is a small mixed-integer programme, solved exactly.
Work and money are compared in one figure (`Cost.comparable`), and shown apart.

Never "improve everything": a clause without a cost gets no improvement and is named; a clause
without evidence gets none either, for its gain is unknown. A school whose coverage is
too low gets the clauses to give evidence of first, as few as will do. Where what is known to
be missing does not suffice, but what has no data would, that evidence comes first too, and the
answer holds if it turns out well. Where nothing within reach suffices, the answer is how far it
would come.

Only where clauses add up: for a standard that takes other than arithmetic means, or whose rules
bind clauses without a cost, the answer may be that it is not known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cloud.messages import Message, message
from cloud.scoring.engine.best_case import adds_up
from cloud.scoring.engine.column_names import ClauseColumns
from cloud.scoring.engine.engine import Scores
from cloud.scoring.engine.rounding import shortfall
from cloud.scoring.expressions import EPSILON
from cloud.scoring.standard.standard import TOTAL, Standard
from cloud.selection.improvement.clause_gains import Gain, Priced, gains, priced
from cloud.selection.improvement.cost_milp import Programme
from cloud.selection.improvement.plan import IS_IN, Improvement, Least, with_text
from cloud.selection.improvement.tie_columns import SCORES, Tie, Way, tie_of, ways
from cloud.selection.rules import SelectionRules

__all__ = ["Entry", "Improvement", "Least", "Priced", "least", "priced"]


@dataclass(frozen=True, slots=True)
class _Requirements:
    """What a school has to reach: sums of points by clause, and units of single clauses."""

    sums: Sequence[tuple[frozenset[str], float, str]]
    units: Mapping[str, int]
    counts: Sequence[tuple[Mapping[str, int], int, str]]
    """At least so many of these clauses have so many units."""
    missing: tuple[Message, ...]
    needs_pass_mark: bool = False
    most: Sequence[tuple[frozenset[str], float]] = ()
    """At most so many points of some clauses together."""


class Entry(Protocol):
    """What a selection came to for a school: what it would need to be in (see `Outcome`)."""

    @property
    def selected(self) -> bool: ...  # noqa: D102
    @property
    def needs(self) -> float | None: ...  # noqa: D102
    @property
    def is_reachable(self) -> bool: ...  # noqa: D102
    @property
    def level(self) -> float | None: ...  # noqa: D102
    @property
    def level_with(self) -> str | None: ...  # noqa: D102


def least(
    pricing: Priced, rules: SelectionRules, school: str, outcome: Entry, schools: Scores
) -> Least:
    """Return the least it would take for a school; nothing for one that is in.

    `schools` are the scores of all schools, among them the one that it may be level with.
    """
    tie = None
    if outcome.level is not None and outcome.level_with is not None:
        tie = tie_of(schools, rules, school, outcome.level_with, outcome.level)
    plan = _least(pricing, rules, school, outcome.needs, tie, is_reachable=outcome.is_reachable)
    if not outcome.selected:
        return plan
    return replace(
        plan,
        is_possible=True,
        value_then=pricing.totals[school]["raw"],
        improvements=(),
        evidence=(),
        missing=(),
        yuan=0.0,
        days=0.0,
        text=IS_IN,
    )


def _least(
    pricing: Priced,
    rules: SelectionRules,
    school: str,
    needs: float | None,
    tie: Tie | None,
    *,
    is_reachable: bool,
) -> Least:
    """Return the least for a school that is out.

    Without a tie, the order of ties is taken as it is: `needs` is the score that brings it in.
    """
    standard, totals = pricing.scores.standard, pricing.totals[school]
    blank = _blank(pricing, school, needs)
    if totals["raw"] is None:
        return replace(blank, is_possible=False, text=message("improvement.nothing_applies"))
    if not is_reachable:
        return replace(blank, is_possible=False, text=message("improvement.no_score"))
    if not adds_up(standard):
        return replace(blank, text=message("improvement.not_computed"))
    known = {gain.clause.id: gain for gain in gains(pricing, school)}
    available, requirements = known, _requirements(pricing, rules, blank, known)
    evidence = _evidence(pricing, rules, school)
    way, steps = _steps(pricing, rules, school, available, requirements, tie)
    unsure: tuple[str, ...] = ()
    if steps is None:
        hoped = {gain.clause.id: gain for gain in gains(pricing, school, is_all_seen=True)}
        hoped_requirements = _requirements(pricing, rules, blank, hoped)
        way, steps = _steps(pricing, rules, school, hoped, hoped_requirements, tie)
        if steps is not None:
            available, unsure = hoped, _beyond(known, steps)
            evidence = (*evidence, *(name for name in unsure if name not in evidence))
    if steps is None:
        missing = requirements.missing or _out_of_reach(available, requirements)
        possible = None if evidence else False
        failed = replace(blank, is_possible=possible, evidence=evidence, missing=missing)
        return with_text(failed)
    scale = standard.scale
    improvements = tuple(
        Improvement(
            clause=name,
            attained=available[name].attained,
            becomes=available[name].becomes(units, scale),
            points=available[name].gained(units),
            units=units if available[name].is_by_unit else None,
            yuan=units * (available[name].cost.yuan or 0.0),
            days=units * (available[name].cost.days or 0.0),
        )
        for name, units in steps.items()
    )
    return with_text(
        replace(
            blank,
            needs=blank.needs if way is None else way.score,
            is_possible=None if unsure or _gates_unseen(pricing, rules, school) else True,
            value_then=min(
                scale, totals["raw"] + sum(improvement.points for improvement in improvements)
            ),
            improvements=tuple(sorted(improvements, key=lambda gain: (-gain.points, gain.clause))),
            yuan=sum(improvement.yuan for improvement in improvements),
            days=sum(improvement.days for improvement in improvements),
            evidence=evidence,
        ),
        is_hoped=bool(unsure),
    )


def _steps(
    pricing: Priced,
    rules: SelectionRules,
    school: str,
    available: Mapping[str, Gain],
    requirements: _Requirements,
    tie: Tie | None,
) -> tuple[Way | None, dict[str, int] | None]:
    """Return the cheapest units of each clause, None where none suffice, and the way in they take.

    The way is None where no tie is given, so that the score required is the one that is needed.
    """
    if requirements.missing:
        return None, None
    gained = list(available.values())
    if tie is None:
        return None, _cheapest(gained, requirements)
    dimensions = [dimension.id for dimension in pricing.scores.standard.dimensions]
    every = list(ways(tie, rules, dimensions))
    at_level = _cheapest(gained, _by_way(pricing, school, available, requirements, Way(tie.level)))
    if at_level is None:
        return None, None
    for way in every:
        if _holds(pricing, school, available, way, at_level):
            return way, at_level
    best: tuple[float, Way, dict[str, int]] | None = None
    floor = _price(available, at_level)
    for way in every:
        steps = _cheapest(gained, _by_way(pricing, school, available, requirements, way))
        if steps is not None and (best is None or _price(available, steps) < best[0] - EPSILON):
            best = _price(available, steps), way, steps
            if best[0] <= floor + EPSILON:
                break
    return (None, None) if best is None else best[1:]


def _price(available: Mapping[str, Gain], steps: Mapping[str, int]) -> float:
    return sum(available[name].price * units for name, units in steps.items())


def _by_way(
    pricing: Priced,
    school: str,
    available: Mapping[str, Gain],
    requirements: _Requirements,
    way: Way,
) -> _Requirements:
    """Return the requirements of a way in: its score, and bounds of columns."""
    (clauses, _, title), *sums = requirements.sums
    lowest = pricing.scores.standard.pass_mark if requirements.needs_pass_mark else None
    wanted = max(way.score, lowest or 0.0)
    sums = [(clauses, wanted - pricing.totals[school]["raw"], title), *sums]
    most = []
    for bound in way.bounds:
        members, value, weight = _column(pricing, school, bound.column)
        points = (bound.figure - value) * weight
        inside = frozenset(available) & members
        if bound.is_most:
            most.append((inside, points))
        else:
            sums.append((inside, points, title))
    return replace(requirements, sums=sums, most=most)


def _holds(
    pricing: Priced, school: str, available: Mapping[str, Gain], way: Way, steps: Mapping[str, int]
) -> bool:
    """Return whether units of clauses take a school a way in."""

    def gained(members: frozenset[str]) -> float:
        return sum(
            available[name].gained(units) for name, units in steps.items() if name in members
        )

    if pricing.totals[school]["raw"] + gained(frozenset(steps)) < way.score - EPSILON:
        return False
    for bound in way.bounds:
        members, value, weight = _column(pricing, school, bound.column)
        then = value + gained(members) / weight
        if bound.is_most and then > bound.figure + EPSILON:
            return False
        if not bound.is_most and then < bound.figure - EPSILON:
            return False
    return True


def _column(pricing: Priced, school: str, column: str) -> tuple[frozenset[str], float, float]:
    """Return the clauses that a column is made of, its value, and the points one of it is worth."""
    standard = pricing.scores.standard
    if column in SCORES:
        members = frozenset(clause.id for clause in standard.clauses)
        return members, pricing.totals[school]["raw"], 1.0
    members = frozenset(clause.id for clause in standard.clauses if clause.dimension == column)
    weight = sum(pricing.clauses[school][f"{name}.weight"] for name in members)
    return members, pricing.dimensions[school][column] or 0.0, weight / 100


def _beyond(known: Mapping[str, Gain], steps: Mapping[str, int]) -> tuple[str, ...]:
    """Return the clauses of which more is required than is known to be missing."""
    return tuple(
        name
        for name, units in steps.items()
        if units > (known[name].units[-1] if name in known else 0)
    )


def _blank(pricing: Priced, school: str, needs: float | None) -> Least:
    return Least(
        school=school,
        is_possible=None,
        needs=needs,
        value=pricing.totals[school]["raw"],
        value_then=None,
        improvements=(),
        yuan=None,
        days=None,
        unpriced=_unpriced(pricing, school),
        unseen=_unseen(pricing, school),
        evidence=(),
        missing=(),
        text=message("improvement.not_computed"),
    )


def _unpriced(pricing: Priced, school: str) -> tuple[str, ...]:
    row = pricing.clauses[school]
    return tuple(
        clause.id
        for clause in pricing.scores.standard.clauses
        if clause.cost is None
        and row[ClauseColumns(clause.id).weight] > 0
        and (got := row[ClauseColumns(clause.id).attainment]) is not None
        and got < 1 - EPSILON
    )


def _unseen(pricing: Priced, school: str) -> tuple[str, ...]:
    row = pricing.clauses[school]
    return tuple(
        clause.id
        for clause in pricing.scores.standard.clauses
        if row[ClauseColumns(clause.id).weight] > 0
        and row[ClauseColumns(clause.id).attainment] is None
    )


def _gates_unseen(pricing: Priced, rules: SelectionRules, school: str) -> tuple[str, ...]:
    row = pricing.clauses[school]
    gates = pricing.totals[school]["failed_gates"] if "gates" in rules.hard else []
    return tuple(name for name in gates if row[ClauseColumns(name).attainment] is None)


def _evidence(pricing: Priced, rules: SelectionRules, school: str) -> tuple[str, ...]:
    """Return the fewest clauses whose evidence would lift the coverage, gates without any first."""
    standard, row = pricing.scores.standard, pricing.clauses[school]
    required = max(standard.min_coverage, rules.min_coverage or 0.0)
    lacking = required - pricing.totals[school]["coverage"]
    unseen = {
        clause.id: row[ClauseColumns(clause.id).weight]
        * (1 - row[ClauseColumns(clause.id).seen])
        / 100
        for clause in standard.clauses
    }
    clauses = list(_gates_unseen(pricing, rules, school))
    lacking -= sum(unseen.pop(name) for name in clauses)
    for name in sorted(unseen, key=lambda clause: (-unseen[clause], clause)):
        if lacking <= EPSILON:
            break
        clauses.append(name)
        lacking -= unseen[name]
    return tuple(clauses)


def _requirements(
    pricing: Priced,
    rules: SelectionRules,
    blank: Least,
    available: Mapping[str, Gain],
) -> _Requirements:
    standard, school = pricing.scores.standard, blank.school
    totals, clauses = pricing.totals[school], pricing.clauses[school]
    hard = rules.hard
    failed = {
        "gates": totals["failed_gates"] if "gates" in hard else [],
        "marks": totals["failed_marks"] if "marks" in hard else [],
        "rules": totals["failed_rules"] if "rules" in hard else [],
    }
    sums: list[tuple[frozenset[str], float, str]] = []
    missing: list[Message] = []
    everything = frozenset(available)
    needs_pass_mark = TOTAL in failed["marks"]
    wanted = max(
        blank.needs or 0.0,
        (standard.pass_mark or 0.0) if needs_pass_mark else 0.0,
    )
    sums.append((everything, wanted - totals["raw"], TOTAL))
    for dimension in standard.dimensions:
        if dimension.pass_mark is not None and dimension.id in failed["marks"]:
            members = [clause.id for clause in standard.clauses if clause.dimension == dimension.id]
            weight = sum(clauses[ClauseColumns(name).weight] for name in members)
            value = pricing.dimensions[school][dimension.id] or 0.0
            lacking = (dimension.pass_mark - value) * weight / 100
            sums.append((everything & frozenset(members), lacking, dimension.id))
    units: dict[str, int] = {}
    for name in failed["gates"]:
        if name in _gates_unseen(pricing, rules, school):
            continue  # evidence first
        gain = available.get(name)
        needed = None if gain is None else _to_pass(gain, standard.scale)
        if needed is None:
            missing.append(message("improvement.gate", title=name))
        else:
            units[name] = needed
    counts = [
        count
        for rule in standard.rules
        if rule.id in failed["rules"]
        for count in _counts(rule.id, pricing, school, available)
    ]
    return _Requirements(sums, units, counts, tuple(missing), needs_pass_mark)


def _to_pass(gain: Gain, scale: float) -> int | None:
    """Return the units with which a gate is passed, None where they do not suffice."""
    gate = gain.clause.gate or 0.0
    if gain.is_by_unit:
        needed = gain.units_to_measure(gate)
        return needed if needed <= gain.units[-1] else None
    # By the point: the attainment at the gate, and one point at the least.
    attained = max(gain.clause.curve.attainment(gate, stage) for stage in gain.clause.stages)
    needed_points = gain.units_to_attain(attained, scale)
    return None if needed_points is None else max(1, needed_points)


def _counts(
    rule_id: str, pricing: Priced, school: str, available: Mapping[str, Gain]
) -> Iterable[tuple[Mapping[str, int], int, str]]:
    """Yield what a k-of-n rule requires beyond what is attained."""
    standard, row = pricing.scores.standard, pricing.clauses[school]
    rule = next(rule for rule in standard.rules if rule.id == rule_id)
    missed: dict[str, int] = {}
    lacking = rule.at_least - len(rule.of)
    for name in rule.of:
        got = row[ClauseColumns(name).attainment] or 0.0
        if row[ClauseColumns(name).weight] <= 0:
            continue
        if got < rule.attained - EPSILON:
            lacking += 1
            if (units := _to_attain(available.get(name), rule.attained, standard)) is not None:
                missed[name] = units
        if got < rule.others_at_least - EPSILON:
            units = _to_attain(available.get(name), rule.others_at_least, standard)
            yield ({} if units is None else {name: units}), 1, rule_id
    if lacking > 0:
        yield missed, lacking, rule_id


def _to_attain(gain: Gain | None, attained: float, standard: Standard) -> int | None:
    return None if gain is None else gain.units_to_attain(attained, standard.scale)


def _cheapest(available: Sequence[Gain], requirements: _Requirements) -> dict[str, int] | None:
    """Return the units of each clause, None where no units do."""
    if any(lacking > len(choice) for choice, lacking, _ in requirements.counts):
        return None
    programme = Programme(available)
    for clauses, lacking, _ in requirements.sums:
        if lacking > EPSILON:
            programme.require_points(clauses, lacking)
    for clauses, allowed in requirements.most:
        programme.allow_points(clauses, allowed)
    for clause, units in requirements.units.items():
        programme.require_units(clause, units)
    for choice, many, _ in requirements.counts:
        programme.require_some(choice, many)
    return programme.solved()


def _out_of_reach(
    available: Mapping[str, Gain], requirements: _Requirements
) -> tuple[Message, ...]:
    """Return what all that can be bought would not reach."""
    missing = []
    for clauses, lacking, title in requirements.sums:
        most = sum(available[name].points[-1] for name in clauses)
        if lacking > most + EPSILON:
            points = shortfall(lacking - most)
            missing.append(message("improvement.short", title=title, points=points))
    missing += [
        message("improvement.rule", title=title)
        for choice, lacking, title in requirements.counts
        if lacking > len(choice)
    ]
    return tuple(missing) or (message("improvement.rule", title=TOTAL),)
