"""Read the bytes of a CSV or Excel file into sheets of cells, whatever the columns mean.

A file comes from anywhere, so it is measured before it is opened: what a zip archive unpacks
to, how many rows it holds. Everything refused raises `Unprocessable` with what to do instead.
"""

import csv
import io
import re
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cloud.errors import Unprocessable
from cloud.messages import message
from cloud.registry.importing.spelling import visible
from cloud.registry.importing.xlsx_reader import XlsxSheet, xlsx_sheets

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
MAX_PARTS = 2_000
MAX_ROWS = 200_000
MAX_COLUMNS = 200

XLS_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_MAGIC = b"PK\x03\x04"


@dataclass(slots=True)
class Sheet:
    """The rows of one sheet that hold anything; a row is (number as the user sees it, cells)."""

    name: str
    rows: list[tuple[int, list[Any]]]
    uncomputed: frozenset[tuple[int, int]] = frozenset()
    """Formulas that were never calculated: (row, index of the column)."""
    is_1904: bool = False
    """Whether a bare number counts its days from 1904."""
    is_hidden: bool = False
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    """Indices of columns."""
    filled_down: frozenset[tuple[int, int]] = frozenset()
    """Cells that were empty and have the value of the merged cell above: (row, index)."""


def read(content: bytes, filename: str) -> list[Sheet]:
    """Return the sheets of a file; a CSV file is one sheet without a name."""
    if content.startswith(XLS_MAGIC):
        raise Unprocessable(message("import.file.old_excel", file=filename))
    if content.startswith(ZIP_MAGIC):
        return _read_xlsx(content, filename)
    if filename.casefold().endswith((".xlsx", ".xlsm", ".xls")):
        raise Unprocessable(message("import.file.not_excel", file=filename))
    return [Sheet("", list(_csv_rows(_text(content, filename), filename)))]


def _text(content: bytes, filename: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unprocessable(message("import.file.not_text", file=filename))


def _csv_rows(text: str, filename: str) -> Iterator[tuple[int, list[Any]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    count = 0
    number = 1
    try:
        for cells in reader:
            row = [_csv_cell(cell) for cell in cells[:MAX_COLUMNS]]
            if any(cell is not None for cell in row):
                count += 1
                _measure(count, filename)
                yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise Unprocessable(
            message("import.file.bad_line", file=filename, line=reader.line_num, reason=str(error))
        ) from None


_AS_TEXT = re.compile(r'="([^"]*)"|\'(?=[\d=+@-])(.*)', re.DOTALL)
"""How programs keep a spreadsheet from making a number of a text: ="0012", '0012."""


def _csv_cell(cell: str) -> str | None:
    content = visible(cell).strip()
    match = _AS_TEXT.fullmatch(content)
    if match is not None:
        content = (match[1] if match[1] is not None else match[2]).strip()
    return content or None


def _measure(rows: int, filename: str) -> None:
    if rows > MAX_ROWS:
        raise Unprocessable(message("import.file.too_many_rows", file=filename, most=MAX_ROWS))


def _read_xlsx(content: bytes, filename: str) -> list[Sheet]:
    _inspect(content, filename)
    total = 0

    def measure() -> None:
        nonlocal total
        total += 1
        _measure(total, filename)

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [_sheet(sheet) for sheet in xlsx_sheets(archive, MAX_COLUMNS, measure)]
    except Unprocessable:
        raise
    except Exception as error:  # noqa: BLE001 - broken files break a parser in any way at all
        raise Unprocessable(
            message("import.file.unreadable", file=filename, reason=type(error).__name__)
        ) from None


def _sheet(sheet: XlsxSheet) -> Sheet:
    return Sheet(
        name=sheet.name,
        rows=sheet.rows,
        uncomputed=frozenset(sheet.uncomputed),
        is_1904=sheet.is_1904,
        is_hidden=sheet.is_hidden,
        hidden_rows=sheet.hidden_rows,
        hidden_columns=sheet.hidden_columns,
        filled_down=frozenset(_fill_down(sheet)),
    )


def _fill_down(sheet: XlsxSheet) -> Iterator[tuple[int, int]]:
    """Give the cells of rows that are merged downwards the value of the first; yield their places.

    A row that holds nothing else is no row.
    """
    numbers = [number for number, _ in sheet.rows]
    for first, last, column in sheet.merged:
        start = bisect_left(numbers, first)
        if start == len(numbers) or numbers[start] != first:
            continue
        cells = sheet.rows[start][1]
        value = cells[column] if column < len(cells) else None
        if value is None:
            continue
        for number, row in sheet.rows[start + 1 : bisect_right(numbers, last)]:
            row.extend([None] * (column + 1 - len(row)))
            if row[column] is None:
                row[column] = value
                yield number, column


def _inspect(content: bytes, filename: str) -> None:
    """Refuse what would not fit in memory or plays tricks."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED_BYTES:
                raise Unprocessable(
                    message(
                        "import.file.unpacks_large",
                        file=filename,
                        size_mb=unpacked // 2**20,
                        parts=len(parts),
                        most_mb=MAX_UNPACKED_BYTES // 2**20,
                    )
                )
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names:
                raise Unprocessable(message("import.file.not_workbook", file=filename))
            for name in names:
                if name.endswith((".xml", ".rels")):
                    with archive.open(name) as part:
                        if b"<!DOCTYPE" in part.read(4096):
                            raise Unprocessable(
                                message("import.file.document_type", file=filename, part=name)
                            )
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):
        raise Unprocessable(message("import.file.damaged", file=filename)) from None
