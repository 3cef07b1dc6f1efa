"""Which schools are selected, and why each one is or is not. Pure.

Invariants:
- the selected set is the best one by `cloud.selection.optimizer`: most places filled, then the
  largest sum of scores, then the published order. It is unique, whatever the order of the rows;
- a score counts as it is published, cut to `decimals`. Scores that agree so far are a tie, settled
  by the columns of `tie_break` and at last by the code of the school;
- no school is selected that fails what is hard, or is not rated, unless by a reviewer's override;
- every quota is kept, or no school is selected and `conflict` names a smallest set of rules that
  cannot hold together: without any one of them the others could;
- every school has the rule that decided, the nearest school on the other side of the line, and the
  score that would have brought it in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from cloud.messages import Message, Text
from cloud.scoring.engine.engine import Scores
from cloud.selection import candidates as candidate
from cloud.selection import explanations
from cloud.selection.entry_score import needs_of
from cloud.selection.names import Names, Titles, group_title, titles_of
from cloud.selection.optimizer import Best, best
from cloud.selection.ranked_pool import RankedPool, ranked_pool
from cloud.selection.rule_conflicts import conflicting
from cloud.selection.rules import SelectionRules

__all__ = ["Filled", "Outcome", "Selection", "select", "select_scores"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a selection comes to for one school.

    - `rank`: of its published score among the rated schools, shared by equal ones; `place`: in the
      published order among the eligible schools, which settles every tie; None where it is not
      among them;
    - `decided`: the rule that did; `because`: the gates, marks, rules or quotas it means;
      `reason`: the same as a message, with codes that the selection's `names` resolves;
    - `rival`: the school that would make room for it, or, of one that is in, come in its place;
    - `needs`: the least score that would bring it in, once it fails nothing hard, or that keeps it
      in; None where any does, or, `is_reachable` being False, none. It takes the columns of
      `tie_break` as they are;
    - `level`: the score at which it would be level with the school `level_with`, so that these
      columns decide; None where there is no such score.
    """

    school: str
    selected: bool
    rank: int | None
    place: int | None
    decided: explanations.Decided
    because: tuple[str, ...]
    reason: Message
    rival: str | None
    needs: float | None
    is_reachable: bool
    level: float | None
    level_with: str | None


@dataclass(frozen=True, slots=True)
class Filled:
    """A quota, and how many of its group were selected."""

    group: str
    code: str
    least: int
    most: int | None
    selected: int
    members: tuple[str, ...] = field(repr=False)

    @property
    def title(self) -> Text:
        """What the group is called."""
        return group_title(self.group, self.code)


@dataclass(frozen=True, slots=True)
class Selection:
    """The schools selected, by rank, and every school's outcome; none where rules conflict."""

    rules: SelectionRules
    selected: tuple[str, ...]
    outcomes: Mapping[str, Outcome]
    eligible: int
    order: tuple[Message, ...]
    quotas: tuple[Filled, ...]
    notes: tuple[Message, ...]
    conflict: tuple[Message, ...]
    names: Names

    @property
    def is_possible(self) -> bool:
        """Whether the rules can hold together."""
        return not self.conflict


def select_scores(scores: Scores, rules: SelectionRules) -> Selection:
    """Return the selection by rules among the schools of an assessment."""
    if rules.tie_break is None:
        order = tuple(candidate.usual_order(scores.standard))
        rules = rules.model_copy(update={"tie_break": order})
    return select(candidate.candidates(scores), rules, titles_of(scores.standard))


def select(
    candidates: pl.DataFrame, rules: SelectionRules, titles: Titles | None = None
) -> Selection:
    """Return the selection by rules; `titles` are what clauses, dimensions and columns are called.

    `candidates` has a row for each school: `id`, `value` (null: not rated), `coverage`; where they
    are known `name`, `failed_gates`, `failed_marks`, `failed_rules`, `division`, `stage`,
    `urban_rural`; and the columns of `tie_break`. Raises SettingsError where rules name a column or
    a school that is not there.
    """
    pool = ranked_pool(candidates, rules)
    chosen = best(pool.problem)
    outcomes: dict[str, Outcome] = {}
    if chosen is not None:
        case = explanations.explained(pool, rules, chosen, needs_of(pool, chosen))
        outcomes = {school: _outcome(case, number) for number, school in enumerate(pool.schools)}
    return Selection(
        rules=rules,
        selected=() if chosen is None else tuple(pool.schools[n] for n in chosen.chosen),
        outcomes={school: outcomes[school] for school in sorted(outcomes)},
        eligible=pool.eligible,
        order=explanations.order(rules),
        quotas=_filled(pool, chosen),
        notes=() if chosen is None else explanations.notes(pool, rules, chosen),
        conflict=conflicting(pool, rules) if chosen is None else (),
        names=Names(titles or {}, dict(zip(pool.schools, pool.names, strict=True))),
    )


def _outcome(case: explanations.Explained, number: int) -> Outcome:
    pool, need = case.pool, case.needs[number]
    why = explanations.reason(case, number)
    return Outcome(
        school=pool.schools[number],
        selected=number in case.selected,
        rank=int(pool.ranks[number]) if pool.rated[number] else None,
        place=case.places[number],
        decided=why.decided,
        because=why.because,
        reason=why.text,
        rival=_school(pool, need.rival),
        needs=_score(pool, need.least),
        is_reachable=need.is_reachable,
        level=_score(pool, need.level),
        level_with=_school(pool, need.level_with),
    )


def _school(pool: RankedPool, number: int | None) -> str | None:
    return None if number is None else pool.schools[number]


def _score(pool: RankedPool, units: int | None) -> float | None:
    return None if units is None else units / 10**pool.decimals


def _filled(pool: RankedPool, chosen: Best | None) -> tuple[Filled, ...]:
    selected = [] if chosen is None else list(chosen.chosen)
    return tuple(
        Filled(
            group=group.group,
            code=group.code,
            least=group.quota.least,
            most=group.quota.most,
            selected=int(limit.members[selected].sum()) if selected else 0,
            members=tuple(sorted(pool.schools[number] for number in limit.members.nonzero()[0])),
        )
        for group, limit in zip(pool.groups, pool.problem.limits, strict=True)
    )
