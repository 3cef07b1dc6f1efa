"""The past of a simulated school, written into the cloud as its gateway would have written it.

Every five-minute usage slot of the last school days, and thinned readings of the last two days. It
ends with the last whole slot before now, so that it never meets what is live.

A day of a device is a row of cells of `_CELL_S` seconds, each off, standby, active or unobserved.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml
from openpyxl import load_workbook

from device_profiles import points
from device_profiles.loader import load_catalogue
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, UsageRule
from device_profiles.usage import SLOT_S, energy_of, reachable_states
from simulators.cloud_client import CloudClient, line_head
from simulators.errors import SimulatorError
from simulators.progress import Progress, no_progress
from simulators.school.plan import GATEWAY_FILE, SCHOOL_FILE, WORKBOOK_FILE
from simulators.school.timetable import ZONE, Calendar, SpecialDay

_CELL_S = 30
_CELLS = 86_400 // _CELL_S
_PER_SLOT = SLOT_S // _CELL_S
_OFF, _STANDBY, _ACTIVE, _UNOBSERVED = range(4)
_STATES = ("off", "standby", "active", "unobserved")
_READING_DAYS = 2
_MINUTE = 60 // _CELL_S


@dataclass(frozen=True, slots=True)
class _Device:
    """A device of the plan with what its past depends on."""

    place: points.Place
    profile: DeviceProfile
    rule: UsageRule | None
    habit: str


@dataclass(frozen=True, slots=True)
class _Past:
    """The plan, as far as the past needs it."""

    seed: int
    devices: tuple[_Device, ...]
    lessons: Mapping[tuple[int, str], tuple[tuple[int, int], ...]]
    """By weekday and room: (first cell, last cell) of each lesson."""
    calendar: Calendar


def write_history(
    plan: Path,
    *,
    url: str,
    token: str,
    days: int,
    now: datetime,
    progress: Progress = no_progress,
) -> int:
    """Write the past into the cloud over its write API; return the number of lines."""
    with CloudClient(url, token) as client:
        return client.write_lines(history_lines(plan, days=days, now=now), progress)


def history_lines(plan: Path, *, days: int, now: datetime) -> Iterator[str]:
    """Yield the lines of the past, day by day; the same plan, days and now give the same lines."""
    past = _load(plan)
    end = int(now.timestamp()) // SLOT_S * SLOT_S
    today = now.astimezone(ZONE).date()
    past_days = past.calendar.school_days(today, days)
    recent = today - timedelta(days=_READING_DAYS)
    for day in [*past_days, today]:
        for number, device in enumerate(past.devices):
            random = Random(f"history/{past.seed}/{device.place.asset}/{day}")  # noqa: S311
            cells = _cells(past, device, number, day, len(past_days), random)
            midnight = int(datetime.combine(day, datetime.min.time(), ZONE).timestamp())
            if device.rule is not None:
                yield from _usage(device, cells, midnight, end, random)
            if day >= recent:
                yield from _readings(device, cells, midnight, end, random)


def _usage(device: _Device, cells: bytes, midnight: int, end: int, random: Random) -> Iterator[str]:
    head = line_head("usage", _tags(device))
    has_energy = energy_of(device.profile, device.rule) is not None
    watts = _watts(device)
    for slot in range(_CELLS // _PER_SLOT):
        start = midnight + slot * SLOT_S
        if start >= end:
            return
        part = cells[slot * _PER_SLOT : (slot + 1) * _PER_SLOT]
        spent = [part.count(state) * _CELL_S for state in range(4)]
        if spent[_UNOBSERVED] == SLOT_S:
            yield f"{head} active_s=0,standby_s=0,off_s=0,unobserved_s={SLOT_S}.0 {start}"
            continue
        energy = ""
        if has_energy:
            used = sum(watts[state] * spent[state] for state in range(3)) / 3600
            energy = f",energy_wh={used * (0.94 + 0.12 * random.random()):.3f}"
        yield (
            f"{head} active_s={spent[_ACTIVE]}.0,standby_s={spent[_STANDBY]}.0,"
            f"off_s={spent[_OFF]}.0,unobserved_s={spent[_UNOBSERVED]}.0{energy} {start}"
        )


def _readings(
    device: _Device, cells: bytes, midnight: int, end: int, random: Random
) -> Iterator[str]:
    tags = _tags(device) | {"profile": device.place.profile}
    simulation = device.profile.simulation
    if simulation is None:
        return
    played: Mapping[str, Any] = simulation.points
    offset = random.randrange(20, SLOT_S - 20)
    for slot in range(_CELLS // _PER_SLOT):
        at = midnight + slot * SLOT_S + offset
        if at >= end:
            return
        state = cells[(at - midnight) // _CELL_S]
        if state == _UNOBSERVED:
            continue
        fields: dict[str, Value] = {}
        for name, given in played.items():
            value = given.get(_STATES[state]) if isinstance(given, dict) else given
            if isinstance(value, list):
                value = round(random.uniform(value[0], value[1]), 1)
            if value is not None:
                fields[name] = value if isinstance(value, bool | str) else float(value)
        if fields:
            yield points.line("reading", tags, fields, at)


def _cells(
    past: _Past, device: _Device, number: int, day: date, days: int, random: Random
) -> bytes:
    """Return what the device did on a day."""
    cells = bytearray(_CELLS)
    weekday = past.calendar.weekday_taught(day)
    lessons = past.lessons.get((weekday, device.place.room), ()) if weekday else ()
    if weekday is not None:
        _HABITS[device.habit](cells, lessons, random, _keenness(past.seed, device))
    if device.habit == "screen":
        _oddities(past, cells, number, day)
    if random.random() < 2.5 / max(days, 1):
        start = random.randrange(9 * 120, 16 * 120)
        _fill(cells, start, start + random.randrange(20, 95) * _MINUTE, _UNOBSERVED)
    reachable = reachable_states(device.rule) if device.rule else frozenset(_STATES)
    table = bytes.maketrans(
        bytes([_STANDBY, _OFF]),
        bytes(
            [
                _STANDBY if "standby" in reachable else _OFF,
                _OFF if "off" in reachable else _STANDBY,
            ]
        ),
    )
    return bytes(cells).translate(table)


def _oddities(past: _Past, cells: bytearray, number: int, day: date) -> None:
    """One screen is never used; another was left on over the last nights."""
    screens = [n for n, device in enumerate(past.devices) if device.habit == "screen"]
    if len(screens) > 2 and number == screens[2]:
        cells[:] = bytes(_CELLS)
    if len(screens) > 4 and number == screens[4] and day.isoweekday() in {2, 4}:
        cells[:] = bytes(cells).replace(bytes([_OFF]), bytes([_STANDBY]))


def _keenness(seed: int, device: _Device) -> float:
    """Return how much a room's teachers like its equipment, 0.35 to 0.95: a trait, not a mood."""
    return Random(f"keen/{seed}/{device.place.room}").uniform(0.35, 0.95)  # noqa: S311


