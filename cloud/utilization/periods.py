"""The school day as the timetable cuts it: which seconds of a day belong to which period.

The evening (from 22:00) and the night (to 05:00) of a day are counted apart from the timetable.

Every second of a local day belongs to exactly one of: a period of the timetable (its number, 1 and
up), `BETWEEN` (between the first period's start and the last one's end, but in none: breaks,
lunch), or `OUTSIDE` (before and after school, and the whole of a day without school).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from device_profiles.usage import SLOT_S

BETWEEN = 0
OUTSIDE = -1
EVENING = time(22)
NIGHT_END = time(5)


@dataclass(frozen=True, slots=True)
class Period:
    """A period of one day; `start` and `end` are aware UTC."""

    number: int
    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A local day from midnight to midnight (aware UTC); no periods where there is no school."""

    day: date
    start: datetime
    end: datetime
    night_end: datetime
    evening: datetime
    periods: tuple[Period, ...] = ()

    @property
    def is_school_day(self) -> bool:
        """Whether there are lessons on the day."""
        return bool(self.periods)

    def period_at(self, moment: datetime) -> Period | None:
        """Return the period that is on."""
        return next((p for p in self.periods if p.start <= moment < p.end), None)


@dataclass(frozen=True, slots=True)
class PeriodSpan:
    """A run of seconds that belong to one period."""

    period: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of one slot that falls into one period; `overlap_s` is at most the slot's length.

    `evening_s` and `night_s` are how much of it is evening or night.
    """

    day: date
    period: int
    slot_start: datetime
    overlap_s: float
    evening_s: float
    night_s: float


def local_day(day: date, zone: ZoneInfo, periods: tuple[Period, ...] = ()) -> Day:
    """Return the day with its midnights; a day of a clock change has 23 or 25 hours."""

    def at(moment: time, after: int = 0) -> datetime:
        return datetime.combine(day + timedelta(days=after), moment, zone).astimezone(UTC)

    return Day(day, at(time()), at(time(), 1), at(NIGHT_END), at(EVENING), periods)


def week_of(day: date) -> str:
    """Return the ISO week, `2026-W48`; the days around New Year may belong to another year's."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def period_spans(day: Day) -> list[PeriodSpan]:
    """Return the day cut into period_spans, in order, without gap or overlap.

    Of two periods that overlap, the earlier one keeps the seconds they share.
    """
    spans: list[PeriodSpan] = []
    cursor, rest = day.start, OUTSIDE
    for period in sorted(day.periods, key=lambda p: (p.start, p.end)):
        start, end = max(period.start, cursor), min(period.end, day.end)
        if start >= end:
            continue
        if start > cursor:
            spans.append(PeriodSpan(rest, cursor, start))
        spans.append(PeriodSpan(period.number, start, end))
        cursor, rest = end, BETWEEN
    if cursor < day.end:
        spans.append(PeriodSpan(OUTSIDE, cursor, day.end))
    return spans


def cuts(day: Day) -> Iterator[Cut]:
    """Yield every slot of the day once per period that it touches."""
    for stint in period_spans(day):
        slot = slot_start(stint.start)
        while slot < stint.end:
            following = slot + timedelta(seconds=SLOT_S)
            start, end = max(slot, stint.start), min(following, stint.end)
            evening, night = end - max(start, day.evening), min(end, day.night_end) - start
            yield Cut(
                day.day,
                stint.period,
                slot,
                (end - start).total_seconds(),
                max(evening.total_seconds(), 0.0),
                max(night.total_seconds(), 0.0),
            )
            slot = following


def slot_start(moment: datetime) -> datetime:
    """Return the start of the slot that holds the moment (aware UTC)."""
    since_hour = moment.minute * 60 + moment.second + moment.microsecond / 1_000_000
    return moment - timedelta(seconds=since_hour % SLOT_S)
