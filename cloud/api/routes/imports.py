"""Import of the school's records from files, and the blank workbook."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from cloud.api.deps import READ, WRITE, ClockDep, RegistryDep, SettingsDep
from cloud.api.presenters.imports import import_report
from cloud.api.schemas.imports import ImportReport
from cloud.errors import BadRequest, RefusedValue, TooLarge
from cloud.messages import message
from cloud.registry.codes.statistics import school_code
from cloud.registry.importing.dates import ZONE
from cloud.registry.importing.importer import import_file
from cloud.registry.importing.template import template

router = APIRouter(prefix="/api/v1", tags=["imports"])
Kind = Literal[
    "schools",
    "rooms",
    "assets",
    "bindings",
    "terms",
    "periods",
    "timetable",
    "holidays",
    "stage_sizes",
    "declarations",
    "tickets",
    "stocktakes",
    "disposals",
    "chemicals",
    "workbook",
]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEGABYTE = 1_000_000


@router.get(
    "/imports/template.xlsx",
    summary="A blank workbook to fill in",
    dependencies=[READ],
    response_class=Response,
    responses={200: {"content": {XLSX: {}}}},
)
def get_import_template() -> Response:
    """Return a workbook with every sheet and column, notes and drop-downs."""
    disposition = 'attachment; filename="smart-campus-template.xlsx"'
    return Response(template(), media_type=XLSX, headers={"Content-Disposition": disposition})


@router.post("/imports/{kind}", summary="Import a CSV or Excel file", dependencies=[WRITE])
async def import_records(
    kind: Kind,
    file: UploadFile,
    registry: RegistryDep,
    settings: SettingsDep,
    clock: ClockDep,
    dry_run: Annotated[bool, Query(description="Only report what would happen.")] = False,
    school: Annotated[str | None, Query(description="The school, where the file has none.")] = None,
    keep_good: Annotated[
        bool, Query(description="Import the rows without a problem, and return the others.")
    ] = False,
) -> ImportReport:
    """Import all of a file or, where anything is wrong with it, nothing.

    With `keep_good` the rows without a problem are imported; `refused_file` holds the others.
    """
    if school is not None:
        try:
            school = school_code(school)
        except RefusedValue as error:
            raise BadRequest(message("api.parameter", name="school", problem=error.text)) from None
    limit = int(settings.max_upload_mb * MEGABYTE)
    content = await file.read(limit + 1)
    name = file.filename or "file"
    if len(content) > limit:
        raise TooLarge(message("import.file.too_large", file=name, most_mb=settings.max_upload_mb))
    if not content:
        raise BadRequest(message("import.file.empty", file=name))
    report = await run_in_threadpool(
        import_file,
        registry,
        kind,
        content,
        name,
        dry_run=dry_run,
        school=school,
        keep_good=keep_good,
        today=clock.now().astimezone(ZONE).date(),
    )
    return import_report(report, name)
