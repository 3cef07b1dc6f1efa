"""Workbooks whose every text is text: nothing in a name is ever read as a formula.

The same rows give the same bytes: the times within are those of the assessment.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from cloud.reports.formatting import clean

SCORE = "0.0000"
SHARE = "0.00%"
YUAN = "#,##0"
INK = "1F3A4D"
_MUTED = "667785"
_FAMILY = "等线"
_TOP = Alignment(wrap_text=True, vertical="top")
_FORMULAS = {"=", "+", "-", "@"}
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_OLDEST = datetime(1980, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its width in characters, how its numbers are shown."""

    title: str
    width: float
    form: str = "General"


def new_book(title: str) -> Workbook:
    """Return a workbook without sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for style in _styles():
        book.add_named_style(style)
    book.properties.title = clean(title)
    book.properties.creator = "Smart Campus"
    return book


def facts_sheet(
    book: Workbook, name: str, title: str, facts: Iterable[tuple[str, Any, str]]
) -> None:
    """Add a sheet of labels with their values (label, value, number format)."""
    sheet: Worksheet = book.create_sheet(name)
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 92
    sheet.sheet_view.showGridLines = False
    _put(sheet, 1, 1, title, "题目")
    for row, (label, value, form) in enumerate(facts, start=3):
        _put(sheet, row, 1, label, "项目")
        _put(sheet, row, 2, value, "内容", form)
    _printed(sheet, landscape=False)


def table_sheet(
    book: Workbook, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]
) -> None:
    """Add a sheet with a head that stays, a filter, and a row each."""
    sheet: Worksheet = book.create_sheet(name)
    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
        _put(sheet, 1, number, column.title, "表头")
    last = 1
    for last, row in enumerate(rows, start=2):
        for number, (column, value) in enumerate(zip(columns, row, strict=True), start=1):
            _put(sheet, last, number, value, "表格", column.form)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{last}"
    sheet.print_title_rows = "1:1"
    _printed(sheet, landscape=True)


def book_bytes(book: Workbook, made_at: datetime) -> bytes:
    """Return the workbook as .xlsx; `made_at` is written into it as its time."""
    stamp = max(made_at.astimezone(UTC), _OLDEST).replace(tzinfo=None, microsecond=0)
    book.properties.created = stamp
    raw = io.BytesIO()
    book.save(raw)
    out = io.BytesIO()
    modified = stamp.isoformat().encode() + b"Z"
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + modified, content)
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return out.getvalue()


def _styles() -> list[NamedStyle]:
    """Return the named styles: one change in the file changes all cells of a kind at once."""
    text = Font(name=_FAMILY, size=11)
    left = Alignment(wrap_text=True, vertical="top", horizontal="left")
    return [
        NamedStyle("题目", font=Font(name=_FAMILY, size=16, bold=True, color=INK)),
        NamedStyle("项目", font=Font(name=_FAMILY, size=11, color=_MUTED), alignment=_TOP),
        NamedStyle("内容", font=text, alignment=left),
        NamedStyle(
            "表头",
            font=Font(name=_FAMILY, size=11, bold=True, color="FFFFFF"),
            fill=PatternFill("solid", fgColor=INK),
            alignment=Alignment(wrap_text=True, vertical="center"),
        ),
        NamedStyle(
            "表格",
            font=text,
            alignment=_TOP,
            border=Border(bottom=Side(style="hair", color="B8C2CA")),
        ),
    ]


def _put(
    sheet: Worksheet, row: int, column: int, value: Any, style: str, form: str = "General"
) -> None:
    cell = sheet.cell(row, column)
    if not isinstance(cell, Cell):
        raise TypeError(f"{cell.coordinate} is part of a merged cell")
    cell.style = style
    if isinstance(value, str):
        cell.value = clean(value)
        cell.data_type = "s"
        if value[:1] in _FORMULAS:
            cell.quotePrefix = True
    elif value is not None:
        cell.value = value
        cell.number_format = form


def _printed(sheet: Worksheet, *, landscape: bool) -> None:
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    footer = HeaderFooterItem()
    footer.center.text = "&P / &N"
    sheet.HeaderFooter.oddFooter = footer
