"""What an import did -> the schema of it, its problems in every language."""

from cloud.api.presenters.text import localized_text
from cloud.api.schemas.imports import ImportProblem, ImportReport
from cloud.registry.importing.importer import Report
from cloud.registry.importing.table_reader import Problem


def import_report(report: Report) -> ImportReport:
    """Return the schema of a report."""
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
