"""The outcome of a selection by school, and the steps taken, as `/api/v1` shows them."""

from collections.abc import Mapping

from cloud.api.presenters.text import localized_text
from cloud.api.schemas import assessments as models
from cloud.api.schemas.text import LocalizedText as LocalizedTextShape
from cloud.api.schemas.workflow import DeclaredFigure, PossibleStep, ProcedureState, Step
from cloud.assessments import school_explanation
from cloud.assessments.assessment import Assessment
from cloud.assessments.evidence_drift import row_of
from cloud.assessments.filed_selection import FiledSelection
from cloud.assessments.ranking import Outcomes
from cloud.assessments.reasons import names_of
from cloud.assessments.repository import AssessmentRepository
from cloud.assessments.school_explanation import FailedMark, LowerSelected
from cloud.assessments.workflow.rules import TITLES, Possible
from cloud.assessments.workflow.service import ReviewWorkflow
from cloud.errors import BadRequest, NotFound
from cloud.localized_text import LocalizedText
from cloud.messages import Message, message
from cloud.registry.assessment_log import StepRow
from cloud.registry.codes.own import DECLARED_ITEMS
from cloud.registry.rows import DeclarationRow
from cloud.services import Services


def outcomes_of(
    repository: AssessmentRepository, assessment: Assessment, selection: str | None
) -> tuple[str | None, Outcomes | None]:
    """Return a selection of an assessment and its outcomes; by default the newest in force."""
    name = selection or repository.standing(assessment.row.id)
    if name is None:
        return None, None
    chosen = repository.selection(name)
    if chosen.row.assessment_id != assessment.row.id:
        raise BadRequest(
            message(
                "api.other_assessment",
                selection=name,
                assessment=chosen.row.assessment_id,
                asked=assessment.row.id,
            )
        )
    return name, chosen.outcomes


def verdict_of(
    repository: AssessmentRepository, assessment: Assessment, selection: str | None, school: str
) -> models.Verdict | None:
    """Return the outcome of a selection for a school; None without a selection."""
    if selection is None:
        return None
    chosen = repository.selection(selection)
    outcome = chosen.outcomes.get(school)
    if outcome is None:
        raise NotFound(message("workflow.not_in_selection", school=school, selection=selection))
    override = chosen.contents.override
    concerned = override is not None and school in {override.school, override.instead_of}
    lower = school_explanation.lower_selected(assessment, chosen, school)
    lower_text = (
        None
        if outcome.selected
        else localized_text(school_explanation.lower_text(assessment, school, lower))
    )
    return models.Verdict(
        selection=selection,
        selected=outcome.selected,
        places=chosen.contents.places,
        rank=outcome.rank,
        among=int(assessment.scores.totals["value"].count()),
        rank_low=outcome.rank_low,
        rank_high=outcome.rank_high,
        chance=outcome.chance,
        rule=outcome.rule,
        because=list(outcome.because),
        place=outcome.place,
        eligible=chosen.contents.eligible,
        needs=outcome.needs,
        reason=localized_text(names_of(assessment).resolved(outcome.reason)),
        rival=_rival(assessment, chosen, outcome.rival),
        rival_text=_optional(school_explanation.rival_text(assessment, chosen, school)),
        lower_selected=[_lower_shape(chosen_school) for chosen_school in lower],
        lower_text=lower_text,
        failed_mark_details=[
            _mark_shape(mark) for mark in school_explanation.failed_mark_details(assessment, school)
        ],
        trials=chosen.contents.trials,
        interval_text=_optional(school_explanation.interval_text(chosen, school)),
        chance_text=_optional(school_explanation.selection_rate_text(assessment, chosen, school)),
        is_override=outcome.is_override,
        override_reason=override.reason if override is not None and concerned else None,
        least_opens=None
        if outcome.selected
        else f"/api/v1/selections/{selection}/schools/{school}/least",
    )


def steps_of(services: Services, round_: str, school: str | None) -> list[Step]:
    """Return the steps of a round, of a school with those that concern every school."""
    rows = services.registry.assessment_log.steps(round=round_, school=school)
    names = {row.id: row.name for row in services.registry.schools()}
    return [step_shape(row, names) for row in rows]


def step_shape(row: StepRow, names: Mapping[str, str]) -> Step:
    """Return a step."""
    title = TITLES[row.step]
    return Step.model_validate(
        {
            "id": row.id,
            "step": row.step,
            "title": localized_text(title),
            "assessment": row.assessment_id,
            "selection": row.selection_id,
            "school": row.school_id,
            "name": None if row.school_id is None else names.get(row.school_id),
            "by": row.by,
            "at": row.at,
            "change": row.change,
            "reason": row.reason,
            "answers": row.answers_id,
            "digest": row.digest,
        }
    )


def possible_shape(possible: Possible) -> PossibleStep:
    """Return a step that may be taken, or why it may not."""
    title, why = TITLES[possible.step], possible.refused
    return PossibleStep.model_validate(
        {
            "step": possible.step,
            "title": localized_text(title),
            "may": why is None,
            "why": None if why is None else localized_text(why),
        }
    )


def declared_shape(row: DeclarationRow) -> DeclaredFigure:
    """Return what a school declared, with the item's name."""
    item = DECLARED_ITEMS.find(row.item)
    return DeclaredFigure(
        item=row.item,
        title=localized_text(item or LocalizedText(row.item, row.item)),
        value=row.value,
        declared_on=row.declared_on,
        confirmed_on=row.confirmed_on,
        confirmed_by=row.confirmed_by,
    )


def state_shape(services: Services, selection: str) -> ProcedureState:
    """Return the state of the procedure of a selection."""
    state = ReviewWorkflow(services.repository, services.registry, services.clock).state(selection)
    return ProcedureState(
        selection=selection,
        standing=services.repository.last(selection),
        first_day=state.first_day,
        last_day=state.last_day,
        is_public=state.is_public,
        objections=state.objections,
        unanswered=state.unanswered,
        is_final=state.is_final,
        missing=[localized_text(text) for text in state.missing],
    )


def _optional(text: Message | None) -> LocalizedTextShape | None:
    return None if text is None else localized_text(text)


def _lower_shape(lower: LowerSelected) -> models.LowerSelected:
    return models.LowerSelected(
        school=lower.school,
        name=lower.name,
        rank=lower.outcome.rank,
        value=lower.value,
        rule=lower.outcome.rule,
        because=list(lower.outcome.because),
        reason=localized_text(lower.reason),
    )


def _mark_shape(mark: FailedMark) -> models.FailedMark:
    return models.FailedMark(
        id=mark.mark,
        title=localized_text(mark.title),
        value=mark.value,
        pass_mark=mark.pass_mark,
        best=mark.best,
        lacks_data=mark.lacks_data,
        text=localized_text(mark.text),
    )


def _rival(
    assessment: Assessment, chosen: FiledSelection, school: str | None
) -> models.Rival | None:
    if school is None:
        return None
    name = row_of(assessment.scores.table, school, assessment)["name"]
    value = row_of(assessment.scores.totals, school, assessment)["value"]
    return models.Rival(
        school=school, name=name or "", rank=chosen.outcomes[school].rank, value=value
    )
