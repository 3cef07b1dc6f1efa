"""The shapes of a school's books, row by row."""

from datetime import date

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText


class BookColumn(Shape):
    """A column of a book, as the import names it."""

    key: str
    title: LocalizedText
    codes: str | None
    """The code list that its cells are of."""


class BookLine(Shape):
    """One book of a school in the list of its books."""

    book: str
    title: LocalizedText
    is_imported: bool
    """False where its rows follow from telemetry and other books."""
    rows: int | None
    """None where counting them takes as long as reading them."""


class BookRow(Shape):
    """One row of a book."""

    key: str
    """What names it in its book: the row's number, with a day where one number has several."""
    cells: dict[str, str | bool | int | float | None]
    asset_id: int | None
    """The asset it names, where the ledger has it."""
    day: date | None
    """The day that the row is of, where the asset's day shows more."""


class BookPage(Shape):
    """A page of a book; `total` counts all rows that match, `offset` those before the page."""

    book: str
    title: LocalizedText
    is_imported: bool
    columns: list[BookColumn]
    total: int
    offset: int
    start: date | None
    end: date | None
    """The span that the rows are of; None for a book without one."""
    items: list[BookRow]


class OpenedEvidence(Shape):
    """Where a piece of evidence stands: a row of a book, or an asset, or an asset's day."""

    ref: str
    book: str
    rows: int
    """How many rows it is the sum of."""
    first: BookRow | None
    """The first of them; None where the whole book is meant and has none."""
