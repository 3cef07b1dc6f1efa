"""The terms, holidays and school days of the city. Days are local.

The days off and on of 2026 are those of the national notice, to the best of our knowledge; other
years have only the holidays whose dates never change.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Term:
    """A term, both days included."""

    name: str
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day without school, or one taught as the weekday `follows`."""

    day: date
    name: str
    follows: int | None = None


_FIXED = (
    ("元旦", (1, 1), 1),
    ("清明节", (4, 4), 3),
    ("劳动节", (5, 1), 5),
    ("国庆节", (10, 1), 7),
)
_OF_2026 = (
    ("元旦", (1, 1), 3),
    ("清明节", (4, 4), 3),
    ("劳动节", (5, 1), 5),
    ("端午节", (6, 19), 3),
    ("中秋节", (9, 25), 3),
    ("国庆节", (10, 1), 7),
)
_MADE_UP_2026 = (
    ("元旦补课", (1, 4), 5),
    ("春节补课", (2, 28), 5),
    ("劳动节补课", (5, 9), 2),
    ("国庆节补课", (9, 20), 2),
    ("国庆节补课", (10, 10), 3),
)


@dataclass(frozen=True, slots=True)
class CityCalendar:
    """What holds for every school of the city."""

    terms: tuple[Term, ...]
    days_off: tuple[DayOff, ...]
    days: tuple[date, ...]
    """The school days that are simulated, the earliest first."""

    def weekday_taught(self, day: date) -> int | None:
        """Return the weekday whose lessons are given on a day, None where there is no school."""
        return _weekday_taught(self.terms, {off.day: off for off in self.days_off}, day)

    @property
    def term(self) -> Term:
        """The term of the last day."""
        return max(self.terms, key=lambda term: term.starts)


def make_calendar(end: date, number: int) -> CityCalendar:
    """Return the calendar with the last `number` school days up to and including `end`."""
    terms, offs, days = _terms(end.year), _days_off(end.year), list[date]()
    by_day = {off.day: off for off in offs}
    day = end
    while len(days) < number:
        if day.year <= terms[0].starts.year:
            terms = [*_terms(day.year - 1), *terms]
            more = _days_off(day.year - 1)
            offs = [*more, *offs]
            by_day |= {off.day: off for off in more}
        if _weekday_taught(tuple(terms), by_day, day) is not None:
            days.append(day)
        day -= timedelta(days=1)
    days.reverse()
    kept = sorted(
        {t.starts: t for t in terms if t.ends >= days[0] and t.starts <= end}.values(),
        key=lambda term: term.starts,
    )
    span = (kept[0].starts, kept[-1].ends)
    inside = {o.day: o for o in (*offs, *_days_off(span[1].year)) if span[0] <= o.day <= span[1]}
    assert all(a.ends < b.starts for a, b in pairwise(kept))  # noqa: S101  terms never overlap
    return CityCalendar(tuple(kept), tuple(inside[d] for d in sorted(inside)), tuple(days))


def last_friday(today: date) -> date:
    """Return the last Friday before a day."""
    return today - timedelta(days=(today.weekday() - 4) % 7 or 7)


def _terms(year: int) -> list[Term]:
    """Return the spring and the autumn term of a year."""
    return [
        Term(f"{year - 1}-{year}-2", date(year, 2, 24), date(year, 7, 3)),
        Term(f"{year}-{year + 1}-1", date(year, 9, 1), date(year + 1, 1, 29)),
    ]


def _days_off(year: int) -> list[DayOff]:
    days_off = []
    for name, (month, day), length in _OF_2026 if year == 2026 else _FIXED:
        first = date(year, month, day)
        days_off += [DayOff(first + timedelta(days=n), name) for n in range(length)]
    for name, (month, day), follows in _MADE_UP_2026 if year == 2026 else ():
        days_off.append(DayOff(date(year, month, day), name, follows))
    return days_off


def _weekday_taught(terms: tuple[Term, ...], by_day: dict[date, DayOff], day: date) -> int | None:
    if not any(term.starts <= day <= term.ends for term in terms):
        return None
    if day in by_day:
        return by_day[day].follows
    return day.isoweekday() if day.isoweekday() <= 5 else None
