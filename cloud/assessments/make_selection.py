"""Make a selection out of an assessment: the rules decide, and every school is told why."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from cloud.assessments.assessment import Assessment
from cloud.assessments.filed_selection import OF_TRIALS, Chosen, filed
from cloud.errors import Conflict, NotFound, SettingsError, Unprocessable
from cloud.localized_text import LocalizedText
from cloud.registry.assessment_log import SelectionRow
from cloud.robustness.monte_carlo import uncertainty
from cloud.scoring.engine.engine import Scores
from cloud.scoring.standard.clause import Clause
from cloud.selection.improvement import cheapest_plan
from cloud.selection.rules import Override, SelectionRules, rules_of
from cloud.selection.select import Filled, Outcome, Selection, select_scores

_IS_IN = LocalizedText("该校已入选。", "The school is in.")


def rules_from(value: Mapping[str, Any]) -> SelectionRules:
    """Return rules from JSON; raises Unprocessable with one line per fault."""
    try:
        return rules_of(value)
    except SettingsError as error:
        raise Unprocessable(str(error)) from None


def select(
    found: Assessment, rules: SelectionRules, seed: int, created_at: datetime
) -> SelectionRow:
    """Return the selection that rules and a seed make of an assessment, ready to be filed."""
    selection = _selected(found, rules)
    contents = _contents(found, selection, seed)
    return filed(found.row.id, _told(selection.rules), seed, contents, created_at)


def override(
    found: Assessment, chosen: Chosen, decisions: tuple[Override, ...], created_at: datetime
) -> SelectionRow:
    """Return the selection that decisions of a reviewer make of another one; that one stays.

    The first decision is what was asked for, a second one says who gives or takes the place. What
    was decided before stays decided. The rules choose the rest: every quota is kept.
    """
    for one in decisions:
        said = chosen.outcomes.get(one.school)
        if said is None:
            raise NotFound(f"school {one.school} is not in selection {chosen.row.id}")
        if said["selected"] == (one.decision == "in"):
            if one is decisions[0]:
                what = "there is nothing to override"
            else:
                what = "name one that gives or takes the place, or leave instead_of out"
            raise Conflict(f"school {one.school} is {one.decision} already; {what}")
    concerned = {one.school for one in decisions}
    rules = rules_from(chosen.rules)
    kept = tuple(one for one in rules.overrides if one.school not in concerned)
    rules = rules.model_copy(update={"overrides": (*kept, *decisions)})
    selection = _selected(found, rules)
    first = decisions[0]
    decided = {
        "school": first.school,
        "decision": first.decision,
        "instead_of": decisions[1].school if len(decisions) > 1 else None,
        "by": first.by,
        "reason": first.reason,
    }
    contents = {**_contents(found, selection, chosen.row.seed), "override": decided}
    before = chosen.row.id
    return filed(found.row.id, _told(rules), chosen.row.seed, contents, created_at, before)


def least(found: Assessment, chosen: Chosen, school: str) -> dict[str, Any]:
    """Return the least it would take for a school to be in: the cheapest set of improvements."""
    said, clauses = chosen.outcomes[school], {one.id: one for one in found.standard.clauses}
    told = cheapest_plan.least_for(
        cheapest_plan.priced(_only(found.scores, school)),
        rules_from(chosen.rules),
        school,
        needs=said["needs"],
        is_reachable=said["is_reachable"],
    )
    if said["selected"]:
        told = replace(told, is_possible=True, improvements=(), words=_IS_IN)
    return {
        "is_possible": told.is_possible,
        "text_zh": told.words.zh,
        "text_en": told.words.en,
        "needs": told.needs,
        "value": told.value,
        "value_then": told.value_then,
        "yuan": told.yuan,
        "improvements": [
            {
                **_titled(clauses[one.clause]),
                "attainment": one.attained,
                "becomes": one.becomes,
                "points": one.points,
                "units": one.units,
                "yuan": one.yuan,
                "remedy_zh": clauses[one.clause].remedy.zh,
                "remedy_en": clauses[one.clause].remedy.en,
            }
            for one in told.improvements
        ],
        "evidence": [_titled(clauses[name]) for name in told.evidence],
        "unpriced": [_titled(clauses[name]) for name in told.unpriced],
        "unseen": [_titled(clauses[name]) for name in told.unseen],
        "missing_zh": [one.zh for one in told.missing],
        "missing_en": [one.en for one in told.missing],
    }


def _selected(found: Assessment, rules: SelectionRules) -> Selection:
    """Return the selection; raises Conflict where the rules cannot hold together."""
    try:
        selection = select_scores(found.scores, rules)
    except SettingsError as error:
        raise Unprocessable(str(error)) from None
    if not selection.is_possible:
        clashing = "; ".join(one.en for one in selection.clash)
        raise Conflict(f"these rules cannot hold together, so nobody is selected: {clashing}")
    return selection


def _contents(found: Assessment, selection: Selection, seed: int) -> dict[str, Any]:
    overridden = {one.school for one in selection.rules.overrides}
    sure = uncertainty(found.scores, selection.rules, seed)
    trials = {row["id"]: row for row in sure.schools.iter_rows(named=True)}
    return {
        "places": selection.rules.places,
        "eligible": selection.eligible,
        "trials": sure.runs,
        "order": {
            "zh": [one.zh for one in selection.order],
            "en": [one.en for one in selection.order],
        },
        "schools": {
            school: _outcome(one, trials.get(school, {}), is_override=school in overridden)
            for school, one in selection.outcomes.items()
        },
        "quotas": [_quota(one) for one in selection.quotas],
        "notes": {
            "zh": [one.zh for one in selection.notes],
            "en": [one.en for one in selection.notes],
        },
        "override": None,
        "warnings": [
            f"school {school} is in, though the rules exclude it"
            for school in selection.selected
            if selection.outcomes[school].place is None
        ],
    }


def _outcome(one: Outcome, trial: Mapping[str, Any], *, is_override: bool) -> dict[str, Any]:
    return {
        "selected": one.selected,
        "is_eligible": one.place is not None,
        "rank": one.rank,
        "place": one.place,
        "rule": one.decided,
        "because": list(one.because),
        "reason_zh": one.words.zh,
        "reason_en": one.words.en,
        "rival": one.rival,
        "needs": one.needs,
        "is_reachable": one.is_reachable,
        **{key: trial.get(key) for key in OF_TRIALS},
        "is_override": is_override,
    }


def _quota(one: Filled) -> dict[str, Any]:
    low = one.selected >= one.least
    high = one.most is None or one.selected <= one.most
    return {
        "id": one.id,
        "group": one.group,
        "code": one.code,
        "title_zh": one.title.zh,
        "title_en": one.title.en,
        "least": one.least or None,
        "most": one.most,
        "selected": one.selected,
        "holds": low and high,
    }


def _only(scores: Scores, school: str) -> Scores:
    """Return the scores of one school; nobody's depends on who else is there."""
    own = pl.col("id") == school
    return replace(
        scores,
        table=scores.table.filter(own),
        totals=scores.totals.filter(own),
        dimensions=scores.dimensions.filter(own),
        clauses=scores.clauses.filter(own),
    )


def _titled(clause: Clause) -> dict[str, str]:
    return {"id": clause.id, "title_zh": clause.title.zh, "title_en": clause.title.en}


def _told(rules: SelectionRules) -> dict[str, Any]:
    """Return rules as they are filed, every one of them, whatever is usual."""
    return rules.model_dump(mode="json")
