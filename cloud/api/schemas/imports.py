"""The schemas of what an import did."""

from pydantic import Field

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText


class ImportProblem(Shape):
    """One refused cell or row."""

    sheet: str
    row: int
    column: str | None
    problem: str
    """In English."""
    code: str
    """What is wrong, as a key that stays the same when the wording changes."""
    message: LocalizedText
    """The problem in every language."""


class ImportNote(Shape):
    """Something to know that stops nothing: what was skipped, is hidden, or was assumed."""

    sheet: str
    column: str | None
    rows: list[int]
    """The first of the rows; empty where it is about the sheet or a column."""
    count: int
    """How many rows it is about."""
    note: str
    """In English."""
    code: str
    """What it is about, as a key that stays the same when the wording changes."""
    message: LocalizedText
    """The note in every language."""


class RefusedFile(Shape):
    """The rows that were left out, as an Excel file with the reason in a column."""

    name: str
    content: str
    """The file, in Base64."""


class ImportReport(Shape):
    """What an import did, or would do."""

    kind: str
    dry_run: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    removed: int = 0
    """Periods, lessons, stated bindings and cancelled days that the file took back."""
    problems: list[ImportProblem]
    """The first of them."""
    problems_total: int = 0
    ignored_columns: list[str] = Field(default_factory=list)
    """Columns of the file that mean nothing here and were not stored."""
    applied: bool
    notes: list[ImportNote] = Field(default_factory=list)
    skipped: int = 0
    """Rows that are no records: totals, remarks, the header again, rows that nothing names."""
    refused_rows: int = 0
    """Rows that were left out, with `keep_good`."""
    refused_file: RefusedFile | None = None
