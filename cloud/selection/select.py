"""Which schools are selected, and why each one is or is not. Pure.

Invariants:
- the selected set is the best one by `cloud.selection.optimizer`: most places filled, then the
  largest
  sum of scores, then the published order. It is unique, whatever the order of the rows;
- a score counts as it is published, cut to `decimals`. Scores that agree so far are a tie, settled
  by the columns of `tie_break` and at last by the code of the school;
- nobody is selected who fails what is hard, or is not rated, unless a reviewer's override says so;
- every quota is kept, or nobody is selected and `clash` names a smallest set of rules that cannot
  hold together: without any one of them the others could;
- every school is told the rule that decided, the nearest school on the other side of the line, and
  the score that would have brought it in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.engine.engine import Scores
from cloud.selection import candidates as candidate
from cloud.selection import explanations
from cloud.selection.candidates import Titles
from cloud.selection.entry_score import Need, needs_of
from cloud.selection.optimizer import Best, best
from cloud.selection.ranked_pool import RankedPool, ranked_pool
from cloud.selection.rule_conflicts import clashing
from cloud.selection.rules import SelectionRules

__all__ = ["Filled", "Outcome", "Selection", "select", "select_scores"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a selection says of one school.

    - `rank`: its place in the published order among the rated schools; `place`: among those that
      may be selected; None where it is not among them;
    - `decided`: the rule that did; `because`: the gates, marks, rules or quotas it means;
    - `rival`: who would make room for it, or, of one that is in, would come in its stead;
    - `needs`: the least score that would bring it in, once nothing hard stands against it, or that
      keeps it in; None where any does, or, `is_reachable` being False, none. It takes the columns
      of `tie_break` as they are;
    - `level`: the score at which it would be level with the school `level_with`, so that these
      columns decide; None where there is no such score.
    """

    school: str
    selected: bool
    rank: int | None
    place: int | None
    decided: explanations.Decided
    because: tuple[str, ...]
    rival: str | None
    needs: float | None
    is_reachable: bool
    level: float | None
    level_with: str | None
    words: LocalizedText


@dataclass(frozen=True, slots=True)
class Filled:
    """A quota, and how many of its group were selected."""

    id: str
    group: str
    code: str
    title: LocalizedText
    least: int
    most: int | None
    selected: int
    members: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Selection:
    """Who is selected, by rank, and what every school is told; nobody where the rules clash."""

    rules: SelectionRules
    selected: tuple[str, ...]
    outcomes: Mapping[str, Outcome]
    eligible: int
    order: tuple[LocalizedText, ...]
    quotas: tuple[Filled, ...]
    notes: tuple[LocalizedText, ...]
    clash: tuple[LocalizedText, ...]

    @property
    def is_possible(self) -> bool:
        """Whether the rules can hold together."""
        return not self.clash


def select_scores(scores: Scores, rules: SelectionRules) -> Selection:
    """Return the selection by rules among the schools of an assessment."""
    if rules.tie_break is None:
        order = tuple(candidate.usual_order(scores.standard))
        rules = rules.model_copy(update={"tie_break": order})
    return select(candidate.candidates(scores), rules, candidate.titles(scores.standard))


def select(
    candidates: pl.DataFrame, rules: SelectionRules, titles: Titles | None = None
) -> Selection:
    """Return the selection by rules; `titles` are what clauses, dimensions and columns are called.

    `candidates` has a row for each school: `id`, `value` (null: not rated), `coverage`; where they
    are known `name`, `failed_gates`, `failed_marks`, `failed_rules`, `division`, `stage`,
    `urban_rural`; and the columns of `tie_break`. Raises SettingsError where rules name a column or
    a school that is not there.
    """
    schools = ranked_pool(candidates, rules)
    chosen = best(schools.problem)
    clash = clashing(schools, rules) if chosen is None else ()
    outcomes: dict[str, Outcome] = {}
    if chosen is not None:
        needs = needs_of(schools, chosen)
        of = explanations.telling(schools, rules, titles or {}, chosen, needs)
        outcomes = {
            school: _outcome(of, number, needs[number])
            for number, school in enumerate(schools.schools)
        }
    return Selection(
        rules=rules,
        selected=() if chosen is None else tuple(schools.schools[n] for n in chosen.chosen),
        outcomes={school: outcomes[school] for school in sorted(outcomes)},
        eligible=schools.eligible,
        order=explanations.order(rules, titles or {}),
        quotas=_filled(schools, chosen),
        notes=() if chosen is None else explanations.notes(schools, rules, chosen),
        clash=clash,
    )


def _outcome(of: explanations.Telling, number: int, need: Need) -> Outcome:
    schools = of.field
    why = explanations.reason(of, number)
    return Outcome(
        school=schools.schools[number],
        selected=number in of.inside,
        rank=number + 1 if schools.rated[number] else None,
        place=of.places[number],
        decided=why.decided,
        because=why.because,
        rival=None if need.rival is None else schools.schools[need.rival],
        needs=None if need.least is None else need.least / 10**schools.decimals,
        is_reachable=need.is_reachable,
        level=None if need.level is None else need.level / 10**schools.decimals,
        level_with=None if need.level_with is None else schools.schools[need.level_with],
        words=why.words,
    )


def _filled(schools: RankedPool, chosen: Best | None) -> tuple[Filled, ...]:
    inside = [] if chosen is None else list(chosen.chosen)
    return tuple(
        Filled(
            id=group.id,
            group=group.group,
            code=group.code,
            title=group.title,
            least=group.quota.least,
            most=group.quota.most,
            selected=int(limit.members[inside].sum()) if inside else 0,
            members=tuple(sorted(schools.schools[number] for number in limit.members.nonzero()[0])),
        )
        for group, limit in zip(schools.groups, schools.problem.limits, strict=True)
    )
