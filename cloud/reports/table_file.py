"""A table as an Excel or CSV file, whose every text is text.

In Excel a text is a text cell. In CSV, which has no types, a text that a spreadsheet would take for
a formula begins with an apostrophe (OWASP, "CSV Injection").
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from cloud.reports.formatting import clean, percent
from cloud.reports.workbook import SHARE, YUAN, Column, book_bytes, new_book, table_sheet

__all__ = ["DATE", "HOURS", "MOMENT", "SHARE", "YUAN", "Cell", "Column", "table_file"]

Cell = str | int | float | date | datetime | None
DATE = "yyyy-mm-dd"
MOMENT = "yyyy-mm-dd hh:mm"
HOURS = "0.0"
_FORMULA_SIGNS = set("=+-@")
_CONTROLS = set("\t\r\n")
_NOT_IN_A_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_LONGEST_SHEET_NAME = 31


def table_file(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    form: str,
    made_at: datetime,
) -> bytes:
    """Return the rows as a file of the form "xlsx" or "csv"; `made_at` is written into Excel's."""
    if form == "csv":
        return _csv(columns, rows)
    book = new_book(title)
    name = _NOT_IN_A_SHEET_NAME.sub(" ", title)[:_LONGEST_SHEET_NAME]
    table_sheet(book, name, columns, ([_without_zone(cell) for cell in row] for row in rows))
    return book_bytes(book, made_at)


def _csv(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_text(column.title) for column in columns])
    for row in rows:
        writer.writerow([_written(cell, column) for cell, column in zip(row, columns, strict=True)])
    # Excel takes a CSV file for UTF-8 only by this mark.
    return out.getvalue().encode("utf-8-sig")


def _written(cell: Cell, column: Column) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _text(cell)
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    return percent(cell, 2) if column.form == SHARE else f"{cell:.10g}"


def _text(text: str) -> str:
    """Return a text that no spreadsheet reads as a formula, in whatever width its sign is."""
    first = unicodedata.normalize("NFKC", text.lstrip()[:1])
    is_formula = first in _FORMULA_SIGNS or text[:1] in _CONTROLS
    return f"'{clean(text)}" if is_formula else clean(text)


def _without_zone(cell: Cell) -> Cell:
    """Return a moment without its zone, which Excel cannot hold."""
    return cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell
