"""The truth of use, air and ledgers in plain sums, by nothing of the cloud.

The simulator's own days are made once more from the seed, and added up device by device. What the
cloud makes of the same days by slots, roll-up and indicators has to come to the same.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl

from simulators.city.equipment import KINDS
from simulators.city.fleet import NOON
from simulators.city.habits import Day, forgotten, true_day
from simulators.city.readings import values_of
from simulators.city.school_model import Home
from simulators.city.schools import VALUE_PER_SCHOOL_YUAN
from simulators.city.seeded_random import draws
from simulators.city.term import CityCalendar

_USED = 0.25
"""Share of a lesson that counts as used."""
_TEACHING = frozenset({"display", "recorder", "instrument", "epaper", "computer"})
_SWITCHED = frozenset({"display", "recorder", "computer"})
_GOOD_PPM, _HOLDS_S = 1500.0, 2400
_EVENING = slice(22 * 12, 24 * 12)
_SPARE_S = 600.0
_IN_USE_S = 600.0
_DAYS_A_WEEK = 5
_BOOKED_DAYS = 30
_REQUIRED = 15
"""Columns of the ledger that have to be filled."""
_COMPUTER_ROOM = "123"
_CLASSROOM = "111"

Sums = dict[str, list[float]]
"""By indicator part and whole of a school."""


def plain_use(
    homes: Mapping[str, Home], calendar: CityCalendar, seed: int, *, first: int
) -> dict[str, pl.DataFrame]:
    """Return by indicator the part and the whole of each school, from the day `first` on."""
    by_school = {code: _school(home, calendar, seed, first) for code, home in homes.items()}
    names = sorted({name for sums in by_school.values() for name in sums})
    return {
        name: pl.DataFrame(
            [
                (code, *sums[name])
                for code, sums in by_school.items()
                if name in sums and sums[name][1] > 0
            ],
            schema={"school": pl.String, "part": pl.Float64, "whole": pl.Float64},
            orient="row",
        )
        for name in names
    }


def _school(home: Home, calendar: CityCalendar, seed: int, first: int) -> Sums:
    sums: Sums = {}
    active = np.zeros(len(home.fleet))
    listed = np.array([bool(number) for number in home.fleet.numbers])
    for day, weekday, true in _days(home, calendar, seed, first):
        active += true.active.sum(axis=1)
        if weekday is not None:
            _add_lessons(sums, home, true, listed)
            _add_evenings(sums, home, true)
            _add_air(sums, home, weekday, day, seed)
    teaching = np.array([category in _TEACHING for category in home.fleet.categories])
    _add(sums, "assets_in_use", (active >= _IN_USE_S)[teaching].sum(), teaching.sum())
    return sums


def _days(
    home: Home, calendar: CityCalendar, seed: int, first: int
) -> Iterator[tuple[date, int | None, Day]]:
    """Yield the days as the simulator makes them, with the weekday that is taught."""
    school, fleet = home.school, home.fleet
    for day in calendar.days[first:]:
        yesterday = day - timedelta(days=1)
        weekday = None if day == school.closed else calendar.weekday_taught(day)
        taught = yesterday != school.closed and calendar.weekday_taught(yesterday) is not None
        before = forgotten(fleet, draws(seed, "forgotten", school.index, yesterday)) & taught
        left_on = forgotten(fleet, draws(seed, "forgotten", school.index, day))
        random = draws(seed, "use", school.index, day)
        yield day, weekday, true_day(fleet, weekday, random, left_on, before)


def _add(sums: Sums, name: str, part: float, whole: float) -> None:
    pair = sums.setdefault(name, [0.0, 0.0])
    pair[0] += float(part)
    pair[1] += float(whole)


def _add_lessons(sums: Sums, home: Home, true: Day, listed: np.ndarray) -> None:
    """Add the lessons of a day: by display, by room, and those recorded."""
    fleet = home.fleet
    length = (fleet.span[:, 1] - fleet.span[:, 0]).astype(np.float64)
    used = true.used >= _USED * length
    categories = np.array(fleet.categories)
    screens = (categories == "display") & listed & true.lessons.any(axis=1)
    _add(
        sums,
        "display_days_used",
        (used & true.lessons)[screens].any(axis=1).sum(),
        screens.sum(),
    )
    seconds = np.where(true.lessons, np.minimum(true.used, length), 0.0)[screens].sum() / 3600
    _add(sums, "screen_time_share", seconds, (true.lessons[screens] * length).sum() / 3600)
    rooms = np.array(fleet.rooms)
    teaching = np.isin(categories, list(_TEACHING)) & listed
    uses = {room.number: room.use for room in home.rooms}
    for room in sorted(set(rooms[teaching]) - {""}):
        here = teaching & (rooms == room)
        lessons = true.lessons[here].any(axis=0)
        held = (used & true.lessons)[here].any(axis=0)
        if uses[room] != _CLASSROOM:
            _add(sums, "function_room_use", held.sum(), lessons.sum())
        if uses[room] == _COMPUTER_ROOM:
            _add(sums, "computer_room_use", held.sum(), lessons.sum())
    recorders = (categories == "recorder") & listed
    if recorders.any():
        periods = fleet.span[:, 0] != NOON[0]
        places = {room: recorders & (rooms == room) for room in set(rooms[recorders])}
        recorded = sum((used & periods)[here].any(axis=0).sum() for here in places.values())
        _add(sums, "recordings_per_week", recorded, 1 / _DAYS_A_WEEK)


def _add_evenings(sums: Sums, home: Home, true: Day) -> None:
    able = np.isin(np.array(home.fleet.categories), list(_SWITCHED))
    on = (true.active + true.standby)[able, _EVENING].sum(axis=1)
    _add(sums, "off_after_school", (on <= _SPARE_S).sum(), able.sum())


def _add_air(sums: Sums, home: Home, weekday: int, day: date, seed: int) -> None:
    """Add the lessons in rooms with a sensor of CO2; a sample holds until the next, or 40 min."""
    sensors, table = home.sensors, home.timetable
    if not sensors.names:
        return
    values, moments = values_of(sensors, weekday, draws(seed, "air", home.school.index, day))
    spans = {period.number: (period.starts, period.ends) for period in home.periods}
    numbers = {room.number: place for place, room in enumerate(home.rooms)}
    for i, kind in enumerate(sensors.kinds):
        if kind != "co2":
            continue
        here = (table.room == numbers[sensors.rooms[i]]) & (table.weekday == weekday)
        since = moments[i].astype(np.float64)
        until = np.minimum(since + _HOLDS_S, np.append(since[1:], np.inf))
        good = values[i] <= _GOOD_PPM
        for number in sorted(set(table.period[here].tolist())):
            starts, ends = spans[number]
            held = np.clip(np.minimum(until, ends) - np.maximum(since, starts), 0, None)
            _add(sums, "co2_in_lessons", held[good].sum() / 3600, (ends - starts) / 3600)


def plain_ledger(homes: Mapping[str, Home], end: date) -> dict[str, pl.DataFrame]:
    """Return by indicator the part and the whole of each school's ledger, as far as it exists.

    A cell that was left empty is as it would have been, but where filling it is what is asked.
    """
    total = sum(home.ledger.total() for home in homes.values())
    factor = VALUE_PER_SCHOOL_YUAN * len(homes) / total
    rows = pl.DataFrame([row for home in homes.values() for row in _lines(home)])
    live = rows.filter("exists", ~pl.col("condition").is_in(["6", "7"]))
    works = live.filter(pl.col("condition").is_in(["1", "2"]))
    displays = works.filter(category="display")
    faulty = pl.col("condition").is_in(["3", "4", "8"])
    old = pl.col("acquired").dt.offset_by(pl.format("{}y", "life")) < end
    empty = [
        pl.col(f"gap_{name}") for name in ("model", "value", "acquired", "booked", "custodian")
    ]
    filled = _REQUIRED - pl.sum_horizontal(
        *(gap.cast(pl.Float64) for gap in empty),
        2.0 * pl.col("gap_code").cast(pl.Float64),
        1.0 - _located().cast(pl.Float64),
    )
    assessed = (pl.col("assessed") > end - timedelta(days=365)).fill_null(value=False)
    waited = (pl.col("booked") - pl.col("acquired")).dt.total_days()
    return {
        "asset_count": _per(works.filter(category="recorder"), pl.lit(1.0), "one"),
        "assets_located": _share(live, _located()),
        "assets_tagged": _share(live, ~pl.col("gap_tag")),
        "booked_in_time": _share(live, waited <= _BOOKED_DAYS),
        "class_codes_stated": _share(live, ~pl.col("gap_code")),
        "custodian_named": _share(live, ~pl.col("gap_custodian")),
        "displays_per_class": _per(displays, pl.col("quantity"), "classes"),
        "equipment_value_per_pupil": _per(live, (pl.col("price") * factor).round(0), "pupils"),
        "intact_rate": _share(live, pl.col("condition").is_in(["1", "2"])),
        "ledger_columns_filled": _share(live, filled, pl.lit(float(_REQUIRED))),
        "multimedia_rooms_per_100_pupils": _per(
            displays.filter(pl.col("room") != "").unique(["school", "room"]),
            pl.lit(100.0),
            "pupils",
        ),
        "not_worn_out": _share(live, ~(faulty & old)),
        "over_age_assessed": _share(live.filter(old), assessed),
    }


def _located() -> pl.Expr:
    return ~pl.col("gap_room") & (pl.col("room") != "")


def _share(rows: pl.DataFrame, part: pl.Expr, whole: pl.Expr | None = None) -> pl.DataFrame:
    whole = pl.lit(1.0) if whole is None else whole
    return (
        rows.select("school", part.cast(pl.Float64).alias("part"), whole.alias("whole"))
        .group_by("school")
        .agg(pl.col("part", "whole").sum())
    )


def _per(rows: pl.DataFrame, part: pl.Expr, size: str) -> pl.DataFrame:
    """Return the sum of a part, once for each school ÷ its size."""
    return (
        rows.select("school", part.alias("part"), pl.col(size).cast(pl.Float64).alias("whole"))
        .group_by("school")
        .agg(pl.col("part").sum(), pl.col("whole").first())
    )


def _lines(home: Home) -> Iterator[dict[str, object]]:
    school, ledger = home.school, home.ledger
    for i, line in enumerate(ledger.lines):
        yield {
            "school": school.code,
            "classes": school.classes,
            "pupils": school.pupils,
            "one": 1,
            "category": KINDS[line.kind].category,
            "quantity": float(line.quantity),
            "condition": ledger.condition[i],
            "exists": not line.is_phantom,
            "room": "" if line.room is None else home.rooms[line.room].number,
            "acquired": ledger.acquired[i],
            "booked": ledger.booked[i],
            "assessed": ledger.assessed[i],
            "life": KINDS[line.kind].life_years,
            "price": float(ledger.price[i]),
            **{f"gap_{name}": bool(gaps[i]) for name, gaps in ledger.gaps.items()},
        }
