"""The records of all schools as CSV files that the ordinary importer reads, a folder for each kind.

Folders are numbered in the order in which they have to be imported. Headers are the importer's
English titles; a file holds whole schools of one division and at most `MOST_ROWS` rows.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from simulators.city import ledger, records
from simulators.city.records import Declaration, Row
from simulators.city.school_model import Home
from simulators.city.term import CityCalendar

MOST_ROWS = 150_000

COLUMNS: dict[str, tuple[str, ...]] = {
    "schools": ("school", "name", "division", "school_type", "urban_rural", "classes", "pupils",
                "teachers"),
    "stage_sizes": ("school", "stage", "classes", "pupils"),
    "rooms": ("school", "building", "floor", "room", "room_name", "room_use", "area_m2", "seats",
              "class"),
    "assets": ("school", "asset_no", "name", "category", "classification_code",
               "classification_list", "model", "brand", "tag", "device", "unit", "quantity",
               "original_value_yuan", "acquisition", "acquired", "booked", "condition", "location",
               "department", "custodian", "supplier", "warranty_until", "life_years", "funding",
               "assessed"),
    "terms": ("school", "term", "starts", "ends"),
    "periods": ("school", "term", "period", "name", "starts", "ends"),
    "timetable": ("school", "term", "weekday", "period", "room", "class", "subject"),
    "holidays": ("school", "day", "name", "kind", "follows"),
    "declarations": ("school", "item", "value", "declared_on", "declared_by", "note",
                     "confirmed_on", "confirmed_by"),
    "tickets": ("school", "ticket_no", "asset_no", "origin", "reported_at", "accepted_at",
                "closed_at", "verified_at", "is_fault"),
    "stocktakes": ("school", "asset_no", "counted_on", "result", "counted_by"),
    "disposals": ("school", "asset_no", "disposed_on", "method", "approval_no", "record_no"),
    "chemicals": ("school", "batch_no", "name", "book_quantity", "counted_quantity", "unit",
                  "counted_on"),
}  # fmt: skip
ALL_SCHOOLS = "all"
"""The file of holidays that hold for every school."""


def folder_of(root: Path, kind: str) -> Path:
    """Return the folder of a kind."""
    return root / f"{list(COLUMNS).index(kind) + 1:02d}-{kind}"


@dataclass(slots=True)
class _RecordFile:
    """One kind of record of one division; a new file once the last one is full."""

    folder: Path
    division: str
    columns: tuple[str, ...]
    rows: int = 0
    _in_file: int = 0
    _files: int = 0
    _file: TextIO | None = field(default=None, repr=False)

    def add(self, rows: Iterable[Row]) -> None:
        """Write the rows of one school."""
        new_rows = list(rows)
        if not new_rows:
            return
        if self._file is None or self._in_file + len(new_rows) > MOST_ROWS:
            self._open()
        assert self._file is not None  # noqa: S101  it was opened just now
        csv.writer(self._file, lineterminator="\n").writerows(new_rows)
        self.rows += len(new_rows)
        self._in_file += len(new_rows)

    def close(self) -> None:
        """Close the last file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> None:
        self.close()
        self._files += 1
        self._in_file = 0
        turn = f"-{self._files}" if self._files > 1 else ""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = (self.folder / f"{self.division}{turn}.csv").open(
            "w", encoding="utf-8", newline=""
        )
        csv.writer(self._file, lineterminator="\n").writerow(self.columns)


def write_division(
    root: Path,
    division: str,
    homes: Iterable[tuple[Home, list[Declaration]]],
    calendar: CityCalendar,
    *,
    factor: float,
    seed: int,
) -> dict[str, int]:
    """Write every kind of record of a division's schools and return the rows of each."""
    files = {
        kind: _RecordFile(folder_of(root, kind), division, columns)
        for kind, columns in COLUMNS.items()
    }
    try:
        for home, declared in homes:
            for kind, rows in _rows_by_kind(home, declared, calendar, factor, seed):
                files[kind].add(rows)
    finally:
        for file in files.values():
            file.close()
    return {kind: file.rows for kind, file in files.items()}


def write_holidays(root: Path, calendar: CityCalendar) -> int:
    """Write the days off and on of all schools."""
    file = _RecordFile(folder_of(root, "holidays"), ALL_SCHOOLS, COLUMNS["holidays"])
    file.add(
        (None, off.day, off.name, "放假" if off.follows is None else "补课", off.follows)
        for off in calendar.days_off
    )
    file.close()
    return file.rows


def _rows_by_kind(
    home: Home, declared: list[Declaration], calendar: CityCalendar, factor: float, seed: int
) -> Iterator[tuple[str, Iterable[Row]]]:
    school, today = home.school, calendar.days[-1]
    yield (
        "schools",
        [
            (school.code, school.name, school.division, school.school_type, school.urban_rural,
             school.classes, school.pupils, school.teachers)
        ],
    )  # fmt: skip
    yield (
        "stage_sizes",
        [(school.code, stage.code, stage.total, stage.pupils) for stage in school.stages],
    )
    yield (
        "rooms",
        [
            (school.code, room.building, room.floor, room.number, room.name, room.use, room.area_m2,
             room.seats, room.home_class or None)
            for room in home.rooms
        ],
    )  # fmt: skip
    yield "assets", ledger.rows(school, home.rooms, home.ledger, factor)
    yield "terms", [(school.code, t.name, t.starts, t.ends) for t in calendar.terms]
    yield (
        "periods",
        [
            (school.code, term.name, period.number, period.name, _clock(period.starts),
             _clock(period.ends))
            for term in calendar.terms
            for period in home.periods
        ],
    )  # fmt: skip
    yield "timetable", _timetable(home, calendar)
    if school.closed is not None:
        yield "holidays", [(school.code, school.closed, "校运动会", "放假", None)]
    yield "declarations", records.declaration_rows(home, declared, today, seed)
    yield "tickets", records.ticket_rows(home, list(calendar.days), seed)
    yield "stocktakes", records.stocktake_rows(home, today, seed)
    yield "disposals", records.disposal_rows(home, today, seed)
    yield "chemicals", records.chemical_rows(home, today, seed)


def _timetable(home: Home, calendar: CityCalendar) -> Iterator[Row]:
    table, rooms = home.timetable, home.rooms
    lessons = [
        (int(weekday), int(period), rooms[room].number, rooms[class_room].home_class, subject)
        for weekday, period, room, class_room, subject in zip(
            table.weekday, table.period, table.room, table.class_room, table.subject, strict=True
        )
    ]
    for term in calendar.terms:
        for row in lessons:
            yield (home.school.code, term.name, *row)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
