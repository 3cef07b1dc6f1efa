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
