"""What the sensors of a school's air and light report: every half hour while school is on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from simulators.city.equipment import KINDS
from simulators.city.fleet import SENSORS
from simulators.city.ledger import Ledger
from simulators.city.lessons import Period, Timetable
from simulators.city.rooms import Room
from simulators.city.schools import School
from simulators.city.seeded_random import Bools, Floats, Ints, draws
from simulators.city.slots import midnight_us

_PROFILES = {"co2": ("senseair-s8", "co2"), "light": ("renke-rs-gz", "illuminance")}
COLUMNS = (
    "school",
    "asset",
    "room",
    "category",
    "profile",
    "point",
    "observed_at",
    "number",
    "received_at",
)
_MOMENTS = np.arange(27_000, 63_000, 1800) + 40
"""07:30 to 17:00, as seconds of the day."""


@dataclass(frozen=True, slots=True)
class Sensors:
    """The sensors of a school, in order of their names."""

    names: list[str]
    rooms: list[str]
    kinds: list[str]
    is_taught: Bools
    """[S, 7, moments] whether the room has a lesson."""
    airing: Floats
    """How much fresh air a room gets: 1 is enough."""
    brightness: Floats
    dies: Ints
    """Ordinal of the day from which it is dead."""
    is_silenced: Bools


def make_sensors(
    school: School,
    rooms: Sequence[Room],
    ledger: Ledger,
    periods: Sequence[Period],
    timetable: Timetable,
    days: Sequence[date],
    seed: int,
) -> Sensors:
    """Return the sensors of a school."""
    random = draws(seed, "sensors", school.index)
    devices = sorted(
        (line.device, line.room or 0, KINDS[line.kind].sends)
        for line in ledger.lines
        if line.has_reported and KINDS[line.kind].sends in SENSORS
    )
    number = len(devices)
    taught = np.zeros((len(rooms), 7, len(_MOMENTS)), np.bool_)
    for period in periods:
        moments = np.flatnonzero((period.starts <= _MOMENTS) & (period.ends > _MOMENTS))
        here = timetable.period == period.number
        for moment in moments:
            taught[timetable.room[here], timetable.weekday[here] - 1, moment] = True
    places = np.array([device[1] for device in devices], np.int64)
    ordinals = np.array([day.toordinal() for day in days])
    share = {"dead_sensors": school.share, "stops_before_inspection": 0.0}.get(
        school.character, 0.01
    )
    dead = random.random(number) < share
    when = ordinals[random.integers(0, max(1, round(0.6 * len(days))), number)]
    silent = school.character == "stops_before_inspection"
    return Sensors(
        names=[device[0] for device in devices],
        rooms=[rooms[device[1]].number for device in devices],
        kinds=[device[2] for device in devices],
        is_taught=taught[places],
        airing=(random.normal(1.0, 0.22, number) * (0.8 + 0.3 * school.care))
        .clip(0.4, 1.7)
        .astype(np.float32),
        brightness=random.normal(410, 80, number).clip(180, 700).astype(np.float32),
        dies=np.where(dead, when, 10_000_000),
        is_silenced=(random.random(number) < school.share) & silent,
    )


def values_of(
    sensors: Sensors, weekday: int | None, random: np.random.Generator
) -> tuple[Floats, Ints]:
    """Return what the sensors read [S, moments], and when, in seconds of the local day."""
    number = len(sensors.names)
    shape = (number, len(_MOMENTS))
    taught = np.zeros(shape, np.bool_) if weekday is None else sensors.is_taught[:, weekday - 1]
    noise = random.normal(0, 1, shape).astype(np.float32)
    recent = taught.astype(np.float32)
    for _ in range(2):
        recent[:, 1:] += np.float32(0.45) * recent[:, :-1]
    co2 = 430 + 520 * recent / sensors.airing[:, None] + 70 * noise
    sky = np.float32(1.0 + 0.25 * random.normal())
    light = sensors.brightness[:, None] * (0.55 + 0.45 * taught) * (0.85 + 0.15 * sky) + 30 * noise
    is_co2 = np.array([kind == "co2" for kind in sensors.kinds])[:, None]
    values = np.where(is_co2, np.maximum(np.rint(co2), 400), np.maximum(np.rint(light), 0))
    return values.astype(np.float32), _MOMENTS + random.integers(0, 20, (number, 1))


@dataclass(slots=True)
class ReadingTable:
    """The readings of a day, school by school."""

    day: date
    _columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def add(
        self,
        school: School,
        sensors: Sensors,
        weekday: int | None,
        outages: Sequence[Any],
        silent_from: date,
        random: np.random.Generator,
    ) -> None:
        """Add the sensors of a school, as far as they can be reached on the day."""
        if not sensors.names:
            return
        values, moments = values_of(sensors, weekday, random)
        is_reached = sensors.dies > self.day.toordinal()
        if silent_from <= self.day < school.inspected:
            is_reached &= ~sensors.is_silenced
        is_there = np.broadcast_to(is_reached[:, None], values.shape).copy()
        received = moments + random.integers(3, 45, values.shape)
        for outage in outages:
            cut = (moments >= outage.starts) & (moments < outage.ends)
            is_there &= ~(cut & outage.is_lost)
            received = np.where(cut, outage.ends + outage.delay_s + 20, received)
        midnight = midnight_us(self.day)
        rows, _ = np.nonzero(is_there)
        columns = self._columns
        columns["school"] += [school.code] * len(rows)
        for name, words in (
            ("asset", sensors.names),
            ("room", sensors.rooms),
            ("profile", [_PROFILES[kind][0] for kind in sensors.kinds]),
            ("point", [_PROFILES[kind][1] for kind in sensors.kinds]),
        ):
            columns[name] += [words[row] for row in rows]
        columns["category"] += ["environment"] * len(rows)
        columns["observed_at"] += (midnight + moments[is_there] * 1_000_000).tolist()
        columns["number"] += values[is_there].tolist()
        columns["received_at"] += (midnight + received[is_there] * 1_000_000).tolist()

    def table(self) -> Any:
        """Return all of it as an Arrow table."""
        kinds = {"observed_at": pa.timestamp("us"), "received_at": pa.timestamp("us"),
                 "number": pa.float64()}  # fmt: skip
        return pa.table(
            {
                name: pa.array(values, kinds.get(name, pa.string()))
                for name, values in self._columns.items()
            }
        )
