"""The connected devices of a school as arrays, one element for each, in order of their names.

What a room's teachers do with its equipment is a habit by weekday and period: teachers teach by
the same timetable each week, some lessons on the screen and others never.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulators.city.equipment import KINDS
from simulators.city.ledger import Ledger
from simulators.city.lessons import Period, Timetable
from simulators.city.rooms import Room
from simulators.city.schools import School
from simulators.city.seeded_random import Bools, Floats, Ints, draws

SENSORS = ("co2", "light")
NOON = (43_800, 46_200)
"""12:10 to 12:50: lunch, when some read and some watch the news."""
EVENING = 64_800
"""18:00: after this, pupils study by themselves and rarely use a screen."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How a kind of device is used; seconds and watts."""

    lesson: float
    """How readily it is used in a lesson of its room, relative to the school's keenness."""
    noon: float
    start: float
    length: float
    """Mean length of a use; 0 is to the end of the lesson."""
    is_on_all_day: float
    """Share of devices that stay on between lessons."""
    watts: tuple[float, float, float] | None
    """Active, standby, off; None where no energy is measured."""


_WAYS = {
    "screen": _Way(0.95, 0.06, 240, 960, 0.55, (140.0, 52.0, 0.5)),
    "desk": _Way(0.85, 0.10, 60, 0, 0.8, None),
    "machine": _Way(1.15, 0.02, 120, 0, 0.7, None),
    "recorder": _Way(1.0, 0.0, 90, 0, 0.5, (95.0, 30.0, 1.0)),
    "bench": _Way(0.8, 0.0, 300, 1500, 0.15, (120.0, 15.0, 0.5)),
    "reader": _Way(0.30, 0.45, 420, 1080, 0.0, None),
    "notice": _Way(0.0, 0.0, 0, 0, 0.0, (120.0, 45.0, 0.5)),
    "meter": _Way(1.1, 0.0, 0, 0, 0.9, (900.0, 120.0, 10.0)),
}


@dataclass(frozen=True, slots=True)
class Fleet:
    """The devices that send usage slots; D devices, P spans of the day (periods and noon)."""

    names: list[str]
    rooms: list[str]
    categories: list[str]
    numbers: list[str]
    """The asset number, empty for what is not in the ledger."""
    ways: list[str]
    span: Ints
    """[P, 2] first and last second of each span, in order."""
    is_lesson: Bools
    """[D, 7, P] whether the room has a lesson, by weekday."""
    chance: Floats
    """[D, 7, P] how likely the device is used in it."""
    start: Floats
    length: Floats
    runs_through: Bools
    is_timed: Bools
    """Whether the school's own timer starts and stops it with the lesson, to the second."""
    is_notice: Bools
    """Whether it shows notices in a corridor, all day long."""
    stays_on: Bools
    forgets: Floats
    """How likely it is left on over night."""
    watts: Floats
    """[D, 3]."""
    has_energy: Bools

    def __len__(self) -> int:
        """Return how many devices there are."""
        return len(self.names)


