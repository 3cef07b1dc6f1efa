"""One import in progress, and what every kind of import asks of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud.registry import tables
from cloud.registry.table_reader import Problems, Record

T = TypeVar("T", bound=tables.Table)
MANY = 500


class Job:
    """One import in progress: its session, its problems and its counts."""

    def __init__(self, session: Session, problems: Problems) -> None:
        session.autoflush = False
        self.session = session
        self.problems = problems
        self.created = self.updated = self.unchanged = self.removed = 0
        self.touched: set[str] = set()
        self.touches_all = False
        self.schools: dict[str, tables.School] = {
            school.id: school for school in session.scalars(select(tables.School))
        }

    def refuse(self, record: Record, column: str | None, problem: str) -> None:
        """Note a problem with a record."""
        record.is_broken = True
        self.problems.add(record.sheet, record.row, column, problem)

    def knows_school(self, record: Record) -> bool:
        """Whether the record's school is registered; a problem is noted where it is not."""
        school = record.get("school")
        if school in self.schools:
            return True
        hint = nearest(school, self.schools)
        self.refuse(
            record, "学校标识码", f"school {school} is not registered{hint}; import 学校 first"
        )
        return False

    def save(self, table: type[T], found: T | None, values: Mapping[str, Any]) -> T:
        """Make or change a row and count it."""
        if found is None:
            found = table(**values)
            self.session.add(found)
            self.created += 1
        else:
            changes = {key: value for key, value in values.items() if getattr(found, key) != value}
            if not changes:
                self.unchanged += 1
                return found
            for key, value in changes.items():
                setattr(found, key, value)
            self.updated += 1
        self.touch(getattr(found, "school_id", None))
        return found

    def touch(self, school: str | None) -> None:
        """Remember that a school's books have changed."""
        if school is not None:
            self.touched.add(school)

    def rows(
        self, table: type[T], column: InstrumentedAttribute[Any], keys: Iterable[Any]
    ) -> Sequence[T]:
        """Return the stored rows whose column is among the keys."""
        wanted = set(keys)
        query = select(table)
        if len(wanted) <= MANY:
            query = query.where(column.in_(wanted))
        return [row for row in self.session.scalars(query) if getattr(row, column.key) in wanted]


def nearest(text: object, names: Iterable[str]) -> str:
    """Return a hint at the name most like the text, empty where none is."""
    close = get_close_matches(str(text), list(names), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def once(job: Job, records: Iterable[Record], keys: Sequence[str]) -> list[Record]:
    """Return the records whose key stands in the file once; a repetition is a problem."""
    first: dict[tuple[Any, ...], Record] = {}
    for record in records:
        key = tuple(record.get(name) for name in keys)
        if key in first:
            job.refuse(record, None, f"repeats row {first[key].row}; each may stand here only once")
        else:
            first[key] = record
    return list(first.values())


def lacks_needed(job: Job, record: Record, needed: Mapping[str, str], *, is_new: bool) -> bool:
    """Whether a needed value is empty; for a new row the column must be there too."""
    lacks = False
    for key, title in needed.items():
        if record.get(key) is None and (is_new or key in record.values):
            job.refuse(record, title, "is empty; it must be filled in")
            lacks = True
    return lacks


def stated(record: Record, keys: Iterable[str]) -> dict[str, Any]:
    """Return those of the keys that the file has a column for, with their values."""
    return {key: record.values[key] for key in keys if key in record.values}


def remove(job: Job, row: tables.Table, school: str | None) -> None:
    """Delete a row and count it."""
    job.session.delete(row)
    job.removed += 1
    job.touch(school)


def is_span(job: Job, record: Record, start: str, end: str, column: str) -> bool:
    """Whether the end is not before the start; None is open."""
    first, last = record.get(start), record.get(end)
    if first is None or last is None or first <= last:
        return True
    job.refuse(record, column, f"{last} lies before {first}, where it begins")
    return False


def rooms_of(job: Job, schools: Iterable[Any]) -> dict[str, dict[str, tables.Room]]:
    """Return the rooms of schools, by school and number."""
    found: dict[str, dict[str, tables.Room]] = defaultdict(dict)
    for room in job.rows(tables.Room, tables.Room.school_id, schools):
        found[room.school_id][room.number] = room
    return found
