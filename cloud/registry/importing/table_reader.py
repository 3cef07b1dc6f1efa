"""Read the cells of a sheet into records of typed values, with a problem for every other cell.

What is skipped, hidden or assumed on the way is a note.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from cloud.errors import RefusedValue
from cloud.messages import Message, message, render
from cloud.registry.importing import cells, dates
from cloud.registry.importing.amounts import AMOUNTS, BY_UNIT
from cloud.registry.importing.columns import Column, Layout, heading
from cloud.registry.importing.heading_choices import (
    CHOSEN_RANK,
    NOTHING,
    HeadingChoices,
    HeadingUse,
)
from cloud.registry.importing.notes import Notes
from cloud.registry.importing.skipped_rows import reason_to_skip
from cloud.registry.importing.spreadsheet import Sheet
from cloud.registry.importing.synonyms import WITHOUT_MEANING

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
        self.of_sheets = 0
        """How many are not those of one row."""
        self.of_rows: dict[tuple[str, int], list[Problem]] = {}
        """The problems of each row that is refused, by sheet and row."""

    @property
    def total(self) -> int:
        """How many there are."""
        return self.of_sheets + sum(len(problems) for problems in self.of_rows.values())

    def add(self, sheet: str, row: int, column: str | None, text: Message) -> None:
        """Note a problem of a whole sheet, at a row."""
        self.of_sheets += 1
        self._show(Problem(sheet, row, column, text))

    def add_to(self, record: "Record", column: str | None, text: Message) -> None:
        """Note a problem of one record, which is refused with it."""
        record.is_broken = True
        problem = Problem(record.sheet, record.row, column, text)
        self.of_rows.setdefault((record.sheet, record.row), []).append(problem)
        self._show(problem)

    def _show(self, problem: Problem) -> None:
        if len(self.shown) < SHOWN_PROBLEMS:
            self.shown.append(problem)

    def copy(self) -> "Problems":
        """Return the same problems, to add others to."""
        copied = Problems()
        copied.take(self)
        return copied

    def take(self, others: "Problems") -> None:
        """Add the problems of another pass, of rows that had none so far."""
        new = {row: several for row, several in others.of_rows.items() if row not in self.of_rows}
        for problem in others.shown:
            row = (problem.sheet, problem.row)
            if row in new or (row not in others.of_rows and problem not in self.shown):
                self._show(problem)
        self.of_rows.update(new)
        self.of_sheets = max(self.of_sheets, others.of_sheets)


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


@dataclass(slots=True)
class Reading:
    """What all sheets of an import are read with, and what comes of it besides records."""

    problems: Problems
    notes: Notes
    school: str | None = None
    """The school of the request, where it names one."""
    today: dt.date | None = None
    """The day of the import, where it is known."""
    excluded: Collection[tuple[str, int]] = ()
    """Rows that are left out: sheet and number."""
    choices: HeadingChoices = field(default_factory=lambda: HeadingChoices({}, {}))
    """What a person chose for headings."""
    ignored: set[str] = field(default_factory=set)
    """Titles of columns that mean nothing."""
    skipped: int = 0
    """Rows that are no records."""


@dataclass(frozen=True, slots=True)
class Header:
    """The place of each known column, and what its heading holds as its unit."""

    row: int
    places: dict[str, int]
    units: dict[str, str]


class _Cells:
    """One column of a sheet: where it is, how its cells are read, and what its texts mean."""

    def __init__(self, column: Column, place: int, parse: Callable[[Any], Any]) -> None:
        self.column = column
        self.place = place
        self.parse = parse
        self.known: dict[str, tuple[Any, str | None]] = {}
        """Value and reading of every text so far, as many repeat."""
        self.adds_up = parse in AMOUNTS


def records(sheet: Sheet, layout: Layout, reading: Reading) -> Iterator[Record]:
    """Yield a record for every row below the header that is one; broken ones are marked."""
    name = sheet.name or layout.sheet
    header = _header(sheet, layout, reading, name)
    columns = None if header is None else _columns(sheet, layout, header, reading, name)
    if header is None or columns is None:
        return
    _note_what_is_hidden(sheet, header, columns, reading.notes, name)
    named_by = [cell for cell in columns if cell.column.is_key and cell.column.key != "school"]
    key_places = [cell.place for cell in named_by or columns if cell.column.is_key]
    described_by = [
        cell.place for cell in columns if cell.column.is_needed and cell.column.codes is None
    ]
    titles = {str(cell) for _, row in sheet.rows[: _at(sheet, header)] for cell in row if cell}
    for number, row in sheet.rows:
        if number <= header.row or (name, number) in reading.excluded:
            continue
        keys = [_cell(row, place) for place in key_places]
        school = _cell(row, header.places.get("school", len(row)))
        reason = reason_to_skip(row, keys if school is None else [school, *keys], titles)
        if reason is None and not any(keys) and not any(_cell(row, at) for at in described_by):
            reason = "row_without_key"
        if reason is not None:
            reading.skipped += 1
            reading.notes.add(reason, name, number)
            continue
        record = Record(name, number)
        for cell in columns:
            _read(record, cell, row, sheet, reading)
        _complete(record, layout, reading)
        yield record


def _at(sheet: Sheet, header: Header) -> int:
    """Return how many of the rows are the header and what is above it."""
    return sum(number <= header.row for number, _ in sheet.rows[:HEADER_WITHIN_ROWS])


def _cell(row: list[Any], place: int) -> Any:
    return row[place] if place < len(row) else None


def _columns(
    sheet: Sheet, layout: Layout, header: Header, reading: Reading, name: str
) -> list[_Cells] | None:
    """Return the columns that are in the sheet; None where the unit of one is not understood."""
    columns: list[_Cells] = []
    is_sound = True
    for column in layout.columns:
        if column.key not in header.places:
            continue
        parse = column.parse
        unit = header.units[column.key]
        if parse in BY_UNIT and unit:
            in_unit = BY_UNIT[parse].get(unit)
            if in_unit is None:
                known = list(BY_UNIT[parse])
                problem = message("import.header.unit", unit=unit, known=known)
                reading.problems.add(name, header.row, column.title, problem)
                is_sound = False
            elif in_unit is not parse:
                reading.notes.add("unit", name, None, column.title, unit=unit)
                parse = in_unit
        if sheet.is_1904 and parse in dates.DATED:
            parse = dates.in_1904(parse)
        columns.append(_Cells(column, header.places[column.key], parse))
    return columns if is_sound else None


NEVER_CALCULATED = message("import.cell.never_calculated")


def _read(record: Record, cells_of: _Cells, row: list[Any], sheet: Sheet, reading: Reading) -> None:
    """Read a cell into the record."""
    column, place = cells_of.column, cells_of.place
    cell = row[place] if place < len(row) else None
    if cell is not None and sheet.filled_down and (record.row, place) in sheet.filled_down:
        key = "merged_amount" if cells_of.adds_up else "merged"
        reading.notes.add(key, record.sheet, record.row, column.title)
        cell = None if cells_of.adds_up else cell
    if cell is None:
        if (record.row, place) in sheet.uncomputed:
            reading.problems.add_to(record, column.title, NEVER_CALCULATED)
        record.values[column.key] = None
        return
    known = cells_of.known.get(cell) if isinstance(cell, str) else None
    if known is None:
        try:
            known = _value(cell, cells_of)
        except RefusedValue as error:
            reading.problems.add_to(record, column.title, error.text)
            return
        if isinstance(cell, str):
            cells_of.known[cell] = known
    value, meaning = known
    record.values[column.key] = value
    if meaning is not None:
        key = "read_as" if value is not None else "read_as_empty"
        reading.notes.add(key, record.sheet, record.row, column.title, got=cell, meaning=meaning)
    if column.is_past:
        _note_future(record, column, value, reading)


def _note_future(record: Record, column: Column, value: dt.date | None, reading: Reading) -> None:
    day = value.date() if isinstance(value, dt.datetime) else value
    if day is not None and reading.today is not None and day > reading.today:
        reading.notes.add("future", record.sheet, record.row, column.title, day=f"{day}")


def _value(cell: Any, cells_of: _Cells) -> tuple[Any, str | None]:
    """Return the value of a cell, and what it was read as where that is worth a note."""
    column = cells_of.column
    written = cells.text(cell)
    if isinstance(cell, str) and not column.may_be_word and cells.is_empty_word(written):
        return None, ""
    value = cells_of.parse(cell)
    return value, column.reading(cell, value) if isinstance(cell, str) else None


def _complete(record: Record, layout: Layout, reading: Reading) -> None:
    """Fill in the school of the request and see that every key column is filled."""
    school, problems = reading.school, reading.problems
    if school is not None and not record.is_broken and layout.kind != "holidays":
        stated = record.values.setdefault("school", school) or school
        record.values["school"] = stated
        if stated != school:
            problem = message("import.row.other_school", got=stated, school=school)
            problems.add_to(record, "学校标识码", problem)
    for column in layout.columns:
        if column.is_key and column.key in record.values and record.values[column.key] is None:
            problems.add_to(record, column.title, message("import.row.key_empty"))


def _note_what_is_hidden(
    sheet: Sheet, header: Header, columns: list[_Cells], notes: Notes, name: str
) -> None:
    """Note hidden rows, columns and sheets: a person who looks at the file does not see them."""
    notes.add_rows("hidden_row", name, (row for row in sheet.hidden_rows if row > header.row))
    hidden = set(sheet.hidden_columns)
    for cell in columns:
        if cell.place in hidden:
            notes.add("hidden_column", name, None, cell.column.title)
    if sheet.is_hidden:
        notes.add("hidden_sheet", name)


def header_row(sheet: Sheet, layout: Layout) -> Sequence[Any]:
    """Return the cells of the header; empty where there is none."""
    row = _best_header(sheet, layout.headings)
    return [] if row is None else row[1]


def _best_header(
    sheet: Sheet, headings: Mapping[str, tuple[Column, int]]
) -> tuple[int, list[Any]] | None:
    """Return the first of the rows that have most known headings, with its number."""
    best: tuple[int, list[Any]] | None = None
    most = 0
    for number, row in sheet.rows[:HEADER_WITHIN_ROWS]:
        known = sum(heading(cell)[0] in headings for cell in row if isinstance(cell, str))
        if known > most:
            best, most = (number, row), known
    return best


def _header(sheet: Sheet, layout: Layout, reading: Reading, name: str) -> Header | None:
    headings = reading.choices.headings(layout)
    best = _best_header(sheet, headings)
    keys = [column for column in layout.columns if column.is_key]
    if best is None:
        expected = [column.title for column in layout.columns]
        problem = message("import.header.not_found", expected=expected)
        reading.problems.add(name, 1, None, problem)
        return None
    number, row = best
    header = _places(row, number, headings, layout, reading, name)
    for column in keys:
        may_lack = reading.school is not None and column.key == "school"
        if header is not None and column.key not in header.places and not may_lack:
            problem = message("import.header.key_missing")
            reading.problems.add(name, number, column.title, problem)
            header = None
    return header


def _places(
    row: list[Any],
    number: int,
    headings: Mapping[str, tuple[Column, int]],
    layout: Layout,
    reading: Reading,
    name: str,
) -> Header | None:
    """Return where the columns are; of two headings for one column the more usual one counts."""
    places: dict[str, int] = {}
    ranks: dict[str, int] = {}
    others: list[int] = []
    is_sound = True
    for index, cell in enumerate(row):
        if cell is None:
            continue
        column, rank = headings.get(heading(cell)[0], (None, 0))
        if column is None:
            others.append(index)
        elif column.key not in places or rank < ranks[column.key]:
            if column.key in places:
                others.append(places[column.key])
            places[column.key], ranks[column.key] = index, rank
        elif rank == ranks[column.key]:
            is_sound = False
            reading.problems.add(name, number, column.title, message("import.header.twice"))
        else:
            others.append(index)
    _note_headings(
        ranks, {key: _title(row[at]) for key, at in places.items()}, layout, reading, name
    )
    unknown = [_title(row[index]) for index in others]
    is_sound = _ignore(unknown, places, number, layout, reading, name) and is_sound
    units = {key: heading(row[index])[1] for key, index in places.items()}
    return Header(number, places, units) if is_sound else None


def _note_headings(
    ranks: Mapping[str, int],
    titles: Mapping[str, str],
    layout: Layout,
    reading: Reading,
    name: str,
) -> None:
    """Note which headings were read as a column of another name, and who chose that."""
    free = [column for column in layout.columns if column.key not in ranks]
    for key, rank in ranks.items():
        if not rank:
            continue
        column, title, note = layout.column(key), titles[key], "heading"
        if rank == CHOSEN_RANK:
            is_remembered = reading.choices.is_remembered(layout.kind, title)
            note = "heading_remembered" if is_remembered else "heading_chosen"
            reading.choices.uses.append(
                HeadingUse(layout.kind, name, title, key, is_remembered, (column, *free))
            )
        reading.notes.add(note, name, None, title, got=title, meaning=column.title)


def _ignore(
    unknown: list[str],
    places: Mapping[str, int],
    number: int,
    layout: Layout,
    reading: Reading,
    name: str,
) -> bool:
    """Ignore unknown headings; whether none of them looks like a misspelled column."""
    free = tuple(column for column in layout.columns if column.key not in places)
    absent = [column.title for column in free] + [column.english for column in free]
    is_sound = True
    for title in unknown:
        plain = heading(title)[0]
        chosen = reading.choices.column(layout.kind, title)
        is_remembered = reading.choices.is_remembered(layout.kind, title)
        reading.choices.uses.append(
            HeadingUse(layout.kind, name, title, chosen, is_remembered, free)
        )
        means_nothing = plain in WITHOUT_MEANING or chosen == NOTHING
        close = [] if means_nothing else get_close_matches(plain, absent, 1, 0.6)
        if close:
            is_sound = False
            problem = message("import.header.unknown", sheet=layout.sheet, nearest=close[0])
            reading.problems.add(name, number, title, problem)
        else:
            reading.ignored.add(title)
    return is_sound


def _title(cell: Any) -> str:
    return str(cell)[: cells.MAX_TEXT]
