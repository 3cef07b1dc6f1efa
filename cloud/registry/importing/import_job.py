"""One import in progress, and what every kind of import needs of it.

A stored row is a plain dict, a column each. New and changed rows are written when `flush` is
called, many in one statement, so that a city's ledger takes seconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud.messages import Message, message
from cloud.registry import tables
from cloud.registry.importing.notes import Notes
from cloud.registry.importing.room_finder import FoundRoom, Place, RoomFinder
from cloud.registry.importing.spelling import folded, identifier
from cloud.registry.importing.table_reader import Problems, Record

Row = dict[str, Any]
MANY = 500


class Job:
    """One import in progress: its session, its problems and its counts."""

    def __init__(self, session: Session, problems: Problems, notes: Notes) -> None:
        self.session = session
        self.problems = problems
        self.notes = notes
        self.is_partial = False
        """Whether rows of this kind were left out: then nothing is taken for given up."""
        self.created = self.updated = self.unchanged = self.removed = 0
        self.touched: set[str] = set()
        self.touches_all = False
        self._new: dict[type[tables.Table], list[Row]] = defaultdict(list)
        self._changed: dict[type[tables.Table], list[Row]] = defaultdict(list)
        self._removed: dict[type[tables.Table], list[Any]] = defaultdict(list)
        self.schools: dict[str, Row] = {row["id"]: row for row in self._read(tables.School)}

    def refuse(self, record: Record, column: str | None, problem: Message) -> None:
        """Note a problem with a record."""
        self.problems.add_to(record, column, problem)

    def note(self, key: str, record: Record, column: str | None = None, **values: Any) -> None:
        """Note what stops nothing."""
        self.notes.add(key, record.sheet, record.row, column, **values)

    def knows_school(self, record: Record) -> bool:
        """Whether the record's school is registered; a problem is noted where it is not."""
        school = record.get("school")
        if school in self.schools:
            return True
        hint = nearest(school, self.schools)
        problem = message("import.row.unknown_school", school=school, hint=hint)
        self.refuse(record, "学校标识码", problem)
        return False

    def save(self, table: type[tables.Table], row: Row | None, values: Mapping[str, Any]) -> Row:
        """Make or change a row and count it."""
        if row is None:
            row = dict(values)
            self._new[table].append(row)
            self.created += 1
        else:
            changes = {key: value for key, value in values.items() if row[key] != value}
            if not changes:
                self.unchanged += 1
                return row
            self.change(table, row, changes)
            self.updated += 1
        self.touch(row.get("school_id"))
        return row

    def add(self, table: type[tables.Table], values: Mapping[str, Any]) -> Row:
        """Make a row that is not counted, because it follows from another."""
        row = dict(values)
        self._new[table].append(row)
        return row

    def change(self, table: type[tables.Table], row: Row, changes: Mapping[str, Any]) -> None:
        """Change a stored row without counting it."""
        row.update(changes)
        if "id" in row:
            self._changed[table].append({"id": row["id"], **changes})

    def remove(self, table: type[tables.Table], row: Row, school: str | None) -> None:
        """Delete a row and count it."""
        self._removed[table].append(row["id"])
        self.removed += 1
        self.touch(school)

    def touch(self, school: str | None) -> None:
        """Note that a school's records have changed."""
        if school is not None:
            self.touched.add(school)

    def flush(self) -> None:
        """Write what is new, changed and removed; what new rows refer to comes first."""
        for table, keys in self._removed.items():
            for first in range(0, len(keys), MANY):
                some = keys[first : first + MANY]
                self.session.execute(delete(table).where(_made(table).c.id.in_(some)))
        for table, rows in self._changed.items():
            self.session.execute(update(table), rows)
        for table, rows in self._new.items():
            alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
            for row in rows:
                alike[tuple(row)].append(row)
            for some_rows in alike.values():
                self.session.execute(insert(_made(table)), some_rows)
        for pending in (self._removed, self._changed, self._new):
            pending.clear()

    def rows(
        self,
        table: type[tables.Table],
        column: InstrumentedAttribute[Any],
        keys: Iterable[Any],
        only: Sequence[InstrumentedAttribute[Any]] = (),
    ) -> list[Row]:
        """Return the stored rows whose column is among the keys, all of their columns or some."""
        wanted = set(keys)
        within = column.in_(wanted) if len(wanted) <= MANY else None
        return [row for row in self._read(table, within, only) if row[column.key] in wanted]

    def _read(
        self,
        table: type[tables.Table],
        within: Any = None,
        only: Sequence[InstrumentedAttribute[Any]] = (),
    ) -> list[Row]:
        query = select(*only) if only else select(_made(table))
        if within is not None:
            query = query.where(within)
        return [dict(row) for row in self.session.execute(query).mappings()]


