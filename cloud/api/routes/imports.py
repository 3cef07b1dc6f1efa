"""Import of the school's records from files, and the blank workbook."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, UploadFile
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from cloud.api.deps import READ, WRITE, ClockDep, RegistryDep, SettingsDep
from cloud.api.presenters.imports import import_report
from cloud.api.schemas.imports import ImportReport
from cloud.errors import BadRequest, RefusedValue, TooLarge
from cloud.messages import message
from cloud.registry.codes.statistics import school_code
from cloud.registry.importing.columns import BY_KIND
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
_HEADINGS = TypeAdapter(dict[str, dict[str, str | None]])
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
    headings: Annotated[
        str,
        Form(
            description="JSON: kind -> heading of the file -> key of the column it is taken for; "
            '"" where it means nothing, null to forget what was chosen with an earlier file.'
        ),
    ] = "{}",
) -> ImportReport:
    """Import all of a file or, where anything is wrong with it, nothing.

    With `keep_good` the rows without a problem are imported; `refused_file` holds the others.
    `headings` is remembered, once the file is applied, for the next file of the school.
    """
    chosen = _chosen(headings)
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
        headings=chosen,
    )
    return import_report(report, name)


def _chosen(text: str) -> dict[str, dict[str, str | None]]:
    """Return what was chosen for headings; raises BadRequest where a kind or column is unknown."""
    try:
        chosen = _HEADINGS.validate_json(text)
    except ValidationError:
        raise BadRequest(message("import.headings.form")) from None
    for kind, titles in chosen.items():
        layout = BY_KIND.get(kind)
        if layout is None:
            raise BadRequest(message("import.headings.kind", kind=kind, kinds=list(BY_KIND)))
        known = [column.key for column in layout.columns]
        for column in titles.values():
            if column and column not in known:
                raise BadRequest(message("import.headings.column", column=column, columns=known))
    return chosen
