"""Read an Excel workbook (.xlsx) in one pass, with what a person sees of it.

openpyxl reads values quickly or formats, merged cells and hidden rows with all cells in memory.
An import needs both: numbers as their format shows them, and little memory. So the parts of the
archive go through expat, and openpyxl's rules are used for dates and formats.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import IO, Any
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils import column_index_from_string
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel, from_ISO8601
from openpyxl.utils.escape import unescape

from cloud.registry.importing.number_format import FormattedNumber, Show, shown_by
from cloud.registry.importing.spelling import visible

GENERAL = "General"
LOCAL_DATE_FORMATS = frozenset({*range(27, 37), *range(50, 59)})
"""Built-in formats that are dates in East Asian versions of Excel and have no code in the file."""
_CHUNK = 1 << 18
Attributes = Mapping[str, str]


@dataclass(slots=True)
class XlsxSheet:
    """The cells of a sheet, and what of it is merged or hidden."""

    name: str
    is_hidden: bool
    is_1904: bool
    rows: list[tuple[int, list[Any]]] = field(default_factory=list)
    """Rows that hold anything: (number, cells)."""
    uncomputed: list[tuple[int, int]] = field(default_factory=list)
    """Formulas that were never calculated: (row, index of the column)."""
    hidden_rows: list[int] = field(default_factory=list)
    """Hidden rows that hold anything."""
    hidden_columns: list[int] = field(default_factory=list)
    """Indices of hidden columns."""
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    """Cells that are merged downwards: (first row, last row, index of the column)."""


Measure = Callable[[], None]
"""Called for every row that holds anything; may raise."""


def xlsx_sheets(archive: zipfile.ZipFile, max_columns: int, measure: Measure) -> list[XlsxSheet]:
    """Return the worksheets of a workbook, in its order."""
    workbook = _Workbook()
    _parse(archive, "xl/workbook.xml", workbook.start)
    paths = _relations(archive)
    names = set(archive.namelist())
    strings = _Strings()
    if "xl/sharedStrings.xml" in names:
        _parse(archive, "xl/sharedStrings.xml", strings.start, strings.end, strings.text)
    styles = _Styles()
    if "xl/styles.xml" in names:
        _parse(archive, "xl/styles.xml", styles.start, styles.end)
    sheets = []
    for title, relation, state in workbook.sheets:
        path = paths.get(relation)
        if path is None or path not in names or not path.startswith("xl/worksheets/"):
            continue  # a chart sheet, or a dialogue of old
        sheet = XlsxSheet(title, is_hidden=state != "visible", is_1904=workbook.is_1904)
        reader = _SheetReader(sheet, strings.values, styles, max_columns, measure)
        _parse(archive, path, reader.start, reader.end, reader.text)
        sheets.append(sheet)
    return sheets


def _parse(
    archive: zipfile.ZipFile,
    path: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    with archive.open(path) as part:
        _feed(parser, part)


def _feed(parser: expat.XMLParserType, part: IO[bytes]) -> None:
    while chunk := part.read(_CHUNK):
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


@cache
def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _is_true(text: str | None) -> bool:
    return text in {"1", "true", "on"}


class _Workbook:
    """The names of the sheets, in order, and the epoch of dates."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, str]] = []
        self.is_1904 = False

    def start(self, name: str, attributes: Attributes) -> None:
        match _local(name):
            case "sheet":
                local = {_local(key): value for key, value in attributes.items()}
                title, relation = local.get("name", ""), local.get("id", "")
                self.sheets.append((title, relation, local.get("state", "visible")))
            case "workbookPr":
                self.is_1904 = _is_true(attributes.get("date1904"))


def _relations(archive: zipfile.ZipFile) -> dict[str, str]:
    paths = {}

    def start(name: str, attributes: Attributes) -> None:
        if _local(name) == "Relationship":
            target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))
            paths[attributes.get("Id", "")] = target.lstrip("/")

    _parse(archive, "xl/_rels/workbook.xml.rels", start)
    return paths


