"""Read the cells of a sheet into records of typed values, with a problem for every other cell."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from openpyxl.utils import get_column_letter

from cloud.errors import RefusedValue
from cloud.messages import Message, message, render
from cloud.registry.importing import cells
from cloud.registry.importing.columns import Column, Layout
from cloud.registry.importing.spreadsheet import Sheet

HEADER_WITHIN_ROWS = 10
SHOWN_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One refused cell or row."""

    sheet: str
    row: int
    column: str | None
    text: Message

    @property
    def problem(self) -> str:
        """The problem in English."""
        return render(self.text, "en")


class Problems:
    """The problems of an import: all are counted, the first ones are listed."""

    def __init__(self) -> None:
        self.shown: list[Problem] = []
        self.total = 0

    def add(self, sheet: str, row: int, column: str | None, text: Message) -> None:
        """Note one problem."""
        self.total += 1
        if len(self.shown) < SHOWN_PROBLEMS:
            self.shown.append(Problem(sheet, row, column, text))


@dataclass(slots=True)
class Record:
    """One row. `values` has a key for every column that is in the file; None where it is empty."""

    sheet: str
    row: int
    values: dict[str, Any] = field(default_factory=dict)
    is_broken: bool = False

    def get(self, key: str) -> Any:
        """Return a value, None where the column or the cell is empty."""
        return self.values.get(key)


@dataclass(frozen=True, slots=True)
class Header:
    """The place of each known column, and the titles of unknown columns."""

    row: int
    places: dict[str, int]
    ignored: tuple[str, ...]


def records(
    sheet: Sheet, layout: Layout, problems: Problems, ignored: set[str], school: str | None
) -> Iterator[Record]:
    """Yield a record for every row below the header; broken ones are marked."""
    name = sheet.name or layout.sheet
    header = _header(sheet, layout, problems, name, has_school=school is not None)
    if header is None:
        return
    ignored.update(header.ignored)
    uncomputed = set(sheet.uncomputed)
    known: dict[str, dict[str, Any]] = {column.key: {} for column in layout.columns}
    places = [
        (column, header.places[column.key], known[column.key])
        for column in layout.columns
        if column.key in header.places
    ]
    for number, row in sheet.rows:
        if number > header.row:
            record = Record(name, number)
            for column, place, values in places:
                cell = row[place] if place < len(row) else None
                if uncomputed and (number, get_column_letter(place + 1)) in uncomputed:
                    record.is_broken = True
                    problems.add(name, number, column.title, NEVER_CALCULATED)
                    continue
                _read(record, column, cell, values, problems)
            _complete(record, layout, problems, school)
            yield record


NEVER_CALCULATED = message("import.cell.never_calculated")


def _read(
    record: Record, column: Column, cell: Any, known: dict[str, Any], problems: Problems
) -> None:
    """Read a cell into the record; `known` keeps what texts of the column mean, as many repeat."""
    if cell is None:
        record.values[column.key] = None
        return
    is_text = isinstance(cell, str)
    if is_text and cell in known:
        record.values[column.key] = known[cell]
        return
    try:
        cells.text(cell)
        record.values[column.key] = value = column.parse(cell)
    except RefusedValue as error:
        record.is_broken = True
        problems.add(record.sheet, record.row, column.title, error.text)
        return
    if is_text:
        known[cell] = value


def _complete(record: Record, layout: Layout, problems: Problems, school: str | None) -> None:
    """Fill in the school of the request and see that every key column is filled."""
    if school is not None and not record.is_broken and layout.kind != "holidays":
        stated = record.values.setdefault("school", school) or school
        record.values["school"] = stated
        if stated != school:
            record.is_broken = True
            problem = message("import.row.other_school", got=stated, school=school)
            problems.add(record.sheet, record.row, "学校标识码", problem)
    for column in layout.columns:
        if column.is_key and column.key in record.values and record.values[column.key] is None:
            record.is_broken = True
            problem = message("import.row.key_empty")
            problems.add(record.sheet, record.row, column.title, problem)


def _header(
    sheet: Sheet, layout: Layout, problems: Problems, name: str, *, has_school: bool
) -> Header | None:
    titles = {}
    for column in layout.columns:
        titles[_plain(column.title)] = column
        titles[_plain(column.english)] = column
    best: tuple[int, list[Any]] | None = None
    most = 0
    for number, row in sheet.rows[:HEADER_WITHIN_ROWS]:
        known = sum(_plain(cell) in titles for cell in row if cell is not None)
        if known > most:
            best, most = (number, row), known
    keys = [column for column in layout.columns if column.is_key]
    if best is None:
        expected = [column.title for column in layout.columns]
        problems.add(name, 1, None, message("import.header.not_found", expected=expected))
        return None
    number, row = best
    header = _places(row, number, titles, layout, problems, name)
    for column in keys:
        may_lack = has_school and column.key == "school"
        if header is not None and column.key not in header.places and not may_lack:
            problems.add(name, number, column.title, message("import.header.key_missing"))
            header = None
    return header


def _places(
    row: list[Any],
    number: int,
    titles: dict[str, Column],
    layout: Layout,
    problems: Problems,
    name: str,
) -> Header | None:
    places: dict[str, int] = {}
    unknown: list[str] = []
    is_sound = True
    for index, cell in enumerate(row):
        if cell is None:
            continue
        column = titles.get(_plain(cell))
        if column is None:
            unknown.append(str(cell)[: cells.MAX_TEXT])
        elif column.key in places:
            is_sound = False
            problems.add(name, number, column.title, message("import.header.twice"))
        else:
            places[column.key] = index
    absent = [column.title for column in layout.columns if column.key not in places]
    absent += [column.english for column in layout.columns if column.key not in places]
    ignored = []
    for title in unknown:
        close = get_close_matches(_plain(title), absent, n=1, cutoff=0.6)
        if close:
            is_sound = False
            problem = message("import.header.unknown", sheet=layout.sheet, nearest=close[0])
            problems.add(name, number, title, problem)
        else:
            ignored.append(title)
    return Header(number, places, tuple(ignored)) if is_sound else None


def _plain(cell: Any) -> str:
    """Return a header without the marks people put on it: stars, units in brackets, spaces."""
    plain = str(cell).strip().strip("*＊").casefold()
    for bracket in "（(":
        plain = plain.split(bracket)[0]
    return "".join(plain.split()).replace("\ufeff", "")
