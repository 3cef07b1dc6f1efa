"""Import a file of a school's records into the registry, all of it or nothing.

1. Every problem is reported with its sheet, row and column; one problem anywhere and nothing is
   stored.
2. Rows are matched by their natural keys, so the same file twice changes nothing.
3. A column that is not in the file leaves what is stored alone; an empty cell clears it.
4. Rooms and assets that are missing from a file stay. The periods and the timetable of a term, and
   the stated bindings of an asset, are replaced as a whole by a file that names that term or asset.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy.orm import Session

from cloud.errors import Unprocessable
from cloud.messages import message
from cloud.registry.importing import columns, ledger, records, timetable
from cloud.registry.importing.columns import BY_KIND, LAYOUTS, Layout
from cloud.registry.importing.import_job import Job
from cloud.registry.importing.spreadsheet import Sheet, read
from cloud.registry.importing.table_reader import Problem, Problems, Record
from cloud.registry.importing.table_reader import records as records_in
from cloud.registry.store import Registry

APPLY: dict[str, Callable[[Job, Sequence[Record]], None]] = {
    "schools": ledger.apply_schools,
    "rooms": ledger.apply_rooms,
    "assets": ledger.apply_assets,
    "bindings": ledger.apply_bindings,
    "terms": timetable.apply_terms,
    "periods": timetable.apply_periods,
    "timetable": timetable.apply_timetable,
    "holidays": timetable.apply_holidays,
    "stage_sizes": records.apply_stage_sizes,
    "declarations": records.apply_declarations,
    "tickets": records.apply_tickets,
    "stocktakes": records.apply_stocktakes,
    "disposals": records.apply_disposals,
    "chemicals": records.apply_chemicals,
}
WORKBOOK = "workbook"
KINDS = (*BY_KIND, WORKBOOK)


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or would do."""

    kind: str
    dry_run: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    removed: int
    problems: tuple[Problem, ...]
    problems_total: int
    ignored_columns: tuple[str, ...]
    applied: bool


def import_file(
    registry: Registry,
    kind: str,
    content: bytes,
    filename: str,
    *,
    dry_run: bool = False,
    school: str | None = None,
) -> Report:
    """Import a CSV or Excel file. A file that cannot be read at all raises `Unprocessable`."""
    sheets = read(content, filename)
    problems = Problems()
    parts = _workbook(sheets, problems) if kind == WORKBOOK else _single(sheets, kind, filename)
    rows = 0
    ignored: set[str] = set()
    with registry.writing() as session:
        job = Job(session, problems)
        for layout, sheet in parts:
            sheet_records = list(records_in(sheet, layout, problems, ignored, school))
            rows += len(sheet_records)
            APPLY[layout.kind](job, [record for record in sheet_records if not record.is_broken])
            job.flush()
        if rows == 0 and not problems.total:
            problems.add(parts[0][0].sheet if parts else "", 1, None, message("import.no_rows"))
        applied = not problems.total and not dry_run
        touched = _close(session, job, applied=applied)
    if applied and touched:
        registry.changed(kind, touched)
    return Report(
        kind=kind,
        dry_run=dry_run,
        rows=rows,
        created=job.created,
        updated=job.updated,
        unchanged=job.unchanged,
        removed=job.removed,
        problems=tuple(problems.shown),
        problems_total=problems.total,
        ignored_columns=tuple(sorted(ignored)),
        applied=applied,
    )


def _close(session: Session, job: Job, *, applied: bool) -> frozenset[str]:
    touched = frozenset(job.schools) if job.touches_all else frozenset(job.touched)
    if applied:
        session.commit()
    else:
        session.rollback()
    return touched


def _single(sheets: list[Sheet], kind: str, filename: str) -> list[tuple[Layout, Sheet]]:
    layout = BY_KIND[kind]
    named = [sheet for sheet in sheets if _is(sheet, layout)]
    if named:
        return [(layout, named[0])]
    filled = [sheet for sheet in sheets if sheet.rows]
    if len(filled) <= 1:
        return [(layout, (filled or sheets)[0])]
    names = [sheet.name for sheet in filled]
    raise Unprocessable(
        message("import.file.which_sheet", file=filename, sheets=names, expected=layout.sheet)
    )


def _workbook(sheets: list[Sheet], problems: Problems) -> list[tuple[Layout, Sheet]]:
    parts = []
    for layout in LAYOUTS:
        parts += [(layout, sheet) for sheet in sheets if _is(sheet, layout) and sheet.rows]
    titles = [layout.sheet for layout in LAYOUTS]
    for sheet in sheets:
        if sheet.name in {columns.GUIDE_SHEET, columns.CODES_SHEET} or not sheet.rows:
            continue
        if not any(_is(sheet, layout) for layout in LAYOUTS):
            close = get_close_matches(sheet.name, titles, n=1, cutoff=0.3)
            hint = (
                message("import.hint.sheet", name=close[0])
                if close
                else message("import.hint.rename_sheet")
            )
            problem = message("import.header.unknown_sheet", expected=titles, hint=hint)
            problems.add(sheet.name or "CSV", 1, None, problem)
    return parts


def _is(sheet: Sheet, layout: Layout) -> bool:
    return sheet.name.strip().casefold() in {layout.sheet, layout.english}
