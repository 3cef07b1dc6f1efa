"""What an import did -> the schema of it, its problems in every language."""

import base64
from pathlib import PurePath

from cloud.api.presenters.text import localized_text
from cloud.api.schemas.imports import (
    ImportColumn,
    ImportHeading,
    ImportNote,
    ImportProblem,
    ImportReport,
    RefusedFile,
)
from cloud.api.schemas.text import LocalizedText
from cloud.registry.importing.heading_choices import HeadingUse
from cloud.registry.importing.importer import Report
from cloud.registry.importing.notes import Note
from cloud.registry.importing.table_reader import Problem


def import_report(report: Report, filename: str) -> ImportReport:
    """Return the schema of a report on a file."""
    return ImportReport(
        kind=report.kind,
        dry_run=report.dry_run,
        rows=report.rows,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        removed=report.removed,
        problems=[_problem(problem) for problem in report.problems],
        problems_total=report.problems_total,
        ignored_columns=list(report.ignored_columns),
        applied=report.applied,
        notes=[_note(note) for note in report.notes],
        headings=[_heading(use) for use in report.headings],
        skipped=report.skipped,
        refused_rows=report.refused_rows,
        refused_file=_refused_file(report, filename),
    )


def _refused_file(report: Report, filename: str) -> RefusedFile | None:
    if report.refused_file is None:
        return None
    content = base64.b64encode(report.refused_file).decode("ascii")
    return RefusedFile(name=f"{PurePath(filename).stem}.refused.xlsx", content=content)


def _note(note: Note) -> ImportNote:
    return ImportNote(
        sheet=note.sheet,
        column=note.column,
        rows=note.rows,
        count=note.count,
        note=note.note,
        code=note.text.key,
        message=localized_text(note.text),
    )


def _heading(use: HeadingUse) -> ImportHeading:
    return ImportHeading(
        kind=use.kind,
        sheet=use.sheet,
        heading=use.heading,
        column=use.column,
        is_remembered=use.is_remembered,
        choices=[
            ImportColumn(
                key=column.key, title=LocalizedText({"zh": column.title, "en": column.english})
            )
            for column in use.free
        ],
    )


def _problem(problem: Problem) -> ImportProblem:
    return ImportProblem(
        sheet=problem.sheet,
        row=problem.row,
        column=problem.column,
        problem=problem.problem,
        code=problem.text.key,
        message=localized_text(problem.text),
    )
