"""Which state a device is in over time: by the timetable of its room, or lively for a short show.

Pure and seeded: the same seed, device and plan give the same changes, in whatever steps they are
asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from device_profiles.schema import Behaviour

State = str
"""active, standby or off."""
LIVELY_S = (20.0, 90.0)
_BEFORE_SCHOOL = timedelta(minutes=20)
_AFTER_SCHOOL = timedelta(minutes=30)
_SHARE_USED: dict[Behaviour, float] = {
    "school_day": 0.9,
    "lesson": 0.85,
    "recording": 0.4,
    "experiment": 0.7,
    "reading": 0.6,
    "ambient": 1.0,
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """A time on a weekday (1 is Monday) when the device's room has a lesson; local time."""

    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Change:
    """A device goes into a state."""

    at: datetime
    state: State


def lively(device: str, seed: int, start: datetime, states: Sequence[State]) -> Iterator[Change]:
    """Return a state at `start` and a different one every 20 to 90 seconds, without end."""
    chance = Random(f"{seed}/{device}/lively")  # noqa: S311 - repeatable, not secret
    at, state = start, chance.choice(sorted(states))
    while True:
        yield Change(at, state)
        at += timedelta(seconds=round(chance.uniform(*LIVELY_S), 3))
        others = sorted(set(states) - {state}) or [state]
        state = chance.choice(others)


def school_days(
    behaviour: Behaviour,
    device: str,
    seed: int,
    start: datetime,
    lessons: Sequence[Lesson],
    zone: ZoneInfo,
) -> Iterator[Change]:
    """Return the state at `start` and every change after it by the timetable, without end."""
    day = start.astimezone(zone).date()
    before = Change(start, "off")
    is_begun = False
    while True:
        for change in day_changes(behaviour, device, seed, day, lessons, zone):
            if change.at <= start:
                before = change
                continue
            if not is_begun:
                is_begun = True
                yield Change(start, before.state)
            yield change
        if not is_begun:
            is_begun = True
            yield Change(start, before.state)
        day += timedelta(days=1)


def day_changes(
    behaviour: Behaviour,
    device: str,
    seed: int,
    day: date,
    lessons: Sequence[Lesson],
    zone: ZoneInfo,
) -> list[Change]:
    """Return the changes of one local day, in order; the first one is at midnight."""
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    if behaviour == "always_on":
        return [Change(midnight, "active")]
    chance = Random(f"{seed}/{device}/{day}")  # noqa: S311 - repeatable, not secret
    today = sorted(
        (
            datetime.combine(day, lesson.starts, zone).astimezone(UTC),
            datetime.combine(day, lesson.ends, zone).astimezone(UTC),
        )
        for lesson in lessons
        if lesson.weekday == day.isoweekday()
    )
    changes = [Change(midnight, "off")]
    if not today:
        return changes
    changes.append(Change(today[0][0] - _jitter(chance, _BEFORE_SCHOOL), "standby"))
    for begins, ends in today:
        if chance.random() >= _SHARE_USED[behaviour]:
            continue
        late = timedelta(seconds=round(chance.uniform(5, 240), 3))
        early = timedelta(seconds=round(chance.uniform(0, 180), 3))
        if begins + late < ends - early:
            changes += [Change(begins + late, "active"), Change(ends - early, "standby")]
    is_forgotten = chance.random() < 0.05  # some stay on over the evening
    if not is_forgotten:
        changes.append(Change(today[-1][1] + _jitter(chance, _AFTER_SCHOOL), "off"))
    return changes


def _jitter(chance: Random, most: timedelta) -> timedelta:
    return timedelta(seconds=round(chance.uniform(0.2, 1.0) * most.total_seconds(), 3))
