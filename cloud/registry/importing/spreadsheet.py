"""Read the bytes of a CSV or Excel file into sheets of cells, whatever the columns mean.

A file comes from anywhere, so it is measured before it is opened: what a zip archive unpacks
to, how many rows it holds. Everything refused raises `Unprocessable` with what to do instead.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from cloud.errors import Unprocessable
from cloud.messages import message

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
MAX_PARTS = 2_000
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_BLANK_ROWS = 1_000

XLS_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet that hold anything; a row is (number as the user sees it, cells)."""

    name: str
    rows: list[tuple[int, list[Any]]]
    uncomputed: list[tuple[int, str]] = field(default_factory=list)
    """Formulas that were never calculated: (row, column letter)."""


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
            row = [cell.strip() or None for cell in cells[:MAX_COLUMNS]]
            if any(cell is not None for cell in row):
                count += 1
                _measure(count, filename)
                yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise Unprocessable(
            message("import.file.bad_line", file=filename, line=reader.line_num, reason=str(error))
        ) from None


def _measure(rows: int, filename: str) -> None:
    if rows > MAX_ROWS:
        raise Unprocessable(message("import.file.too_many_rows", file=filename, most=MAX_ROWS))


def _read_xlsx(content: bytes, filename: str) -> list[Sheet]:
    has_formulas = _inspect(content, filename)
    try:
        values = list(_xlsx_sheets(content, filename, data_only=True))
        if has_formulas:
            formulas = _xlsx_sheets(content, filename, data_only=False)
            for sheet, written in zip(values, formulas, strict=True):
                sheet.uncomputed.extend(_uncomputed(sheet, written))
    except Unprocessable:
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl raises anything at all on broken files
        raise Unprocessable(
            message("import.file.unreadable", file=filename, reason=type(error).__name__)
        ) from None
    return values


def _inspect(content: bytes, filename: str) -> bool:
    """Refuse what would not fit in memory or plays tricks; return whether there are formulas."""
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
            return any(
                b"<f>" in archive.read(name) or b"<f " in archive.read(name)
                for name in names
                if name.startswith("xl/worksheets/")
            )
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):
        raise Unprocessable(message("import.file.damaged", file=filename)) from None


def _xlsx_sheets(content: bytes, filename: str, *, data_only: bool) -> Iterator[Sheet]:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False)
    total = 0
    try:
        for sheet in book.worksheets:
            rows: list[tuple[int, list[Any]]] = []
            last = 0
            # The size that the file states is often wrong, in both directions.
            sheet.reset_dimensions()
            for number, cells in enumerate(
                sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), start=1
            ):
                row = [_tidy(cell) for cell in cells]
                if any(cell is not None for cell in row):
                    last = number
                    total += 1
                    _measure(total, filename)
                    rows.append((number, row))
                elif number - last > MAX_BLANK_ROWS:
                    break
            yield Sheet(sheet.title, rows)
    finally:
        book.close()


def _tidy(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell.strip() or None
    return cell


def _uncomputed(values: Sheet, written: Sheet) -> Iterator[tuple[int, str]]:
    computed = dict(values.rows)
    for number, row in written.rows:
        known = computed.get(number, [])
        for index, cell in enumerate(row):
            is_formula = isinstance(cell, str) and cell.startswith("=")
            if is_formula and (index >= len(known) or known[index] is None):
                yield number, get_column_letter(index + 1)
