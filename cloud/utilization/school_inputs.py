"""The books of a school as the roll-up reads them, from plain tables of many schools. Pure.

They come from the registry (`cloud.registry.queries.rollup_queries`), or from files that were
written of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from cloud.registry import calendar
from cloud.registry.calendar import SchoolDay
from cloud.registry.rows import BindingRow, HolidayRow, PeriodRow, TermRow
from cloud.utilization.periods import Day, Period, local_day

DEFAULT_ZONE = "Asia/Shanghai"
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Owned:
    """Of a line of the asset ledger what decides whose use a name in telemetry means."""

    id: int
    asset_no: str
    category: str | None
    condition: str
    room: str | None
    device_no: str | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The books of one school."""

    school: str
    zone: ZoneInfo
    assets: Sequence[Owned]
    bindings: Sequence[BindingRow]
    terms: Sequence[TermRow]
    periods: Sequence[PeriodRow]
    lessons: Mapping[tuple[int, int], Sequence[tuple[int, str]]]
    """The timetable: (period, room) of every lesson, once, by (term, weekday)."""
    holidays: Sequence[HolidayRow]

    def taught(self, start: date, end: date) -> dict[date, SchoolDay]:
        """Return the school days of a span, both ends included."""
        return {
            school_day.day: school_day
            for school_day in calendar.school_days(self.terms, self.holidays, start, end)
        }

    def day(self, day: date, taught: SchoolDay | None) -> Day:
        """Return a local day with the periods that are taught on it."""
        if taught is None:
            return local_day(day, self.zone)
        rows = calendar.calendar_rows([taught], self.periods, self.zone)
        return local_day(
            day,
            self.zone,
            tuple(Period(row.period, row.name, row.starts_at, row.ends_at) for row in rows),
        )


def ledgers(
    tables: Mapping[str, Iterable[Row]], schools: Iterable[str] | None = None
) -> dict[str, Ledger]:
    """Return the books by school; a school that is asked for and not registered has empty ones."""
    zones = {school: ZoneInfo(zone) for school, zone in tables["schools"]}
    wanted = sorted(zones) if schools is None else sorted(schools)
    assets, numbers = _assets(tables["assets"])
    bindings = _bindings(tables["bindings"], numbers)
    terms: dict[str, list[TermRow]] = defaultdict(list)
    for school, number, name, starts, ends in tables["terms"]:
        terms[school].append(TermRow(number, school, name, starts, ends))
    periods: dict[str, list[PeriodRow]] = defaultdict(list)
    for school, *row in tables["periods"]:
        periods[school].append(PeriodRow(*row))
    holidays: dict[str | None, list[HolidayRow]] = defaultdict(list)
    for school, day, name, follows in tables["holidays"]:
        holidays[school].append(HolidayRow(school, day, name, follows))
    lessons = _lessons(tables["timetable"])
    return {
        school: Ledger(
            school=school,
            zone=zones.get(school) or ZoneInfo(DEFAULT_ZONE),
            assets=assets.get(school, []),
            bindings=bindings.get(school, []),
            terms=terms.get(school, []),
            periods=periods.get(school, []),
            lessons=lessons.get(school, {}),
            holidays=[*holidays.get(None, []), *holidays.get(school, [])],
        )
        for school in wanted
    }


def _assets(rows: Iterable[Row]) -> tuple[dict[str, list[Owned]], dict[int, str]]:
    by_school: dict[str, list[Owned]] = defaultdict(list)
    numbers: dict[int, str] = {}
    for school, *row in rows:
        asset = Owned(*row)
        by_school[school].append(asset)
        numbers[asset.id] = asset.asset_no
    return by_school, numbers


def _bindings(rows: Iterable[Row], numbers: Mapping[int, str]) -> dict[str, list[BindingRow]]:
    by_school: dict[str, list[BindingRow]] = defaultdict(list)
    for school, asset_id, device, valid_from, valid_to in rows:
        number = numbers.get(asset_id, "")
        by_school[school].append(BindingRow(school, asset_id, number, device, valid_from, valid_to))
    return by_school


def _lessons(
    rows: Iterable[Row],
) -> dict[str, dict[tuple[int, int], Sequence[tuple[int, str]]]]:
    by_school: dict[str, dict[tuple[int, int], set[tuple[int, str]]]] = {}
    for school, term, weekday, period, room in rows:
        by_school.setdefault(school, {}).setdefault((term, weekday), set()).add((period, room))
    return {
        school: {key: sorted(lessons) for key, lessons in by_day.items()}
        for school, by_day in by_school.items()
    }