def make_fleet(
    school: School,
    rooms: Sequence[Room],
    ledger: Ledger,
    periods: Sequence[Period],
    timetable: Timetable,
    seed: int,
) -> Fleet:
    """Return the devices of a school."""
    random = draws(seed, "fleet", school.index)
    devices = [
        (line.device, line.room, KINDS[line.kind].category, line.number, KINDS[line.kind].sends)
        for line in ledger.lines
        if line.has_reported and KINDS[line.kind].sends not in SENSORS
    ]
    extra = int(
        random.binomial(*((12, 0.5) if school.character == "half_empty_ledger" else (4, 0.35)))
    )
    homes = [place for place, room in enumerate(rooms) if room.home_class]
    devices += [
        (f"X-{turn + 1:04d}", homes[turn % len(homes)], "computer", "", "desk")
        for turn in range(extra)
    ]
    devices.sort(key=lambda device: device[0])
    ways = [device[4] for device in devices]
    places = np.array([-1 if device[1] is None else device[1] for device in devices], np.int64)
    span, lessons = _spans(periods, timetable, len(rooms))
    is_lesson = lessons[places]
    number = len(devices)
    way = [_WAYS[name] for name in ways]
    stays = random.random(number) < [habit.is_on_all_day for habit in way]
    careless = 0.008 + 0.09 * (1.0 - school.care) ** 2
    has_timer = random.random() < 0.3
    return Fleet(
        names=[device[0] for device in devices],
        rooms=["" if device[1] is None else rooms[device[1]].number for device in devices],
        categories=[device[2] for device in devices],
        numbers=[device[3] for device in devices],
        ways=ways,
        span=span,
        is_lesson=is_lesson,
        chance=_chances(school, way, is_lesson, span, places, len(rooms), random),
        start=np.array([habit.start for habit in way], np.float32)
        * random.uniform(0.5, 1.6, number).astype(np.float32),
        length=np.array([habit.length for habit in way], np.float32)
        * random.uniform(0.6, 1.4, number).astype(np.float32),
        runs_through=np.array([habit.length == 0 for habit in way]),
        is_timed=np.array([name in {"recorder", "machine"} and has_timer for name in ways]),
        is_notice=np.array([name == "notice" for name in ways], np.bool_),
        stays_on=stays,
        forgets=(careless * random.gamma(0.7, 1 / 0.7, number)).clip(0, 0.5).astype(np.float32),
        watts=np.array([habit.watts or (0, 0, 0) for habit in way], np.float32)
        * random.uniform(0.85, 1.2, (number, 1)).astype(np.float32),
        has_energy=np.array([habit.watts is not None for habit in way]),
    )


def _spans(periods: Sequence[Period], timetable: Timetable, rooms: int) -> tuple[Ints, Bools]:
    """Return the spans of the day with noon among them, and which rooms have lessons when."""
    starts = [(period.starts, period.ends, period.number) for period in periods]
    ordered = sorted([*starts, (*NOON, 0)])
    column = np.zeros(max(p.number for p in periods) + 1, np.int64)
    for place, (_, _, number) in enumerate(ordered):
        column[number] = place
    lessons = np.zeros((rooms + 1, 7, len(ordered)), np.bool_)  # the last row: no room
    lessons[timetable.room, timetable.weekday - 1, column[timetable.period]] = True
    return np.array([span[:2] for span in ordered], np.int64), lessons


def _chances(
    school: School,
    ways: Sequence[_Way],
    is_lesson: Bools,
    span: Ints,
    places: Ints,
    rooms: int,
    random: np.random.Generator,
) -> Floats:
    """Return how likely each device is used in each span: a habit of its room, week for week."""
    spans = is_lesson.shape[2]
    liked = random.beta(1.4, 1.0, (rooms + 1, 7, spans)).astype(np.float32)
    keen = random.normal(1.0, 0.18, rooms + 1).clip(0.4, 1.5).astype(np.float32)
    lesson = np.array([way.lesson for way in ways], np.float32)[:, None, None]
    noon = np.array([way.noon for way in ways], np.float32)[:, None, None]
    base = liked[places] * keen[places][:, None, None] * np.float32(1.35 * school.keenness)
    of_device = random.uniform(0.8, 1.2, len(ways)).astype(np.float32)[:, None, None]
    chance = np.where(is_lesson, base * lesson * of_device, np.float32(0.0))
    is_noon = span[:, 0] == NOON[0]
    is_there = is_lesson.any(axis=2, keepdims=True) | (noon > 0.3)
    is_there[:, 5:] = False
    chance = np.where(is_noon & is_there, noon * np.float32(school.keenness) * of_device, chance)
    chance = np.where(span[:, 0] >= EVENING, chance * np.float32(0.25), chance)
    return np.minimum(chance, np.float32(0.98))
