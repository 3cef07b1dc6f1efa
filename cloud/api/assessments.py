"""Assessments: made once, never changed; ranking, compliance, and each school down to its slots."""

from typing import Annotated, Literal

import polars as pl
from fastapi import APIRouter, Path, Query, status
from starlette.concurrency import run_in_threadpool

from cloud.api import assessment_models as models
from cloud.api import assessment_shapes as shapes
from cloud.api.deps import READ, WRITE, ServicesDep, ShelfDep
from cloud.api.schools import registered
from cloud.api.verdicts import outcomes_of, steps_of, verdict_of
from cloud.assessments import gathering, ranking
from cloud.assessments.assessment import Assessment
from cloud.assessments.edition import text_in_force
from cloud.assessments.ranking import SORTS, Asked
from cloud.errors import BadRequest, NotFound
from cloud.registry.rows import SchoolRow
from cloud.scoring import result as results
from cloud.scoring.gather import gather
from cloud.scoring.shapes import STAGES
from cloud.scoring.standard import Clause
from cloud.scoring.table import ATTRIBUTES, table_digest
from cloud.services import Services

router = APIRouter(prefix="/api/v1/assessments", tags=["assessments"], dependencies=[READ])
MOST = 1000

Id = Annotated[str, Path(description='An assessment\'s id, or "latest".')]
School = Annotated[str, Path(description="A school identification code.")]
Of = Annotated[str | None, Query(description="A selection's id; default the newest that stands.")]
Division = Annotated[str | None, Query(description="Schools of one county, by its code.")]
Stage = Annotated[
    Literal["KG", "PRI", "JUN", "SEN", "VOC"] | None, Query(description="Schools that teach it.")
]
Offset = Annotated[int, Query(ge=0, description="How many to leave out.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many to return at most.")]


@router.get("", summary="Every assessment, the newest first")
def assessments(shelf: ShelfDep) -> list[models.AssessmentLine]:
    """Return what was assessed, when, and against which edition."""
    return [
        shapes.line(row, shelf.standard(row), shelf.standing(row.id))
        for row in shelf.proceedings.assessments()
    ]


@router.post(
    "",
    summary="Assess every school, or some",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
)
async def assess(wanted: models.AssessmentRequest, services: ServicesDep) -> models.Assessment:
    """Make an assessment and return it; the same inputs are the same assessment."""
    text = await run_in_threadpool(text_in_force, wanted.standard, wanted.end)
    await services.rollups.settled()
    made = await gathering.assess(
        services.store,
        services.registry,
        text,
        start=wanted.start,
        end=wanted.end,
        created_at=services.clock.now(),
        schools=wanted.schools,
    )
    return await run_in_threadpool(_whole, services, made.row.id)


@router.get("/{assessment}", summary="One assessment")
def one(assessment: Id, services: ServicesDep) -> models.Assessment:
    """Return an assessment with its counties; "latest" is the newest one."""
    return _whole(services, assessment)


