"""Import a file of a school's records into the registry, all of it or nothing.

1. Every problem is reported with its sheet, row and column; one problem anywhere and nothing is
   stored. On request (`keep_good`) the rows without a problem are, and the others come back as a
   workbook with the reason.
2. Rows are matched by their natural keys, so the same file twice changes nothing.
3. A column that is not in the file leaves what is stored alone; an empty cell clears it.
4. Rooms and assets that are missing from a file stay. The periods and the timetable of a term, and
   the stated bindings of an asset, are replaced as a whole by a file that names that term or asset.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy.orm import Session

from cloud.errors import Unprocessable
from cloud.messages import message
from cloud.registry.importing import columns, ledger, records, timetable
from cloud.registry.importing.columns import BY_KIND, LAYOUTS, Layout
from cloud.registry.importing.heading_choices import HeadingUse, Requested, choices_for
from cloud.registry.importing.import_job import Job
from cloud.registry.importing.notes import Note, Notes
from cloud.registry.importing.refused_rows import rest_of
from cloud.registry.importing.spreadsheet import Sheet, read
from cloud.registry.importing.table_reader import Problem, Problems, Reading, Record
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
REPLACED = frozenset({"bindings", "periods", "timetable"})
"""Kinds of which what a file does not name any more is taken back."""
WORKBOOK = "workbook"
KINDS = (*BY_KIND, WORKBOOK)


MOST_ATTEMPTS = 20
"""How often good rows are tried again without those that needed a refused one."""


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
    notes: tuple[Note, ...] = ()
    """What was skipped, is hidden, or was assumed."""
    skipped: int = 0
    """Rows that are no records: totals, remarks, rows without a key."""
    refused_rows: int = 0
    """Rows that were left out because of a problem, with `keep_good`."""
    headings: tuple[HeadingUse, ...] = ()
    """Headings that are unknown, or whose column a person chose."""
    refused_file: bytes | None = None
    """These rows as a workbook, with the reason in a column."""


Parts = Sequence[tuple[Layout, Sheet]]


@dataclass(slots=True)
class _Attempt:
    """One pass over the file: what it read and changed, not committed yet."""

    job: Job
    reading: Reading
    rows: int


def import_file(
    registry: Registry,
    kind: str,
    content: bytes,
    filename: str,
    *,
    dry_run: bool = False,
    school: str | None = None,
    keep_good: bool = False,
    today: dt.date | None = None,
    headings: Requested | None = None,
) -> Report:
    """Import a CSV or Excel file. A file that cannot be read at all raises `Unprocessable`.

    With `keep_good` rows with a problem are left out. `today` is the day of the import; without it
    no date is noted as one in the future. `headings` are what a person chose for headings of the
    file; an import that is applied remembers them for the next file.
    """
    sheets = read(content, filename)
    of_file = Problems()
    parts = _workbook(sheets, of_file) if kind == WORKBOOK else _single(sheets, kind, filename)
    all_problems = Problems()
    excluded: set[tuple[str, int]] = set()
    with registry.writing() as session:
        for _ in range(MOST_ATTEMPTS):
            problems = of_file.copy()
            choices = choices_for(session, school or "", headings or {})
            reading = Reading(problems, Notes(), school, today, excluded, choices)
            attempt = _try(session, parts, reading)
            all_problems.take(problems)
            if not keep_good or problems.of_sheets or not problems.of_rows:
                break
            excluded |= problems.of_rows.keys()
            session.rollback()
        if attempt.rows == 0 and not all_problems.total:
            name = (parts[0][1].name or parts[0][0].sheet) if parts else ""
            problems.add(name, 1, None, message("import.no_rows"))
            all_problems.take(problems)
        is_good = not problems.total and attempt.rows > 0
        applied = is_good and not dry_run
        if applied:
            choices.remember(session, school or "")
        touched = _close(session, attempt.job, applied=applied)
    if applied and touched:
        registry.changed(kind, touched)
    rest = rest_of(parts, all_problems) if keep_good and is_good and excluded else None
    return Report(
        kind=kind,
        dry_run=dry_run,
        rows=attempt.rows,
        created=attempt.job.created,
        updated=attempt.job.updated,
        unchanged=attempt.job.unchanged,
        removed=attempt.job.removed,
        problems=tuple(all_problems.shown),
        problems_total=all_problems.total,
        ignored_columns=tuple(sorted(reading.ignored)),
        applied=applied,
        notes=tuple(reading.notes.all),
        headings=tuple(choices.uses),
        skipped=reading.skipped,
        refused_rows=len(excluded) if rest is not None else 0,
        refused_file=rest,
    )


def _try(session: Session, parts: Parts, reading: Reading) -> _Attempt:
    """Read every sheet and write its rows, without committing them."""
    job = Job(session, reading.problems, reading.notes)
    rows = 0
    for layout, sheet in parts:
        sheet_records = list(records_in(sheet, layout, reading))
        rows += len(sheet_records)
        name = sheet.name or layout.sheet
        job.is_partial = any(sheet_name == name for sheet_name, _ in reading.excluded)
        if job.is_partial and layout.kind in REPLACED:
            reading.notes.add("rest_kept", name)
        APPLY[layout.kind](job, [record for record in sheet_records if not record.is_broken])
        job.flush()
    return _Attempt(job, reading, rows)


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
