"""Reports of an assessment as files: Excel, PDF, and the evidence bundle that anyone can score."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from cloud.api.deps import READ, ServicesDep
from cloud.api.presenters.schools import registered
from cloud.api.presenters.selections import outcomes_of
from cloud.assessments.repository import AssessmentRepository
from cloud.reports import filed as reports
from cloud.reports.filed import Filed, Form
from cloud.reports.shapes import AreaReport
from cloud.scoring.evidence.collect import gather

router = APIRouter(
    prefix="/api/v1/assessments/{assessment}/reports", tags=["reports"], dependencies=[READ]
)
_TYPES: dict[str, str] = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}

Id = Annotated[str, Path(description='An assessment\'s id, or "latest".')]
Of = Annotated[str | None, Query(description="A selection's id; default the newest in force.")]
Ending = Annotated[Form, Path(description="pdf and xlsx for people, json: the evidence bundle.")]


@router.get("/schools/{school}.{form}", summary="The report of a school", response_class=Response)
async def get_school_report(
    assessment: Id, school: str, form: Ending, services: ServicesDep, selection: Of = None
) -> Response:
    """Return a file for a principal; the rows of evidence in it are those of now."""
    filed = await run_in_threadpool(_filed, services.repository, assessment, selection)
    if form == "json":
        await run_in_threadpool(reports.of_school, filed, school)
        return await _answer(lambda: _bundle(filed, [school]), form, f"{school}.bundle")
    row = await run_in_threadpool(registered, services.registry, school)
    await services.rollups.settled()
    span = filed.assessment.row
    facts = await gather(services.store, services.registry, row.id, span.starts, span.ends)

    def made() -> bytes:
        return reports.file_of(reports.of_school(filed, school, evidence=facts), form)

    return await _answer(made, form, f"{school} {row.name}")


@router.get(
    "/counties/{division}.{form}", summary="The report of a county", response_class=Response
)
async def get_county_report(
    assessment: Id, division: str, form: Ending, services: ServicesDep, selection: Of = None
) -> Response:
    """Return a file with ranking, compliance, variation and selection of a county's schools."""
    filed = await run_in_threadpool(_filed, services.repository, assessment, selection)
    report = await run_in_threadpool(reports.of_area, filed, division)
    return await _area(filed, report, reports.schools_of(filed, division), form)


@router.get("/city.{form}", summary="The report of the city", response_class=Response)
async def get_city_report(
    assessment: Id, form: Ending, services: ServicesDep, selection: Of = None
) -> Response:
    """Return a file with ranking, compliance, variation and selection of all schools."""
    filed = await run_in_threadpool(_filed, services.repository, assessment, selection)
    matters = None
    if form != "json":
        matters = await run_in_threadpool(_matters, services.repository, filed)
    report = await run_in_threadpool(reports.of_area, filed, matters=matters)
    return await _area(filed, report, None, form)


@router.get("/notice.{form}", summary="The publicity notice", response_class=Response)
async def get_notice(
    assessment: Id,
    form: Literal["pdf", "xlsx"],
    services: ServicesDep,
    selection: Of = None,
    division: Annotated[str | None, Query(description="Of one county, by its code.")] = None,
    office: Annotated[str, Query(description="Who publishes it.")] = "",
    contact: Annotated[str, Query(description="Where objections go; else as published.")] = "",
) -> Response:
    """Return the list proposed, its rules and its publicity period; a blank where none is set."""
    filed = await run_in_threadpool(_filed, services.repository, assessment, selection)

    def made() -> bytes:
        steps = services.registry.assessment_log.steps(round=filed.assessment.row.round)
        published = reports.publication(steps, filed.chosen.row.id) if filed.chosen else None
        notice = reports.of_notice(
            filed, division, published=published, office=office, contact=contact
        )
        return reports.file_of(notice, form)

    return await _answer(made, form, "公示")


def _filed(repository: AssessmentRepository, assessment: str, selection: str | None) -> Filed:
    record = repository.assessment(assessment)
    name, _ = outcomes_of(repository, record, selection)
    if name is None:
        return reports.filed(record)
    return reports.filed(record, repository.selection(name), repository.last(name))


def _matters(repository: AssessmentRepository, filed: Filed) -> Mapping[str, Any] | None:
    return None if filed.chosen is None else repository.sensitivity(filed.chosen.row.id)


async def _area(
    filed: Filed, report: AreaReport, schools: list[str] | None, form: Form
) -> Response:
    if form == "json":
        return await _answer(lambda: _bundle(filed, schools), form, f"{report.area}.bundle")
    return await _answer(lambda: reports.file_of(report, form), form, report.area)


async def _answer(made: Callable[[], bytes], form: Form, name: str) -> Response:
    content = await run_in_threadpool(made)
    named = quote(f"{name}.{form}", safe="")
    return Response(
        content,
        media_type=_TYPES[form],
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{named}"},
    )


def _bundle(filed: Filed, schools: list[str] | None) -> bytes:
    return reports.bundle_of(filed.assessment, schools).encode()