class _Text:
    """Collects the text of an element, without the pronunciation that East Asian Excel adds."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.is_inside = False
        self.is_phonetic = False

    def start(self, local: str) -> None:
        if local == "t":
            self.is_inside = not self.is_phonetic
        elif local == "rPh":
            self.is_phonetic = True

    def end(self, local: str) -> None:
        if local == "t":
            self.is_inside = False
        elif local == "rPh":
            self.is_phonetic = False

    def take(self) -> str | None:
        content = "".join(self.parts)
        self.parts.clear()
        return _tidy(content)


def _tidy(content: str) -> str | None:
    if "_x" in content:
        content = unescape(content)
    return visible(content).strip() or None


class _Strings:
    """The shared strings."""

    def __init__(self) -> None:
        self.values: list[str | None] = []
        self._content = _Text()

    def start(self, name: str, _attributes: Attributes) -> None:
        self._content.start(_local(name))

    def end(self, name: str) -> None:
        local = _local(name)
        self._content.end(local)
        if local == "si":
            self.values.append(self._content.take())

    def text(self, data: str) -> None:
        if self._content.is_inside:
            self._content.parts.append(data)


class _Styles:
    """What the number format of each style makes of a number."""

    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._ids: list[int] = []
        self._is_inside = False
        self._known: dict[int, tuple[bool, bool, Show | None]] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        match _local(name):
            case "numFmt":
                if "formatCode" in attributes:
                    self._codes[int(attributes["numFmtId"])] = attributes["formatCode"]
            case "cellXfs":
                self._is_inside = True
            case "xf" if self._is_inside:
                self._ids.append(int(attributes.get("numFmtId", 0)))

    def end(self, name: str) -> None:
        if _local(name) == "cellXfs":
            self._is_inside = False

    def of(self, style: int) -> tuple[bool, bool, Show | None]:
        """Return whether a style shows a date, or a duration, and how it shows a whole number."""
        known = self._known.get(style)
        if known is None:
            known = self._known[style] = self._read(style)
        return known

    def _read(self, style: int) -> tuple[bool, bool, Show | None]:
        number = self._ids[style] if style < len(self._ids) else 0
        code = self._codes.get(number) or BUILTIN_FORMATS.get(number, GENERAL)
        if number in LOCAL_DATE_FORMATS and number not in self._codes:
            return True, False, None
        if code == GENERAL:
            return False, False, None
        if is_date_format(code):
            return True, is_timedelta_format(code), None
        return False, False, shown_by(code)


class _SheetReader:
    """Reads the part of one sheet."""

    def __init__(
        self,
        sheet: XlsxSheet,
        strings: list[str | None],
        styles: _Styles,
        max_columns: int,
        measure: Measure,
    ) -> None:
        self._sheet = sheet
        self._strings = strings
        self._styles = styles
        self._max_columns = max_columns
        self._measure = measure
        self._epoch = MAC_EPOCH if sheet.is_1904 else WINDOWS_EPOCH
        self._number = 0
        self._row: list[Any] = []
        self._is_row_hidden = False
        self._column = -1
        self._kind = "n"
        self._style = 0
        self._value: list[str] = []
        self._is_value = False
        self._has_formula = False
        self._content = _Text()

    def start(self, name: str, attributes: Attributes) -> None:
        local = _local(name)
        if local == "c":
            place = attributes.get("r")
            self._column = self._column + 1 if place is None else _index(place)
            self._kind = attributes.get("t", "n")
            style = attributes.get("s")
            self._style = int(style) if style else 0
            self._has_formula = False
        elif local == "v":
            self._is_value = True
        elif local == "row":
            number = attributes.get("r")
            self._number = self._number + 1 if number is None else int(float(number))
            self._row = []
            self._column = -1
            self._is_row_hidden = _is_true(attributes.get("hidden")) or (
                attributes.get("ht") == "0"
            )
        elif local == "f":
            self._has_formula = True
        elif local == "col":
            if _is_true(attributes.get("hidden")):
                first, last = int(attributes["min"]), int(attributes["max"])
                self._sheet.hidden_columns.extend(range(first - 1, min(last, self._max_columns)))
        elif local == "mergeCell":
            left, top, _, bottom = range_boundaries(attributes["ref"])
            if left and top and bottom and bottom > top and left <= self._max_columns:
                self._sheet.merged.append((top, bottom, left - 1))
        else:
            self._content.start(local)

    def end(self, name: str) -> None:
        local = _local(name)
        if local == "c":
            self._end_cell()
        elif local == "v":
            self._is_value = False
        elif local == "row":
            if any(cell is not None for cell in self._row):
                self._measure()
                self._sheet.rows.append((self._number, self._row))
                if self._is_row_hidden:
                    self._sheet.hidden_rows.append(self._number)
        else:
            self._content.end(local)

    def text(self, data: str) -> None:
        if self._is_value:
            self._value.append(data)
        elif self._content.is_inside:
            self._content.parts.append(data)

    def _end_cell(self) -> None:
        value = None
        if self._value:
            value = self._typed("".join(self._value))
            self._value.clear()
        elif self._content.parts:
            value = self._content.take()
        if value is None and self._has_formula:
            self._sheet.uncomputed.append((self._number, self._column))
        if value is not None and self._column < self._max_columns:
            row = self._row
            row.extend([None] * (self._column - len(row)))
            row.append(value)

    def _typed(self, text: str) -> Any:
        kind = self._kind
        if kind == "n":
            return self._number_of(text)
        if kind == "s":
            return self._strings[int(text)]
        if kind == "b":
            return bool(int(text))
        if kind == "d":
            return from_ISO8601(text)  # type: ignore[no-untyped-call]
        return _tidy(text)

    def _number_of(self, text: str) -> Any:
        value: int | float = int(text) if text.isdigit() else float(text)
        if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
            value = int(value)
        if not self._style:
            return value
        is_date, is_duration, show = self._styles.of(self._style)
        if is_date:
            return self._moment_of(value, is_duration=is_duration)
        if show is not None:
            shown = show(value)
            if shown is not None:
                return FormattedNumber(value, shown)
        return value

    def _moment_of(self, value: float, *, is_duration: bool) -> Any:
        try:
            return from_excel(value, self._epoch, timedelta=is_duration)
        except (OverflowError, ValueError):
            return value


@cache
def _letters_index(letters: str) -> int:
    return column_index_from_string(letters) - 1


_PLACE = re.compile(r"[A-Za-z]+")


def _index(place: str) -> int:
    return _letters_index(place.rstrip("0123456789"))
