"""When a simulated school teaches: its term, periods, lessons and holidays.

All days are school-local. A term is placed around a given day, so that a demo on any day of the
year has twenty school days behind it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")

PERIODS = (
    (1, "第一节", time(8, 10), time(8, 50)),
    (2, "第二节", time(9, 0), time(9, 40)),
    (3, "第三节", time(10, 10), time(10, 50)),
    (4, "第四节", time(11, 0), time(11, 40)),
    (5, "第五节", time(13, 20), time(14, 0)),
    (6, "第六节", time(14, 10), time(14, 50)),
    (7, "第七节", time(15, 5), time(15, 45)),
    (8, "课后服务", time(16, 0), time(16, 40)),
)

_SUBJECTS = (
    *("语文",) * 8,
    *("数学",) * 5,
    *("英语",) * 3,
    *("道德与法治",) * 3,
    *("科学",) * 3,
    *("体育",) * 4,
    *("音乐",) * 2,
    *("美术",) * 2,
    *("信息科技",) * 2,
    *("书法",),
    *("劳动",) * 2,
    *("阅读",),
)
_SPECIAL_SHARE = {
    "语文": 0.06,
    "劳动": 0.4,
    "科学": 0.6,
    "音乐": 0.75,
    "美术": 0.7,
    "信息科技": 1.0,
    "书法": 0.8,
    "阅读": 0.5,
}
_OUTSIDE = {"体育"}


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson that takes place every week."""

    weekday: int
    """1 Monday to 7 Sunday."""
    period: int
    room: str
    class_name: str
    subject: str


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day off, or a day on which the lessons of another weekday are made up."""

    day: date
    name: str
    follows: int | None = None
    """The weekday whose lessons are given; None on a day off."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A term and its exceptions."""

    term: str
    starts: date
    ends: date
    special: tuple[SpecialDay, ...]

    def weekday_taught(self, day: date) -> int | None:
        """Return the weekday whose lessons are given on a day, None where there is no school."""
        if not self.starts <= day <= self.ends:
            return None
        for special in self.special:
            if special.day == day:
                return special.follows
        return day.isoweekday() if day.isoweekday() <= 5 else None

    def school_days(self, before: date, number: int) -> list[date]:
        """Return up to `number` school days before a day, the earliest first."""
        days: list[date] = []
        day = before
        while len(days) < number and day > self.starts:
            day -= timedelta(days=1)
            if self.weekday_taught(day) is not None:
                days.append(day)
        return days[::-1]


def make_calendar(today: date) -> Calendar:
    """Return a term with more than twenty school days before `today`, and one make-up Saturday."""
    starts = today - timedelta(weeks=9, days=today.weekday())
    ends = today + timedelta(weeks=10)
    first = 1 if starts.month >= 7 else 2
    year = starts.year if first == 1 else starts.year - 1
    monday = today - timedelta(weeks=3, days=today.weekday())
    special = (
        SpecialDay(monday, "调休放假"),
        SpecialDay(monday + timedelta(days=5), "调休补课", follows=1),
        SpecialDay(today + timedelta(days=37 - today.weekday()), "放假"),
    )
    return Calendar(f"{year}-{year + 1}-{first}", starts, ends, special)


def make_lessons(
    homes: dict[str, str], special: dict[str, list[str]], random: Random
) -> list[Lesson]:
    """Return the week of every class.

    `homes` gives the class of each ordinary room, `special` the rooms that a subject may use. Some
    lessons of such a subject are given there, when the room is free; physical education leaves the
    room empty, and is therefore no lesson of the room.
    """
    lessons: list[Lesson] = []
    taken: set[tuple[int, int, str]] = set()
    for room, class_name in homes.items():
        week = list(_SUBJECTS)
        random.shuffle(week)
        slots = [(day, period) for day in range(1, 6) for period in range(1, 8)]
        for (day, period), subject in zip(slots, week, strict=False):
            if subject in _OUTSIDE:
                continue
            place = room
            if random.random() < _SPECIAL_SHARE.get(subject, 0.0):
                free = [r for r in special.get(subject, []) if (day, period, r) not in taken]
                place = random.choice(free) if free else room
            taken.add((day, period, place))
            lessons.append(Lesson(day, period, place, class_name, subject))
        after = random.sample(range(1, 6), 3)
        lessons.extend(Lesson(day, 8, room, class_name, "课后服务") for day in after)
    lessons.sort(key=lambda lesson: (lesson.weekday, lesson.period, lesson.room))
    return lessons


def moment(day: date, at: time) -> datetime:
    """Return a local time of the school as aware UTC."""
    return datetime.combine(day, at, ZONE).astimezone(UTC)
