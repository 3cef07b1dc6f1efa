"""Make a selection out of an assessment: the rules decide, and every school has its reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cloud.assessments.assessment import Assessment
from cloud.assessments.filed_selection import (
    OF_TRIALS,
    Contents,
    FiledSelection,
    FilledQuota,
    OverrideDecision,
    SchoolOutcome,
    filed,
)
from cloud.assessments.reasons import names_of
from cloud.errors import Conflict, NotFound, SettingsError, Unprocessable
from cloud.localized_text import LocalizedText
from cloud.messages import message
from cloud.registry.assessment_log import SelectionRow
from cloud.robustness.monte_carlo import uncertainty
from cloud.scoring.standard.clause import Clause, Titles
from cloud.scoring.standard.source_confidence import trust
from cloud.selection.improvement import cheapest_plan
from cloud.selection.improvement.plan import plan_cost, shown_days, shown_yuan
from cloud.selection.rules import Override, SelectionRules, rules_of
from cloud.selection.select import Filled, Outcome, Selection, select_scores


def rules_from(value: Mapping[str, Any]) -> SelectionRules:
    """Return rules from JSON; raises Unprocessable with one line per fault."""
    try:
        return rules_of(value)
    except SettingsError as error:
        raise Unprocessable(message("selection.rules_refused", problem=str(error))) from None


def select(
    assessment: Assessment, rules: SelectionRules, seed: int, created_at: datetime
) -> SelectionRow:
    """Return the selection that rules and a seed make of an assessment, ready to be filed."""
    selection = _selected(assessment, rules)
    contents = _contents(assessment, selection, seed)
    return filed(assessment.row.id, _json(selection.rules), seed, contents, created_at)


def override(
    assessment: Assessment,
    before: FiledSelection,
    decisions: tuple[Override, ...],
    created_at: datetime,
) -> SelectionRow:
    """Return the selection that decisions of a reviewer make of another one; that one remains.

    The first decision is what was requested, a second one names the school that gives or takes the
    place. What was decided before remains decided. The rules choose the rest: every quota is kept.
    """
    for decision in decisions:
        outcome = before.outcomes.get(decision.school)
        if outcome is None:
            raise NotFound(
                message(
                    "workflow.not_in_selection", school=decision.school, selection=before.row.id
                )
            )
        if outcome.selected == (decision.decision == "in"):
            is_first = decision is decisions[0]
            raise Conflict(
                message(
                    "workflow.nothing_to_override" if is_first else "workflow.instead_of_is_there",
                    school=decision.school,
                    decision=message(f"selection.decision.{decision.decision}"),
                )
            )
    concerned = {decision.school for decision in decisions}
    rules = rules_from(before.rules)
    kept = tuple(earlier for earlier in rules.overrides if earlier.school not in concerned)
    rules = rules.model_copy(update={"overrides": (*kept, *decisions)})
    selection = _selected(assessment, rules)
    first = decisions[0]
    decided = OverrideDecision(
        school=first.school,
        decision=first.decision,
        instead_of=decisions[1].school if len(decisions) > 1 else None,
        by=first.by,
        reason=first.reason,
    )
    seed = before.row.seed
    contents = _contents(assessment, selection, seed).model_copy(update={"override": decided})
    return filed(assessment.row.id, _json(rules), seed, contents, created_at, before.row.id)


def least(assessment: Assessment, selection: FiledSelection, school: str) -> dict[str, Any]:
    """Return the least it would take for a school to be in: the cheapest set of improvements."""
    outcome = selection.outcomes[school]
    clauses = {clause.id: clause for clause in assessment.standard.clauses}
    rules, names = rules_from(selection.rules), names_of(assessment)
    plan = cheapest_plan.least(
        cheapest_plan.priced(assessment.scores.only(school)),
        rules,
        school,
        outcome,
        assessment.scores,
    )
    yuan, days = (None, None) if plan.yuan is None else plan_cost(plan)
    return {
        "is_possible": plan.is_possible,
        "text": names.resolved(plan.text),
        "needs": plan.needs,
        "value": plan.value,
        "value_then": plan.value_then,
        "yuan": yuan,
        "days": days,
        "improvements": [
            {
                **_titled(clauses[improvement.clause]),
                "attainment": improvement.attained,
                "becomes": improvement.becomes,
                "points": improvement.points,
                "units": improvement.units,
                "yuan": shown_yuan(improvement.yuan),
                "days": shown_days(improvement.days),
                "price": _price(clauses[improvement.clause]),
                "remedy": _text(clauses[improvement.clause].remedy),
            }
            for improvement in plan.improvements
        ],
        "evidence": [_titled(clauses[name]) for name in plan.evidence],
        "unpriced": [_titled(clauses[name]) for name in plan.unpriced],
        "unseen": [_titled(clauses[name]) for name in plan.unseen],
        "missing": [names.resolved(text) for text in plan.missing],
    }


def _selected(assessment: Assessment, rules: SelectionRules) -> Selection:
    """Return the selection; raises Conflict where the rules cannot hold together."""
    try:
        selection = select_scores(assessment.scores, rules)
    except SettingsError as error:
        raise Unprocessable(message("selection.rules_refused", problem=str(error))) from None
    if not selection.is_possible:
        conflict = [selection.names.resolved(text) for text in selection.conflict]
        raise Conflict(message("selection.conflict.none_selected", conflict=conflict))
    return selection


def _contents(assessment: Assessment, selection: Selection, seed: int) -> Contents:
    overridden = {override.school for override in selection.rules.overrides}
    runs = uncertainty(assessment.scores, selection.rules, seed)
    trials = {row["id"]: row for row in runs.schools.iter_rows(named=True)}
    return Contents(
        places=selection.rules.places,
        eligible=selection.eligible,
        trials=runs.runs,
        order=selection.order,
        notes=selection.notes,
        override=None,
        schools={
            school: _outcome(outcome, trials.get(school, {}), is_override=school in overridden)
            for school, outcome in selection.outcomes.items()
        },
        quotas=tuple(_quota(quota) for quota in selection.quotas),
    )


def _outcome(outcome: Outcome, trial: Mapping[str, Any], *, is_override: bool) -> SchoolOutcome:
    return SchoolOutcome(
        selected=outcome.selected,
        is_eligible=outcome.place is not None,
        rank=outcome.rank,
        place=outcome.place,
        rule=outcome.decided,
        because=outcome.because,
        reason=outcome.reason,
        rival=outcome.rival,
        needs=outcome.needs,
        is_reachable=outcome.is_reachable,
        level=outcome.level,
        level_with=outcome.level_with,
        is_override=is_override,
        **{key: trial.get(key) for key in OF_TRIALS},
    )


def _quota(quota: Filled) -> FilledQuota:
    is_enough = quota.selected >= quota.least
    is_few = quota.most is None or quota.selected <= quota.most
    return FilledQuota.model_validate(
        {
            "group": quota.group,
            "code": quota.code,
            "least": quota.least or None,
            "most": quota.most,
            "selected": quota.selected,
            "holds": is_enough and is_few,
        }
    )


def _price(clause: Clause) -> dict[str, Any] | None:
    """Return what a unit of a clause costs by the standard, and how far that can be relied on."""
    if clause.cost is None:
        return None
    sure = trust(clause.cost.source)
    return {
        "yuan": clause.cost.yuan,
        "days": clause.cost.days,
        "per": clause.cost.per,
        "trust": {"flag": sure.flag, "text": LocalizedText(sure.zh, sure.en)},
    }


def _titled(clause: Clause) -> dict[str, Any]:
    return {"id": clause.id, "title": _text(clause.title)}


def _text(title: Titles) -> LocalizedText:
    return LocalizedText(title.zh, title.en)


def _json(rules: SelectionRules) -> dict[str, Any]:
    """Return rules as they are filed: all of them, defaults too."""
    return rules.model_dump(mode="json")
