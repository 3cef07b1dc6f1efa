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


class ImportColumn(Shape):
    """A column that a heading can be taken for."""

    key: str
    title: LocalizedText


class ImportHeading(Shape):
    """A heading of the file that is unknown here, or whose column a person chose."""

    kind: str
    sheet: str
    heading: str
    column: str | None
    """The key of the column chosen; empty: it means nothing; null: not chosen yet."""
    is_remembered: bool
    """Whether it was chosen with an earlier file."""
    choices: list[ImportColumn]
    """The columns that the sheet has no other heading for."""


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
    headings: list[ImportHeading] = Field(default_factory=list)
    """Unknown and chosen headings, with the columns they can be taken for."""
    skipped: int = 0
    """Rows that are no records: totals, remarks, the header again, rows that nothing names."""
    refused_rows: int = 0
    """Rows that were left out, with `keep_good`."""
    refused_file: RefusedFile | None = None
