"""Which days are school days, what is taught on them and when. Pure.

A day is a school day when a term covers it and it is a weekday that is not closed, or a make-up
day, which is taught as the weekday it follows. A school's own entry for a day takes precedence
over the entry for all schools.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cloud.registry.rows import (
    CalendarRow,
    HolidayRow,
    LessonRow,
    PeriodRow,
    TermRow,
    TimetableRow,
)

FRIDAY = 5


@dataclass(frozen=True, slots=True)
class SchoolDay:
    """A day of teaching: its term, and the weekday whose timetable it follows."""

    day: dt.date
    term: int
    weekday: int


def days(start: dt.date, end: dt.date) -> Iterator[dt.date]:
    """Yield every day of a span, both ends included."""
    for offset in range((end - start).days + 1):
        yield start + dt.timedelta(days=offset)


def term_on(terms: Iterable[TermRow], day: dt.date) -> TermRow | None:
    """Return the term that covers a day."""
    return next((term for term in terms if term.starts <= day <= term.ends), None)


def school_days(
    terms: Iterable[TermRow], holidays: Iterable[HolidayRow], start: dt.date, end: dt.date
) -> list[SchoolDay]:
    """Return the school days of a span, both ends included, oldest first."""
    by_day: dict[dt.date, HolidayRow] = {}
    for holiday in sorted(holidays, key=lambda row: row.school is not None):
        by_day[holiday.day] = holiday
    taught_days = []
    for term in sorted(terms, key=lambda row: row.starts):
        for day in days(max(start, term.starts), min(end, term.ends)):
            weekday = taught_as(day, by_day.get(day))
            if weekday is not None:
                taught_days.append(SchoolDay(day, term.id, weekday))
    return taught_days


def taught_as(day: dt.date, holiday: HolidayRow | None) -> int | None:
    """Return the weekday (1 Monday) that a day of term is taught as; None for a day off."""
    if holiday is not None:
        return holiday.follows
    return day.isoweekday() if day.isoweekday() <= FRIDAY else None


def calendar_rows(
    taught: Iterable[SchoolDay], periods: Sequence[PeriodRow], zone: ZoneInfo
) -> list[CalendarRow]:
    """Return every period of every given school day, in order, as UTC moments."""
    by_term: dict[int, list[PeriodRow]] = {}
    for period in sorted(periods, key=lambda row: (row.starts, row.number)):
        by_term.setdefault(period.term, []).append(period)
    return [
        CalendarRow(
            day=day.day,
            period=period.number,
            name=period.name,
            starts_at=_utc(day.day, period.starts, zone),
            ends_at=_utc(day.day, period.ends, zone),
        )
        for day in taught
        for period in by_term.get(day.term, ())
    ]


def lesson_rows(taught: Iterable[SchoolDay], timetable: Sequence[TimetableRow]) -> list[LessonRow]:
    """Return every lesson of every given school day, by day, period and room."""
    by_weekday: dict[tuple[int, int], list[TimetableRow]] = {}
    for entry in sorted(timetable, key=lambda row: (row.period, row.room)):
        by_weekday.setdefault((entry.term, entry.weekday), []).append(entry)
    return [
        LessonRow(day.day, entry.period, entry.room, entry.class_name, entry.subject)
        for day in taught
        for entry in by_weekday.get((day.term, day.weekday), ())
    ]


def _utc(day: dt.date, moment: dt.time, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, moment, zone).astimezone(dt.UTC)
