"""Assessments: made once, never changed; ranking, compliance, and each school down to its slots."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, status
from starlette.concurrency import run_in_threadpool

from cloud.api.deps import READ, WRITE, RepositoryDep, ServicesDep
from cloud.api.presenters import assessments as shapes
from cloud.api.presenters.schools import registered
from cloud.api.presenters.selections import outcomes_of, steps_of, verdict_of
from cloud.api.schemas import assessments as models
from cloud.assessments import create, evidence_drift, ranking
from cloud.assessments.editions import text_in_force
from cloud.assessments.ranking import SORTS, RankingFilter
from cloud.assessments.reasons import reasons_of
from cloud.errors import BadRequest
from cloud.integrity.results import SEVERITIES
from cloud.messages import message
from cloud.scoring.evidence.collect import gather
from cloud.services import Services

router = APIRouter(prefix="/api/v1/assessments", tags=["assessments"], dependencies=[READ])
MOST = 1000

Id = Annotated[str, Path(description='An assessment\'s id, or "latest".')]
School = Annotated[str, Path(description="A school identification code.")]
Of = Annotated[str | None, Query(description="A selection's id; default the newest in force.")]
Division = Annotated[str | None, Query(description="Schools of one county, by its code.")]
Stage = Annotated[
    Literal["KG", "PRI", "JUN", "SEN", "VOC"] | None, Query(description="Schools that teach it.")
]
Offset = Annotated[int, Query(ge=0, description="How many to leave out.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many to return at most.")]


@router.get("", summary="Every assessment, the newest first")
def list_assessments(repository: RepositoryDep) -> list[models.AssessmentLine]:
    """Return what was assessed, when, and against which edition."""
    return [
        shapes.line(row, repository.standard(row), repository.standing(row.id))
        for row in repository.assessment_log.assessments()
    ]


@router.post(
    "",
    summary="Assess every school, or some",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
)
async def create_assessment(
    wanted: models.AssessmentRequest, services: ServicesDep
) -> models.Assessment:
    """Make an assessment and return it; the same inputs are the same assessment."""
    text = await run_in_threadpool(text_in_force, wanted.standard, wanted.end)
    await services.rollups.settled()
    made = await create.assess(
        services.store,
        services.registry,
        text,
        start=wanted.start,
        end=wanted.end,
        created_at=services.clock.now(),
        schools=wanted.schools,
        inspections=wanted.inspections,
    )
    return await run_in_threadpool(_whole, services, made.row.id)


@router.get("/{assessment}", summary="One assessment")
def get_assessment(assessment: Id, services: ServicesDep) -> models.Assessment:
    """Return an assessment with its counties; "latest" is the newest one."""
    return _whole(services, assessment)


@router.get("/{assessment}/ranking", summary="The ranking of an assessment")
def list_ranking(
    assessment: Id,
    repository: RepositoryDep,
    selection: Of = None,
    division: Division = None,
    stage: Stage = None,
    school_type: Annotated[str | None, Query(description="A code of 学校类型.")] = None,
    urban_rural: Annotated[str | None, Query(description="A code of 城乡类型.")] = None,
    selected: Annotated[bool | None, Query(description="Only those in, or only those out.")] = None,
    rated: Annotated[
        bool | None, Query(description="Only those rated, or only the others.")
    ] = None,
    q: Annotated[str | None, Query(description="Part of a name or a code.")] = None,
    sort: Annotated[str, Query(description="A key, or -key for descending.")] = "rank",
    offset: Offset = 0,
    limit: Limit = 100,
) -> models.RankingPage:
    """Return a page of schools by rank; with a selection, who is in and why."""
    if sort.removeprefix("-") not in SORTS:
        raise BadRequest(message("api.not_one_of", name="sort", got=sort, known=list(SORTS)))
    filed = repository.assessment(assessment)
    chosen, outcomes = outcomes_of(repository, filed, selection)
    wanted = RankingFilter(
        division=division,
        stage=stage,
        school_type=school_type,
        urban_rural=urban_rural,
        selected=selected,
        rated=rated,
        text=q,
    )
    frame = ranking.matching(ranking.ranking(filed, outcomes), wanted)
    reasons = reasons_of(filed, outcomes)
    if sort != "rank":
        frame = ranking.in_order(frame, sort)
    return models.RankingPage(
        assessment=filed.row.id,
        selection=chosen,
        total=frame.height,
        items=[
            shapes.ranking_row(filed.standard, row, reasons.reason(row["id"]))
            for row in frame.slice(offset, limit).iter_rows(named=True)
        ],
    )


@router.get("/{assessment}/compliance", summary="How many schools meet each clause, by county")
def list_compliance(
    assessment: Id, repository: RepositoryDep, stage: Stage = None
) -> list[models.ClauseCompliance]:
    """Return every clause with its source, and compliance with it of all schools and by county."""
    filed = repository.assessment(assessment)
    schools = None
    if stage is not None:
        schools = ranking.matching(ranking.ranking(filed), RankingFilter(stage=stage))[
            "id"
        ].to_list()
    rows = ranking.compliance(filed, schools)
    return [shapes.clause_compliance(clause, rows[clause.id]) for clause in filed.standard.clauses]


@router.get("/{assessment}/variation", summary="How much schools differ, by county")
def get_variation(assessment: Id, repository: RepositoryDep) -> models.VariationReport:
    """Return the spread of the score and its dimensions, and what the standard limits."""
    return shapes.variation_report(repository.assessment(assessment))


@router.get("/{assessment}/clauses/{clause}", summary="One clause at every school")
def list_clause_outcomes(
    assessment: Id,
    clause: str,
    repository: RepositoryDep,
    division: Division = None,
    offset: Offset = 0,
    limit: Limit = MOST,
) -> list[models.ClauseOutcome]:
    """Return the outcome of a clause at the schools to which it applies, the weakest first."""
    filed = repository.assessment(assessment)
    evidence_drift.clause_of(filed, clause)
    rows = ranking.of_clause(filed, clause, division)
    return [models.ClauseOutcome(**row) for row in rows.slice(offset, limit).iter_rows(named=True)]


@router.get("/{assessment}/integrity", summary="What does not fit in the evidence")
def list_integrity_findings(
    assessment: Id,
    repository: RepositoryDep,
    school: Annotated[str | None, Query(description="Of one school.")] = None,
    check: Annotated[str | None, Query(description="Of one check.")] = None,
    severity: Annotated[models.Severity | None, Query(description="Of one severity.")] = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> models.IntegrityPage:
    """Return integrity findings with their evidence, the severe ones first."""
    wanted = {"school": school, "check": check, "severity": severity}
    conditions = {key: value for key, value in wanted.items() if value is not None}
    rows = [
        row
        for row in repository.assessment(assessment).integrity
        if all(getattr(row, key) == value for key, value in conditions.items())
    ]
    rows.sort(key=lambda row: (SEVERITIES.index(row.severity), row.school, row.check))
    items = [shapes.integrity_shape(row) for row in rows[offset : offset + limit]]
    return models.IntegrityPage(total=len(rows), items=items)


@router.get("/{assessment}/schools/{school}", summary="One school in an assessment")
def get_assessed_school(
    assessment: Id, school: School, services: ServicesDep, selection: Of = None
) -> models.SchoolAssessment:
    """Return all that leads to a school's place: findings, verdict, integrity, procedure."""
    repository = services.repository
    filed = repository.assessment(assessment)
    scored = evidence_drift.result_of(filed, school)
    chosen, outcomes = outcomes_of(repository, filed, selection)
    row = evidence_drift.row_of(ranking.ranking(filed, outcomes), school, filed)
    standing = repository.standing(filed.row.id)
    return models.SchoolAssessment(
        assessment=shapes.line(filed.row, filed.standard, standing),
        school=shapes.ranking_row(filed.standard, row, reasons_of(filed, outcomes).reason(school)),
        min_coverage=filed.standard.min_coverage,
        scale=filed.standard.scale,
        pass_mark=filed.standard.pass_mark,
        dimensions=[shapes.assessed_dimension(dimension) for dimension in scored.dimensions],
        findings=[
            shapes.assessed_finding(finding, filed.row.id, school, scored.stages)
            for finding in scored.findings
        ],
        verdict=verdict_of(repository, filed, chosen, school),
        integrity=[shapes.integrity_shape(row) for row in filed.integrity if row.school == school],
        procedure=steps_of(services, filed.row.round, school),
        changes_opens=f"{shapes.BASE}/assessments/{filed.row.id}/schools/{school}/changes",
    )


