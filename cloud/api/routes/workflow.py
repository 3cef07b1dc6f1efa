"""The procedure: every step that was taken, and the next one. There is no way to take one back."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from cloud.api.deps import READ, WRITE, ServicesDep
from cloud.api.presenters.selections import declared_shape, possible_shape, state_shape, step_shape
from cloud.api.schemas import workflow as models
from cloud.assessments.repository import LATEST
from cloud.assessments.workflow.service import ReviewWorkflow
from cloud.errors import BadRequest
from cloud.messages import message
from cloud.registry.assessment_log import StepRow
from cloud.services import Services

router = APIRouter(prefix="/api/v1/procedure", tags=["procedure"], dependencies=[READ])

Offset = Annotated[int, Query(ge=0, description="How many to leave out.")]
Limit = Annotated[int, Query(ge=1, le=10_000, description="How many to return at most.")]


@router.get("", summary="The steps that were taken, the first one first")
def list_steps(
    services: ServicesDep,
    assessment: Annotated[
        str | None, Query(description='Of the round of an assessment, or of "latest".')
    ] = None,
    selection: Annotated[str | None, Query(description="Of the round of a selection.")] = None,
    school: Annotated[
        str | None, Query(description="Of one school, with those that concern every school.")
    ] = None,
    step: Annotated[models.StepName | None, Query(description="Of one kind.")] = None,
    offset: Offset = 0,
    limit: Limit = 200,
) -> models.StepPage:
    """Return steps with who, when, what changed and why; by default of the latest assessment."""
    repository = services.repository
    if assessment is not None and selection is not None:
        raise BadRequest(message("api.one_of_two", first="assessment", second="selection"))
    if selection is not None:
        row = repository.row(repository.selection(selection).row.assessment_id)
    else:
        row = repository.row(assessment or LATEST)
    assessment_log = services.registry.assessment_log
    rows = [
        taken
        for taken in assessment_log.steps(round=row.round, school=school)
        if step is None or taken.step == step
    ]
    names = _names(services)
    return models.StepPage(
        total=len(rows),
        items=[step_shape(row, names) for row in rows[offset : offset + limit]],
        broken_at=assessment_log.broken_at(),
    )


@router.get("/state", summary="The state of the procedure of a selection")
def get_procedure_state(
    services: ServicesDep, selection: Annotated[str, Query(description="A selection's id.")]
) -> models.ProcedureState:
    """Return the publicity period, open objections, and what is missing for it to be final."""
    return state_shape(services, selection)


@router.get("/next", summary="Which steps may be taken now")
def list_next_steps(
    services: ServicesDep,
    assessment: Annotated[
        str, Query(description='An assessment\'s id, or "latest"; a selection decides it.')
    ] = LATEST,
    selection: Annotated[str | None, Query(description="A selection's id.")] = None,
    school: Annotated[str | None, Query(description="A school identification code.")] = None,
) -> models.NextSteps:
    """Return each step of the list, or of one school, and why it may not be taken where it may not.

    Nothing is taken by asking. A step called possible can still be refused for what is filled in.
    """
    next_steps = _workflow(services).next(assessment, selection, school)
    names = _names(services)
    return models.NextSteps(
        assessment=next_steps.assessment,
        selection=selection,
        school=school,
        today=next_steps.today,
        steps=[possible_shape(step) for step in next_steps.steps],
        objections=[step_shape(step, names) for step in next_steps.objections],
        declared=[declared_shape(figure) for figure in next_steps.declared],
    )


@router.post(
    "",
    summary="Take the next step",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
)
def take_step(wanted: models.StepRequest, services: ServicesDep) -> models.Step:
    """Add a step to the log; one that is out of order is refused with the reason in a sentence."""
    taken = _take(_workflow(services), wanted)
    return step_shape(taken, _names(services))


def _take(workflow: ReviewWorkflow, wanted: models.StepRequest) -> StepRow:
    by, reason = wanted.by, wanted.reason
    match wanted:
        case models.OverrideRequest():
            return workflow.override(
                wanted.selection, wanted.school, wanted.decision, wanted.instead_of, by, reason
            )
        case models.Answer():
            return workflow.answer(wanted.answers, wanted.result, by, reason)
        case models.Publicity() | models.Objection() | models.Final():
            change = wanted.model_dump(
                mode="json",
                exclude={"step", "by", "reason", "selection", "school"},
                exclude_defaults=True,
            )
            school = wanted.school if isinstance(wanted, models.Objection) else None
            return workflow.of_selection(wanted.selection, wanted.step, by, reason, change, school)
        case models.DeclarationConfirmed() | models.DeclarationCorrected():
            return workflow.declaration(
                wanted.assessment,
                wanted.school,
                wanted.step,
                by,
                reason,
                item=wanted.item,
                **wanted.model_dump(include={"value", "declared_on"}),
            )
        case _:
            change = wanted.model_dump(
                mode="json", exclude={"step", "by", "reason", "assessment", "school"}
            )
            return workflow.of_school(
                wanted.assessment, wanted.school, wanted.step, by, reason, change
            )


def _workflow(services: Services) -> ReviewWorkflow:
    return ReviewWorkflow(services.repository, services.registry, services.clock)


def _names(services: Services) -> dict[str, str]:
    return {school.id: school.name for school in services.registry.schools()}
