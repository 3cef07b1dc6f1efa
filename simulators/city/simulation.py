"""The days of a few schools: slots, readings and events to files, and the truth about them.

One call is one piece of work for a process; it holds one day of its schools at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from simulators.city.equipment import KINDS
from simulators.city.events import EventTable, Watch
from simulators.city.habits import SLOT_S, SLOTS, Day, forgotten, true_day
from simulators.city.readings import ReadingTable
from simulators.city.records import Use
from simulators.city.school_model import Home, make_home
from simulators.city.schools import School
from simulators.city.seeded_random import draws
from simulators.city.slots import SlotTable, write_parquet
from simulators.city.tampering import FLAGS, Outage, Plan, ReportedDay, reported_day
from simulators.city.term import CityCalendar

_EVENING = slice(22 * 12, SLOTS)
_NIGHT = slice(0, 5 * 12)
_NEVER = date.max.toordinal()
_SCREENS = frozenset({"screen", "notice"})
_LEAST_USE = 0.25
"""Share of a lesson that counts as used; the cloud's own rule is its own."""


@dataclass(slots=True)
class Result:
    """What came of a piece of work."""

    slots: int = 0
    readings: int = 0
    events: int = 0
    devices: int = 0
    use: Any = None
    """Arrow table: a row for each device and day; see `truth`."""
    assets: list[tuple[object, ...]] = field(default_factory=list)
    outages: list[tuple[object, ...]] = field(default_factory=list)
    uses: dict[str, Use] = field(default_factory=dict)
    value: float = 0.0
    """What the ledgers add up to before the city's factor, in yuan."""


def simulate(
    folder: Path,
    part: int,
    schools: Sequence[School],
    calendar: CityCalendar,
    seed: int,
    *,
    keeps_true_slots: bool,
) -> Result:
    """Simulate every day of some schools; `part` numbers the files."""
    homes = [make_home(school, calendar.days, seed) for school in schools]
    watches = [Watch(home, calendar.days, seed) for home in homes]
    result = Result(devices=sum(len(home.fleet) for home in homes))
    use: list[Any] = []
    for day in calendar.days:
        slots, true_slots, readings = SlotTable(day), SlotTable(day), ReadingTable(day)
        events = EventTable(day)
        for home, watch in zip(homes, watches, strict=True):
            true, reported = _day(home, calendar, day, seed)
            use.append(_truth(home, day, true, reported))
            result.outages += [_outage_row(home, day, outage) for outage in reported.outages]
            random = draws(seed, "watts", home.school.index, day)
            slots.add(
                home.school.code, home.fleet,
                reported.active, reported.standby, reported.unobserved,
                reported.received_s, reported.is_sent, random,
            )  # fmt: skip
            if keeps_true_slots:
                _add_truth(true_slots, home, true, draws(seed, "watts", home.school.index, day))
            readings.add(
                home.school, home.sensors, _weekday(home.school, calendar, day), reported.outages,
                home.plan.silent_from, draws(seed, "air", home.school.index, day),
            )  # fmt: skip
            events.add(
                home.school.code, watch.day(day, reported), reported.outages,
                draws(seed, "reported", home.school.index, day),
            )  # fmt: skip
        name = f"day={day}/part-{part:03d}.parquet"
        result.slots += slots.write(folder / "slots" / name)
        if keeps_true_slots:
            true_slots.write(folder / "truth" / "slots" / name)
        air, happened = readings.table(), events.table()
        result.readings += air.num_rows
        result.events += happened.num_rows
        write_parquet(air, folder / "readings" / name)
        write_parquet(happened, folder / "events" / name)
    result.use = pa.concat_tables(use)
    _sum_up(result, homes)
    return result


def _day(home: Home, calendar: CityCalendar, day: date, seed: int) -> tuple[Day, ReportedDay]:
    school, fleet = home.school, home.fleet
    weekday = _weekday(school, calendar, day)
    yesterday = day - timedelta(days=1)
    left_on = forgotten(fleet, draws(seed, "forgotten", school.index, day))
    before = forgotten(fleet, draws(seed, "forgotten", school.index, yesterday))
    if _weekday(school, calendar, yesterday) is None:
        before[:] = False
    true = true_day(fleet, weekday, draws(seed, "use", school.index, day), left_on, before)
    random = draws(seed, "told", school.index, day)
    is_taught = weekday is not None
    return true, reported_day(school, fleet, home.plan, true, day, random, is_taught=is_taught)


def _weekday(school: School, calendar: CityCalendar, day: date) -> int | None:
    return None if day == school.closed else calendar.weekday_taught(day)