@router.get("/{assessment}/ranking", summary="The ranking of an assessment")
def ranked(
    assessment: Id,
    shelf: ShelfDep,
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
        raise BadRequest(f"sort: {sort!r} is not known; use one of {', '.join(SORTS)}")
    found = shelf.assessment(assessment)
    chosen, outcomes = outcomes_of(shelf, found, selection)
    asked = Asked(
        division=division,
        stage=stage,
        school_type=school_type,
        urban_rural=urban_rural,
        selected=selected,
        rated=rated,
        text=q,
    )
    frame = ranking.matching(ranking.ranking(found, outcomes), asked)
    if sort != "rank":
        frame = ranking.in_order(frame, sort)
    return models.RankingPage(
        assessment=found.row.id,
        selection=chosen,
        total=frame.height,
        items=[
            shapes.ranking_row(found.standard, row)
            for row in frame.slice(offset, limit).iter_rows(named=True)
        ],
    )


@router.get("/{assessment}/compliance", summary="How many schools meet each clause, by county")
def compliance(
    assessment: Id, shelf: ShelfDep, stage: Stage = None
) -> list[models.ClauseCompliance]:
    """Return every clause with its source, and compliance with it of all schools and by county."""
    found = shelf.assessment(assessment)
    schools = None
    if stage is not None:
        schools = ranking.matching(ranking.ranking(found), Asked(stage=stage))["id"].to_list()
    rows = ranking.compliance(found, schools)
    return [shapes.clause_compliance(one, rows[one.id]) for one in found.standard.clauses]


@router.get("/{assessment}/variation", summary="How much schools differ, by county")
def variation(assessment: Id, shelf: ShelfDep) -> models.VariationReport:
    """Return the spread of the score and its dimensions, and what the standard limits."""
    return shapes.variation_report(shelf.assessment(assessment))


@router.get("/{assessment}/clauses/{clause}", summary="One clause at every school")
def clause_outcomes(
    assessment: Id,
    clause: str,
    shelf: ShelfDep,
    division: Division = None,
    offset: Offset = 0,
    limit: Limit = MOST,
) -> list[models.ClauseOutcome]:
    """Return the outcome of a clause at the schools to which it applies, the weakest first."""
    found = shelf.assessment(assessment)
    the_clause(found, clause)
    rows = ranking.of_clause(found, clause, division)
    return [models.ClauseOutcome(**row) for row in rows.slice(offset, limit).iter_rows(named=True)]


@router.get("/{assessment}/integrity", summary="What does not fit in the evidence")
def integrity(
    assessment: Id,
    shelf: ShelfDep,
    school: Annotated[str | None, Query(description="Of one school.")] = None,
    check: Annotated[str | None, Query(description="Of one check.")] = None,
    severity: Annotated[models.Severity | None, Query(description="Of one severity.")] = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> models.IntegrityPage:
    """Return integrity findings with their evidence, the severe ones first."""
    wanted = {"school": school, "check": check, "severity": severity}
    asked = {key: value for key, value in wanted.items() if value is not None}
    rows = [
        one
        for one in shelf.assessment(assessment).integrity
        if all(one[key] == value for key, value in asked.items())
    ]
    order = ("high", "medium", "low")
    rows.sort(key=lambda one: (order.index(one["severity"]), one["school"], one["check"]))
    items = [shapes.integrity_shape(one) for one in rows[offset : offset + limit]]
    return models.IntegrityPage(total=len(rows), items=items)


@router.get("/{assessment}/schools/{school}", summary="One school in an assessment")
def school_in(
    assessment: Id, school: School, services: ServicesDep, selection: Of = None
) -> models.SchoolAssessment:
    """Return all that leads to a school's place: findings, verdict, doubts, procedure."""
    shelf = services.shelf
    found = shelf.assessment(assessment)
    scored = _result(found, school)
    chosen, outcomes = outcomes_of(shelf, found, selection)
    frame = ranking.ranking(found, outcomes)
    row = frame.filter(pl.col("id") == school).to_dicts()[0]
    stages = ranking.stages_of(row) or list(STAGES)
    standing = shelf.standing(found.row.id)
    return models.SchoolAssessment(
        assessment=shapes.line(found.row, found.standard, standing),
        school=shapes.ranking_row(found.standard, row),
        min_coverage=found.standard.min_coverage,
        scale=found.standard.scale,
        pass_mark=found.standard.pass_mark,
        dimensions=[shapes.assessed_dimension(one) for one in scored.dimensions],
        findings=[
            shapes.assessed_finding(one, found.row.id, school, stages) for one in scored.findings
        ],
        verdict=verdict_of(shelf, found, chosen, school),
        integrity=[
            shapes.integrity_shape(one) for one in found.integrity if one["school"] == school
        ],
        procedure=steps_of(services, found.row.round, school),
        changes_opens=f"{shapes.BASE}/assessments/{found.row.id}/schools/{school}/changes",
    )


@router.get(
    "/{assessment}/schools/{school}/findings/{clause}",
    summary="One finding of record, with every row it is the sum of",
)
async def finding(
    assessment: Id, school: School, clause: str, services: ServicesDep
) -> models.Opened:
    """Return a finding as assessed, beside its rows of evidence as they stand now."""
    found = await run_in_threadpool(services.shelf.assessment, assessment)
    scored = await run_in_threadpool(_result, found, school)
    asked = the_clause(found, clause)
    of_record = next(one for one in scored.findings if one.clause.id == clause)
    await services.rollups.settled()
    row = await run_in_threadpool(registered, services.registry, school)
    facts = await gather(
        services.store, services.registry, row.id, found.row.starts, found.row.ends
    )
    return await run_in_threadpool(
        _opened, found, school, of_record, results.evidence_rows(asked, facts)
    )


@router.get("/{assessment}/schools/{school}/changes", summary="Whether its evidence has changed")
async def changes(assessment: Id, school: School, services: ServicesDep) -> models.Changes:
    """Return what the evidence of a school says otherwise now than when it was assessed."""
    found = await run_in_threadpool(services.shelf.assessment, assessment)
    then = found.scores.table.filter(pl.col("id") == school)
    if then.is_empty():
        raise NotFound(f"school {school} is not in assessment {found.row.id}")
    row: SchoolRow = await run_in_threadpool(registered, services.registry, school)
    await services.rollups.settled()
    now = await gathering.evidence_now(
        services.store, services.registry, found.standard, row, found.row.starts, found.row.ends
    )
    return await run_in_threadpool(_changes, found, school, then, now)


def the_clause(found: Assessment, clause: str) -> Clause:
    """Return a clause of an assessment's standard; raises NotFound."""
    for one in found.standard.clauses:
        if one.id == clause:
            return one
    raise NotFound(f"{found.standard.edition} has no clause {clause!r}")


def _whole(services: Services, name: str) -> models.Assessment:
    found = services.shelf.assessment(name)
    return shapes.whole(found, services.shelf.standing(found.row.id))


def _result(found: Assessment, school: str) -> results.Result:
    if school not in found.scores.table["id"]:
        raise NotFound(f"school {school} is not in assessment {found.row.id}")
    return results.result(found.scores, school)


def _opened(
    found: Assessment, school: str, of_record: results.Finding, rows: pl.DataFrame
) -> models.Opened:
    applies = of_record.outcome != "not_applicable"
    rows = rows.filter(pl.col("school") == school) if applies else rows.clear()
    row = ranking.ranking(found).filter(pl.col("id") == school).to_dicts()[0]
    stages = ranking.stages_of(row) or list(STAGES)
    now = tuple(float(rows[name].sum()) for name in ("part", "whole", "unknown"))
    then = of_record.sums or (0.0, 0.0, 0.0)
    changed = any(abs(a - b) > 1e-6 * max(1.0, abs(a)) for a, b in zip(then, now, strict=True))
    known = not rows.is_empty()
    return models.Opened(
        assessment=found.row.id,
        school=school,
        finding=shapes.assessed_finding(of_record, found.row.id, school, stages, rows),
        part_now=now[0] if known else None,
        whole_now=now[1] if known else None,
        unknown_now=now[2] if known else None,
        has_changed=changed,
        note_zh="评估之后证据有变化：下列明细合计与评估时的数值不同，评估结果仍以当时的证据为准。"
        if changed
        else "下列明细合计与评估时一致。",
        note_en="The evidence has changed since: its rows add up to something else now. "
        "The assessment stands on the evidence of then."
        if changed
        else "The rows add up to what was assessed.",
    )


def _changes(
    found: Assessment, school: str, then: pl.DataFrame, now: pl.DataFrame
) -> models.Changes:
    was, is_ = then.to_dicts()[0], now.to_dicts()[0]
    names = ("part", "whole", "unknown")
    clauses = []
    for clause in found.standard.clauses:
        keys = [f"{clause.id}.{name}" for name in names]
        if any(was.get(key) != is_.get(key) for key in keys):
            before = {name: was.get(key) for name, key in zip(names, keys, strict=True)}
            after = {f"{name}_now": is_.get(key) for name, key in zip(names, keys, strict=True)}
            clauses.append(
                models.ChangedClause(
                    id=clause.id,
                    title_zh=clause.title.zh,
                    title_en=clause.title.en,
                    **before,
                    **after,
                )
            )
    digest, digest_now = (table_digest(found.standard, table) for table in (then, now))
    return models.Changes(
        assessment=found.row.id,
        school=school,
        digest=digest,
        digest_now=digest_now,
        has_changed=digest != digest_now,
        clauses=clauses,
        attributes=[name for name in ATTRIBUTES if was.get(name) != is_.get(name)],
    )
