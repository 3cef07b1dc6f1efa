"""What the roll-up needs of the books of many schools, as the Arrow tables it names. Pure.

A day is cut into slots once per calendar, not once per school: schools that ring the same bells
share the cuts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.registry.calendar import SchoolDay
from cloud.telemetry.rollup_store import RollupInputs
from cloud.telemetry.store import Sender
from cloud.utilization import rollup
from cloud.utilization.due_slots import Books
from cloud.utilization.periods import Day, cuts
from cloud.utilization.school_inputs import Ledger


@dataclass(frozen=True, slots=True)
class SchoolDays:
    """Days of one school to be rolled up; None means all assets."""

    school: str
    days: Mapping[date, frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class School:
    """A school's books, put together once for all of its days."""

    ledger: Ledger
    books: Books
    names: Sequence[str]

    @classmethod
    def of(cls, ledger: Ledger, senders: Mapping[str, Sender]) -> "School":
        """Return the school with who sends in it."""
        books = Books(ledger.school, ledger.zone, ledger.assets, ledger.bindings, senders)
        return cls(ledger, books, sorted(books.names))


class DayCuts:
    """The cuts of days, made once for every calendar that is met."""

    def __init__(self, horizon: datetime) -> None:
        self._horizon = horizon
        self._made: dict[tuple[object, ...], tuple[Day, pa.Table]] = {}

    def of(self, ledger: Ledger, day: date, taught: SchoolDay | None) -> tuple[Day, pa.Table]:
        """Return a day of a school, and its cuts without the column school."""
        bells = [p for p in ledger.periods if taught is not None and p.term == taught.term]
        key = (day, ledger.zone, *((p.number, p.starts, p.ends) for p in bells))
        made = self._made.get(key)
        if made is None:
            local = ledger.day(day, taught)
            table = rollup.cuts_table("", cuts(local), self._horizon).drop_columns(["school"])
            made = self._made[key] = (local, table)
        return made


def inputs(
    schools: Mapping[str, School], wanted: Iterable[SchoolDays], cut: DayCuts
) -> RollupInputs:
    """Return the inputs of some days of some schools, at least one."""
    cut_tables: list[pa.Table] = []
    targets = []
    lessons: dict[str, list[object]] = {name: [] for name in ("school", "day", "period", "room")}
    spans: list[tuple[datetime, datetime]] = []
    names_of_schools = set()
    for school_days in wanted:
        school = schools[school_days.school]
        names_of_schools.add(school_days.school)
        taught = school.ledger.taught(min(school_days.days), max(school_days.days))
        for day, assets in school_days.days.items():
            local, table = cut.of(school.ledger, day, taught.get(day))
            owner = pa.repeat(school_days.school, table.num_rows)
            cut_tables.append(table.add_column(0, "school", owner))
            spans.append((local.start, local.end))
            names = school.names if assets is None else sorted(assets)
            targets += [school.books.target(name, day) for name in names]
            if day in taught:
                _add_lessons(lessons, school.ledger, taught[day])
    return RollupInputs(
        schools=sorted(names_of_schools),
        cuts=pa.concat_tables(cut_tables),
        targets=rollup.targets_table(targets),
        lessons=pa.table(lessons, schema=rollup.LESSONS_SCHEMA),
        first=min(start for start, _ in spans),
        last=max(end for _, end in spans),
    )


def _add_lessons(lessons: dict[str, list[object]], ledger: Ledger, taught: SchoolDay) -> None:
    timetabled = ledger.lessons.get((taught.term, taught.weekday), ())
    lessons["school"] += [ledger.school] * len(timetabled)
    lessons["day"] += [taught.day] * len(timetabled)
    lessons["period"] += [period for period, _ in timetabled]
    lessons["room"] += [room for _, room in timetabled]
