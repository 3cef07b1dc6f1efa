"""The schemas of a school's records, row by row."""

from datetime import date

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText


class RecordColumn(Shape):
    """A column of a table, as the import names it."""

    key: str
    title: LocalizedText
    codes: str | None
    """The code list that its cells are of."""


class RecordTable(Shape):
    """One table of a school's records in the list of them."""

    table: str
    title: LocalizedText
    is_imported: bool
    """False where its rows are derived from telemetry and other tables."""
    rows: int | None
    """None where counting them takes as long as reading them."""


class RecordRow(Shape):
    """One row of a table."""

    key: str
    """Its name in the table: the row's number, with a day where one number has several."""
    cells: dict[str, str | bool | int | float | None]
    asset_id: int | None
    """The asset it names, where the ledger has it."""
    day: date | None
    """The day that the row is of, where the asset's day shows more."""


class RecordPage(Shape):
    """A page of a table; `total` counts all rows that match, `offset` those before the page."""

    table: str
    title: LocalizedText
    is_imported: bool
    columns: list[RecordColumn]
    total: int
    offset: int
    start: date | None
    end: date | None
    """The span that the rows are of; None for a table without one."""
    items: list[RecordRow]


class OpenedEvidence(Shape):
    """Where a piece of evidence comes from: a row of a table, or an asset, or an asset's day."""

    ref: str
    table: str
    rows: int
    """How many rows it is the sum of."""
    first: RecordRow | None
    """The first of them; None where the whole table is meant and is empty."""