_Lessons = tuple[tuple[int, int], ...]


def _screen(cells: bytearray, lessons: _Lessons, random: Random, keenness: float) -> None:
    if not lessons:
        return
    on = lessons[0][0] - random.randrange(5, 30) * _MINUTE
    late = 120 * 5 if random.random() < 0.05 else random.randrange(5, 60) * _MINUTE
    _fill(cells, on, lessons[-1][1] + late, _STANDBY)
    for first, last in lessons:
        if random.random() < keenness:
            start = first + random.randrange(8) * _MINUTE
            _fill(cells, start, min(last, start + random.randrange(12, 38) * _MINUTE), _ACTIVE)


def _machine(cells: bytearray, lessons: _Lessons, random: Random, keenness: float) -> None:
    """Fill in what runs through a lesson: computers, recorders, benches."""
    for first, last in lessons:
        if random.random() < 0.25 + 0.7 * keenness:
            _fill(cells, first - 6 * _MINUTE, last + 8 * _MINUTE, _STANDBY)
    for first, last in lessons:
        if cells[first] == _STANDBY:
            _fill(cells, first + random.randrange(6) * _MINUTE, last, _ACTIVE)


def _reader(cells: bytearray, lessons: _Lessons, random: Random, keenness: float) -> None:
    noon = (12 * 60 * _MINUTE, 13 * 60 * _MINUTE)
    for first, last in (*lessons, noon):
        if random.random() < keenness:
            start = random.randrange(first, max(first + 1, last - 20 * _MINUTE))
            _fill(cells, start, start + random.randrange(8, 22) * _MINUTE, _ACTIVE)


def _hall(cells: bytearray, _lessons: _Lessons, random: Random, _keenness: float) -> None:
    if random.random() < 0.3:
        start = random.choice((9, 14, 15)) * 60 * _MINUTE
        _fill(cells, start, start + random.randrange(45, 110) * _MINUTE, _ACTIVE)