def _made(table: type[tables.Table]) -> SqlTable:
    return tables.Table.metadata.tables[table.__tablename__]


def nearest(text: object, names: Iterable[str], otherwise: Message | str = "") -> Message | str:
    """Return a hint at the name most like the text, `otherwise` where none is."""
    close = get_close_matches(str(text), list(names), n=1, cutoff=0.6)
    return message("import.hint.nearest", name=close[0]) if close else otherwise


def once(
    job: Job, records: Iterable[Record], keys: Sequence[str], *, may_repeat: bool = True
) -> list[Record]:
    """Return the records whose key is in the file once; a repetition is a problem.

    A row that holds the same as an earlier one in every cell adds nothing and is skipped; where
    equal rows may be two things (`may_repeat` is False) it is a problem too.
    """
    first: dict[tuple[Any, ...], Record] = {}
    for record in records:
        key = tuple(record.get(name) for name in keys)
        if may_repeat and key in first and first[key].values == record.values:
            job.note("same_row", record, first=first[key].row)
        elif key in first:
            job.refuse(record, None, message("import.row.repeated", row=first[key].row))
        else:
            first[key] = record
    return list(first.values())


def lacks_needed(job: Job, record: Record, needed: Mapping[str, str], *, is_new: bool) -> bool:
    """Whether a needed value is empty; for a new row the column must be there too."""
    lacks = False
    for key, title in needed.items():
        if record.get(key) is None and (is_new or key in record.values):
            job.refuse(record, title, message("import.row.empty"))
            lacks = True
    return lacks


def stated(record: Record, keys: Iterable[str]) -> dict[str, Any]:
    """Return those of the keys that the file has a column for, with their values."""
    return {key: record.values[key] for key in keys if key in record.values}


def is_span(job: Job, record: Record, start: str, end: str, column: str) -> bool:
    """Whether the end is not before the start; None is open."""
    first, last = record.get(start), record.get(end)
    if first is None or last is None or first <= last:
        return True
    job.refuse(record, column, message("import.row.ends_before", last=last, first=first))
    return False


def rooms_of(job: Job, schools: Iterable[Any]) -> dict[str, RoomFinder]:
    """Return the rooms of schools, by school."""
    named = set(schools)
    buildings = {
        row["id"]: row["name"]
        for row in job.rows(tables.Building, tables.Building.school_id, named)
    }
    room = tables.Room
    only = [room.id, room.school_id, room.number, room.name, room.building_id]
    places: dict[str, list[Place]] = {school: [] for school in named}
    for row in job.rows(room, room.school_id, named, only):
        building = buildings.get(row["building_id"])
        places[row["school_id"]].append(Place(row["id"], row["number"], row["name"], building))
    return {school: RoomFinder(of_school) for school, of_school in places.items()}


def the_room(job: Job, record: Record, rooms: RoomFinder, column: str) -> int | None:
    """Return the id of the room a record names; a problem is noted where not just one fits."""
    written = record.get("room")
    match = rooms.find(written)
    if isinstance(match, FoundRoom):
        if not match.is_exact:
            job.note("read_as", record, column, got=written, meaning=match.place.number)
        record.values["room"] = match.place.number
        return match.place.id
    if match:
        numbers = [place.number for place in match]
        problem = message("import.row.several_rooms", got=written, rooms=numbers)
    else:
        hint = nearest(written, rooms.numbers, message("import.hint.room_number"))
        problem = message("import.row.unknown_room", got=written, hint=hint)
    job.refuse(record, column, problem)
    return None


def note_case(
    job: Job, records: Iterable[Record], key: str, column: str, stored: Iterable[tuple[str, str]]
) -> None:
    """Note numbers of a school that differ in nothing but case: two things, or one typed twice."""
    spellings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for school, number in stored:
        spellings[school, folded(number)].add(identifier(number))
    records = list(records)
    for record in records:
        spellings[record.get("school"), folded(record.get(key))].add(record.get(key))
    for record in records:
        number = record.get(key)
        others = spellings[record.get("school"), folded(number)] - {number}
        for other in sorted(others):
            job.note("case", record, column, got=number, other=other)


def assets_of(job: Job, schools: Iterable[Any]) -> dict[str, dict[str, int]]:
    """Return the ids of the assets of schools, by school and number, as filed and as read now."""
    asset = tables.Asset
    asset_ids: dict[str, dict[str, int]] = defaultdict(dict)
    for row in job.rows(
        asset, asset.school_id, schools, [asset.id, asset.school_id, asset.asset_no]
    ):
        asset_ids[row["school_id"]][row["asset_no"]] = row["id"]
    for numbers in asset_ids.values():
        for number, asset_id in list(numbers.items()):
            numbers.setdefault(identifier(number), asset_id)
    return asset_ids