@router.get(
    "/{assessment}/schools/{school}/findings/{clause}",
    summary="One finding of record, with every row it is the sum of",
)
async def get_assessed_finding(
    assessment: Id, school: School, clause: str, services: ServicesDep
) -> models.OpenedFinding:
    """Return a finding as assessed, with its current rows of evidence."""
    filed = await run_in_threadpool(services.repository.assessment, assessment)
    await run_in_threadpool(evidence_drift.clause_of, filed, clause)
    row = await run_in_threadpool(registered, services.registry, school)
    await services.rollups.settled()
    facts = await gather(
        services.store, services.registry, row.id, filed.row.starts, filed.row.ends
    )
    opened = await run_in_threadpool(evidence_drift.opened, filed, school, clause, facts)
    return await run_in_threadpool(shapes.opened_shape, filed, school, opened)


@router.get("/{assessment}/schools/{school}/changes", summary="Whether its evidence has changed")
async def get_evidence_changes(
    assessment: Id, school: School, services: ServicesDep
) -> models.EvidenceChanges:
    """Return how the evidence of a school differs now from when it was assessed."""
    filed = await run_in_threadpool(services.repository.assessment, assessment)
    row = await run_in_threadpool(registered, services.registry, school)
    await services.rollups.settled()
    now = await create.evidence_now(
        services.store, services.registry, services.computed, filed, row
    )
    changed = await run_in_threadpool(evidence_drift.changes, filed, school, now)
    return shapes.changes_shape(filed, school, changed)


def _whole(services: Services, name: str) -> models.Assessment:
    filed = services.repository.assessment(name)
    return shapes.whole(filed, services.repository.standing(filed.row.id))