def _day(cells: bytearray, _lessons: _Lessons, random: Random, keenness: float) -> None:
    """Fill in what follows the life of the building: meters, motion, light, air."""
    _fill(cells, 7 * 60 * _MINUTE, 17 * 60 * _MINUTE, _STANDBY)
    start = 8 * 60 * _MINUTE
    while start < 16 * 60 * _MINUTE:
        if random.random() < keenness:
            _fill(cells, start, start + random.randrange(10, 40) * _MINUTE, _ACTIVE)
        start += 45 * _MINUTE


_HABITS: dict[str, Callable[[bytearray, _Lessons, Random, float], None]] = {
    "screen": _screen,
    "machine": _machine,
    "reader": _reader,
    "hall": _hall,
    "day": _day,
}


def _habit(profile: DeviceProfile, category: str) -> str:
    if profile.id == "campus-projector":
        return "hall"
    if category == "display":
        return "screen"
    if category == "epaper":
        return "reader"
    return "machine" if category in {"computer", "recorder", "instrument"} else "day"


def _fill(cells: bytearray, first: int, last: int, state: int) -> None:
    first, last = max(0, first), min(_CELLS, last)
    if last > first:
        cells[first:last] = bytes([state]) * (last - first)


def _watts(device: _Device) -> list[float]:
    """Return the power in each state, as the profile's simulation has it."""
    simulation = device.profile.simulation
    played: Mapping[str, Any] = simulation.points if simulation else {}
    given: Mapping[str, Any] = next(
        (
            value
            for name, value in played.items()
            if name in {"active_power", "active_power_1", "power_out"} and isinstance(value, dict)
        ),
        {"active": 120, "standby": 8, "off": 0},
    )
    watts = []
    for state in _STATES[:3]:
        value: Any = given.get(state, 0)
        watts.append(sum(value) / len(value) if isinstance(value, list) else float(value))
    return watts


def _tags(device: _Device) -> dict[str, str]:
    place = device.place
    return {
        "school": place.school,
        "room": place.room,
        "asset": place.asset,
        "category": place.category,
    }


def _load(plan: Path) -> _Past:
    school = _yaml(plan / SCHOOL_FILE)
    gateway = _yaml(plan / GATEWAY_FILE)
    catalogue = load_catalogue(*(plan / folder for folder in gateway.get("profiles", ())))
    devices = []
    for entry in gateway["devices"]:
        profile = catalogue[entry["profile"]]
        rule = profile.usage
        if entry.get("usage"):
            base = rule.model_dump(exclude_unset=True) if rule else {}
            rule = UsageRule.model_validate(base | entry["usage"])
        category = entry.get("category") or profile.category
        place = points.Place(
            school["school"], entry["room"], entry["asset"], category, entry["profile"]
        )
        devices.append(_Device(place, profile, rule, _habit(profile, category)))
    spans = {
        period["period"]: (_cell(period["starts"]), _cell(period["ends"]))
        for period in school["periods"]
    }
    lessons: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for lesson in school["lessons"]:
        where = lesson["weekday"], lesson["room"]
        lessons.setdefault(where, []).append(spans[lesson["period"]])
    ordered = {key: tuple(sorted(set(cells))) for key, cells in lessons.items()}
    return _Past(school["seed"], tuple(devices), ordered, _calendar(plan / WORKBOOK_FILE))


def _cell(clock: str) -> int:
    hours, minutes = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * _MINUTE


def _calendar(path: Path) -> Calendar:
    try:
        book = load_workbook(path, read_only=True)
    except OSError as error:
        raise SimulatorError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        (_, term, starts, ends), *_ = book["学期"].iter_rows(min_row=2, values_only=True)
        special = tuple(
            SpecialDay(_date(row[1]), str(row[2]), row[4] if isinstance(row[4], int) else None)
            for row in book["节假日"].iter_rows(min_row=2, values_only=True)
        )
    finally:
        book.close()
    return Calendar(str(term), _date(starts), _date(ends), special)


def _date(cell: Any) -> date:
    return cell.date() if isinstance(cell, datetime) else date.fromisoformat(str(cell))


def _yaml(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorError(
            f"{path}: cannot be read: {error.strerror}; `campus-sim plan` makes it"
        ) from error
    if not isinstance(tree, dict):
        raise SimulatorError(f"{path}: expected keys and values")
    return tree
