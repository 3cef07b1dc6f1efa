"""The rows that an import left out, as a workbook: their cells as they were, and why.

The workbook can be corrected and imported again; its two columns of reasons mean nothing then.
"""

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.datetime import MAC_EPOCH

from cloud.messages import render
from cloud.registry.importing.columns import Layout
from cloud.registry.importing.number_format import FormattedNumber
from cloud.registry.importing.spreadsheet import Sheet
from cloud.registry.importing.table_reader import Problem, Problems, header_row

ROW_TITLE = "原行号 row"
REASON_TITLE = "问题 problem"


def rest_of(parts: Sequence[tuple[Layout, Sheet]], problems: Problems) -> bytes:
    """Return the refused rows of every sheet as .xlsx."""
    book = Workbook(write_only=True)
    if any(sheet.is_1904 for _, sheet in parts):
        book.epoch = MAC_EPOCH
    for layout, sheet in parts:
        name = sheet.name or layout.sheet
        refused = [
            (number, row, problems.of_rows[name, number])
            for number, row in sheet.rows
            if (name, number) in problems.of_rows
        ]
        if refused:
            _write(book, name, header_row(sheet, layout), refused)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write(
    book: Workbook,
    name: str,
    header: Sequence[Any],
    refused: Sequence[tuple[int, Sequence[Any], Sequence[Problem]]],
) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    width = max(len(header), *(len(row) for _, row, _ in refused))
    padded = [*header, *[None] * (width - len(header))]
    sheet.append([_cell(sheet, cell, is_bold=True) for cell in (ROW_TITLE, *padded, REASON_TITLE)])
    for number, row, problems in refused:
        cells = [*row, *[None] * (width - len(row))]
        reason = "\n".join(_reason(problem) for problem in problems)
        sheet.append([_cell(sheet, cell) for cell in (number, *cells, reason)])


def _reason(problem: Problem) -> str:
    place = "" if problem.column is None else f"{problem.column}："
    return f"{place}{render(problem.text, 'zh')} / {render(problem.text, 'en')}"


def _cell(sheet: Any, value: Any, *, is_bold: bool = False) -> Cell:
    """Return a cell that is read as it was: no text becomes a formula, no padding is lost."""
    if isinstance(value, FormattedNumber):
        value = value.shown
    cell: Cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"
    elif isinstance(value, dt.datetime):
        cell.number_format = "yyyy-mm-dd hh:mm" if value.time() != dt.time() else "yyyy-mm-dd"
    if is_bold:
        cell.font = Font(bold=True)
    return cell
