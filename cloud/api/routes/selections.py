"""Selections: made once, never changed; who is in, why, and the least it would take."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, status

from cloud.api.deps import READ, WRITE, RepositoryDep, ServicesDep
from cloud.api.presenters import assessments as shapes
from cloud.api.presenters.selections import state_shape
from cloud.api.presenters.text import localized_text, with_localized_texts
from cloud.api.schemas import selections as models
from cloud.assessments import make_selection, ranking
from cloud.assessments.filed_selection import AGAINST_RULES, FiledSelection
from cloud.assessments.reasons import reasons_of
from cloud.assessments.repository import AssessmentRepository
from cloud.errors import NotFound
from cloud.messages import message
from cloud.services import Services

router = APIRouter(prefix="/api/v1/selections", tags=["selections"], dependencies=[READ])
FIRST_OUT = 10

Id = Annotated[str, Path(description="A selection's id.")]


@router.get("", summary="Every selection, the newest first")
def list_selections(
    repository: RepositoryDep,
    assessment: Annotated[
        str | None, Query(description='Those of one assessment, or of the "latest".')
    ] = None,
) -> list[models.SelectionLine]:
    """Return selections; `after` names the one that took the place of another."""
    only = None if assessment is None else repository.row(assessment).id
    rows = repository.assessment_log.selections(only)
    return [_line(repository, repository.selection(row.id)) for row in rows]


@router.post(
    "",
    summary="Select by rules",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
)
def create_selection(wanted: models.SelectionRequest, services: ServicesDep) -> models.Selection:
    """Make a selection and return it; the same assessment, rules and seed are the same list."""
    assessment = services.repository.assessment(wanted.assessment)
    made = make_selection.select(
        assessment, make_selection.rules_from(wanted.rules), wanted.seed, services.clock.now()
    )
    services.repository.assessment_log.file_selection(made)
    return _whole(services, made.id)


@router.get("/{selection}", summary="One selection")
def get_selection(selection: Id, services: ServicesDep) -> models.Selection:
    """Return who is in by rank, the first ones out, quotas, overrides and the procedure."""
    return _whole(services, selection)


@router.get("/{selection}/sensitivity", summary="Which choice of ours matters most")
def get_sensitivity(selection: Id, repository: RepositoryDep) -> models.Sensitivity:
    """Return what each choice of the standard has to do with the list.

    It is computed when it is first asked for, which takes seconds for a thousand schools, and kept
    while the cloud runs. The same selection gives the same answer and the same digest.
    """
    return models.Sensitivity.model_validate(
        with_localized_texts(repository.sensitivity(selection))
    )


@router.get("/{selection}/schools/{school}/least", summary="The least it would take")
def get_cheapest_plan(
    selection: Id,
    school: Annotated[str, Path(description="A school identification code.")],
    repository: RepositoryDep,
) -> models.CheapestPlan:
    """Return the cheapest set of improvements that would have brought the school in."""
    chosen = repository.selection(selection)
    if school not in chosen.outcomes:
        raise NotFound(message("workflow.not_in_selection", school=school, selection=selection))
    assessment = repository.assessment(chosen.row.assessment_id)
    least_plan = make_selection.least(assessment, chosen, school)
    return models.CheapestPlan(
        selection=selection, school=school, **with_localized_texts(least_plan)
    )


def _line(repository: AssessmentRepository, chosen: FiledSelection) -> models.SelectionLine:
    row = chosen.row
    return models.SelectionLine(
        id=row.id,
        digest=row.digest,
        assessment=row.assessment_id,
        places=chosen.contents.places,
        selected=len(chosen.selected),
        seed=row.seed,
        before=row.before_id,
        after=repository.assessment_log.after(row.id),
        overrides=len(_overrides(repository, chosen)),
        created_at=row.created_at,
    )


def _whole(services: Services, selection: str) -> models.Selection:
    repository = services.repository
    chosen = repository.selection(selection)
    assessment = repository.assessment(chosen.row.assessment_id)
    frame = ranking.ranking(assessment, chosen.outcomes)
    inside = ranking.matching(frame, ranking.RankingFilter(selected=True))
    outside = ranking.matching(frame, ranking.RankingFilter(selected=False, rated=True))
    able = [row for row in outside.iter_rows(named=True) if chosen.outcomes[row["id"]].is_eligible]
    reasons = reasons_of(assessment, chosen.outcomes)
    names = reasons.names.schools
    return models.Selection(
        **_line(repository, chosen).model_dump(),
        rules=dict(chosen.rules),
        order=[localized_text(reasons.names.resolved(text)) for text in chosen.contents.order],
        items=[
            shapes.ranking_row(assessment.standard, row, reasons.reason(row["id"]))
            for row in inside.iter_rows(named=True)
        ],
        first_out=[
            shapes.ranking_row(assessment.standard, row, reasons.reason(row["id"]))
            for row in able[:FIRST_OUT]
        ],
        quotas=[
            models.Quota(
                id=quota.id,
                title=localized_text(quota.title),
                group=quota.group,
                code=quota.code,
                least=quota.least,
                most=quota.most,
                selected=quota.selected,
                holds=quota.holds,
            )
            for quota in chosen.contents.quotas
        ],
        notes=[localized_text(reasons.names.resolved(text)) for text in chosen.contents.notes],
        eligible=chosen.contents.eligible,
        reasons=[
            models.Reason.model_validate(
                {
                    "school": row["id"],
                    "name": row["name"] or "",
                    "reason": localized_text(
                        reasons.names.resolved(chosen.outcomes[row["id"]].reason)
                    ),
                    **_but(row, "id", "name"),
                }
            )
            for row in ranking.reasons(frame)
        ],
        warnings=[
            models.SchoolWarning(
                school=school,
                name=names.get(school) or "",
                text=localized_text(AGAINST_RULES),
            )
            for school in chosen.against_rules
        ],
        override_log=[
            models.Override(
                **override.model_dump(),
                name=names.get(override.school) or "",
                at=made.row.created_at,
            )
            for made in _overrides(repository, chosen)
            if (override := made.contents.override) is not None
        ],
        trials=chosen.contents.trials,
        procedure=state_shape(services, selection),
    )


def _but(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}


def _overrides(repository: AssessmentRepository, chosen: FiledSelection) -> list[FiledSelection]:
    """Return the selections on the way to this one that a reviewer made, the first one first."""
    overrides: list[FiledSelection] = []
    while chosen.row.before_id is not None:
        overrides.insert(0, chosen)
        chosen = repository.selection(chosen.row.before_id)
    return overrides