def _truth(home: Home, day: date, true: Day, reported: ReportedDay) -> Any:
    fleet = home.fleet
    number = len(fleet)
    length = (fleet.span[:, 1] - fleet.span[:, 0]).astype(np.float32)
    used = true.lessons & (true.used >= _LEAST_USE * length)
    active = true.active.sum(axis=1)
    standby = true.standby.sum(axis=1)
    on = true.active + true.standby
    words = {
        "school": [home.school.code] * number,
        "asset": fleet.names,
        "asset_no": fleet.numbers,
        "category": fleet.categories,
    }
    return pa.table(
        {name: pa.array(values, pa.string()) for name, values in words.items()}
        | {
            "day": pa.array([day] * number, pa.date32()),
            "active_s": pa.array(active),
            "standby_s": pa.array(standby),
            "off_s": pa.array(SLOTS * SLOT_S - active - standby),
            "evening_on_s": pa.array(on[:, _EVENING].sum(axis=1)),
            "night_active_s": pa.array(true.active[:, _NIGHT].sum(axis=1)),
            "lessons": pa.array(true.lessons.sum(axis=1).astype(np.int32)),
            "lessons_used": pa.array(used.sum(axis=1).astype(np.int32)),
        }
        | {name: pa.array(reported.flags[name]) for name in FLAGS}
    )


def _add_truth(slots: SlotTable, home: Home, true: Day, random: np.random.Generator) -> None:
    arrival = (np.arange(SLOTS, dtype=np.int64) + 1) * SLOT_S * 1_000_000 + 5_000_000
    slots.add(
        home.school.code, home.fleet, true.active, true.standby, np.zeros_like(true.active),
        arrival, np.ones(SLOTS, np.bool_), random,
    )  # fmt: skip


def _outage_row(home: Home, day: date, outage: Outage) -> tuple[object, ...]:
    return (home.school.code, day, outage.starts, outage.ends, outage.is_lost, outage.delay_s)


def _sum_up(result: Result, homes: Sequence[Home]) -> None:
    sums: dict[tuple[str, str], list[float]] = {}
    table = result.use.select(
        ["school", "asset", "active_s", "lessons", "lessons_used"]
    ).to_pydict()
    for school, asset, active, lessons, used in zip(*table.values(), strict=True):
        total = sums.setdefault((school, asset), [0.0, 0.0, 0.0, 0.0])
        for place, value in enumerate((1.0, active, lessons, used)):
            total[place] += value
    for home in homes:
        school, fleet = home.school, home.fleet
        totals = [sums[school.code, name] for name in fleet.names]
        screens = [total for total, way in zip(totals, fleet.ways, strict=True) if way in _SCREENS]
        labs = [total for total, way in zip(totals, fleet.ways, strict=True) if way == "machine"]
        hours = sum(screen[1] / screen[0] for screen in screens) * 5 / 3600
        lessons = sum(lab[2] for lab in labs)
        result.uses[school.code] = Use(
            display_hours_week=hours / len(screens) if screens else None,
            computer_room_share=sum(lab[3] for lab in labs) / lessons if lessons else None,
        )
        result.value += home.ledger.total()
        result.assets += _asset_rows(home)


def _asset_rows(home: Home) -> list[tuple[object, ...]]:
    fleet, plan = home.fleet, home.plan
    place = {name: i for i, name in enumerate(fleet.names)}
    sensors = {
        name: (False, False, bool(silenced), date.fromordinal(int(dies)) if dies < _NEVER else None,
               False)
        for name, silenced, dies in zip(
            home.sensors.names, home.sensors.is_silenced, home.sensors.dies, strict=True
        )
    }  # fmt: skip
    rows: list[tuple[object, ...]] = []
    for line in home.ledger.lines:
        i = place.get(line.device, -1) if line.has_reported else -1
        room = "" if line.room is None else home.rooms[line.room].number
        rows.append(
            (home.school.code, line.number, line.device, KINDS[line.kind].category, room,
             line.quantity, not line.is_phantom, line.has_reported,
             *(sensors[line.device] if line.has_reported and line.device in sensors
               else _marks(plan, i)))
        )  # fmt: skip
    for i, (name, number) in enumerate(zip(fleet.names, fleet.numbers, strict=True)):
        if not number:
            rows.append(
                (home.school.code, "", name, fleet.categories[i], fleet.rooms[i], 1, True, True,
                 *_marks(plan, i))
            )  # fmt: skip
    return rows


def _marks(plan: Plan, i: int) -> tuple[object, ...]:
    if i < 0:
        return (False, False, False, None, False)
    dies = int(plan.dies[i])
    return (
        bool(plan.is_left_on[i]),
        bool(plan.is_machine_made[i]),
        bool(plan.is_silenced[i]),
        date.fromordinal(dies) if dies < _NEVER else None,
        bool(plan.is_frozen[i] and dies < _NEVER),
    )
