"""What a school declares of itself, and its files of repairs, counts, disposals and chemicals.

A declaration is about right, sometimes mistaken, and where a school declares falsely far from what
its ledger and its devices show. The truth keeps what would have been right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from simulators.city.school_model import Home
from simulators.city.seeded_random import draws

Row = tuple[object, ...]

_CHECKED = ("display_hours_week", "pupil_terminals", "teacher_terminals",
            "computer_room_hours_logged")  # fmt: skip
"""Declared items that ledger or telemetry can contradict."""


@dataclass(frozen=True, slots=True)
class Use:
    """What the devices of a school truly did over the span."""

    display_hours_week: float | None
    """Hours of use in a week of school, on average over the connected displays."""
    computer_room_share: float | None
    """Share of the lessons in computer rooms that used them."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declared figure, and what would have been right."""

    item: str
    value: float
    actual: float
    untruth: str = ""
    """"false" on purpose, "mistaken" in good faith, empty where it is about right."""


def declarations(home: Home, use: Use, seed: int) -> list[Declaration]:
    """Return what the school declares."""
    school = home.school
    random = draws(seed, "declarations", school.index)
    actual = _actual(home, use, random)
    lies = _lies(home, actual, random)
    declared = []
    for item, right in actual.items():
        luck = random.random(3)
        value, untruth = right, ""
        if item in lies:
            value, untruth = lies[item], "false"
        elif item in _CHECKED and luck[0] < 0.03:
            value, untruth = right * (0.62 + 0.8 * (luck[1] > 0.5)), "mistaken"
        elif item in {"display_hours_week", "computer_room_hours_logged"}:
            value = right * random.normal(1.0, 0.07)
        if luck[2] > 0.75 + 0.27 * school.care and not untruth:
            continue
        digits = 1 if item in {"display_hours_week", "computer_room_hours_logged"} else 0
        declared.append(Declaration(item, max(0.0, round(value, digits)), round(right, 3), untruth))
    return declared


def _actual(home: Home, use: Use, random: np.random.Generator) -> dict[str, float]:
    school, care = home.school, home.school.care
    rooms = home.rooms
    main = [room for room in rooms if room.home_class or room.is_function_room]
    luck = random.random(12)
    counts = _terminals(home)
    figures = {
        "library_books": school.pupils * (12 if school.is_kindergarten else 32 + 26 * luck[0]),
        "new_books": school.pupils * (0.7 + 0.9 * luck[1]),
        "library_hours_week": 28 + 18 * care * luck[2] + 4,
        "teacher_terminals": counts["teacher"],
        "main_rooms": len(main),
        "rooms_with_wifi": len(main) - round((1 - care) * luck[3] * 0.35 * len(main)),
        "rooms_opened_after_class": round(luck[4] * 0.6 * len(main)),
        "desk_light_measured_rooms": max(1, round(0.3 * len(main))),
        "maintenance_planned_yuan": 1000 * round(18 + 2.2 * school.classes),
    }
    measured = figures["desk_light_measured_rooms"]
    figures["desk_light_ok_rooms"] = round(measured * min(1.0, 0.72 + 0.35 * luck[5]))
    planned = figures["maintenance_planned_yuan"]
    figures["maintenance_spent_yuan"] = round(planned * (0.55 + 0.5 * care + 0.12 * luck[6]))
    if use.display_hours_week is not None:
        figures["display_hours_week"] = use.display_hours_week
    if school.is_kindergarten:
        figures["kindergarten_items_listed"] = 120
        figures["kindergarten_items_present"] = round(120 * (0.82 + 0.18 * luck[7]))
        return figures
    due = 14 * len(school.stages) + round(6 * luck[8])
    figures |= {
        "pupil_terminals": counts["pupil"],
        "experiments_group_due": due,
        "experiments_group_done": round(due * min(1.0, 0.72 + 0.2 * care + 0.12 * luck[9])),
    }
    hours = _computer_hours(home)
    if hours and use.computer_room_share is not None:
        figures["computer_room_hours_scheduled"] = round(hours, 1)
        figures["computer_room_hours_logged"] = hours * use.computer_room_share
    if _has_chemicals(home):
        figures["chemical_controls_met"] = 5 - int(random.random() < 0.5 * (1 - care) ** 2)
    return figures


def _lies(home: Home, actual: dict[str, float], random: np.random.Generator) -> dict[str, float]:
    if home.school.character != "false_declaration":
        return {}
    factors = {
        "display_hours_week": random.uniform(1.7, 3.6),
        "pupil_terminals": random.uniform(1.25, 1.9),
        "teacher_terminals": random.uniform(1.25, 1.7),
    }
    lies = {
        item: actual[item] * factor
        for item, factor in factors.items()
        if item in actual and random.random() < home.school.share
    }
    if "computer_room_hours_logged" in actual and random.random() < home.school.share:
        hours = actual["computer_room_hours_scheduled"] * random.uniform(0.96, 1.0)
        if hours > 1.25 * actual["computer_room_hours_logged"]:
            lies["computer_room_hours_logged"] = hours
    if not lies:
        item = "display_hours_week" if "display_hours_week" in actual else "teacher_terminals"
        lies[item] = actual[item] * factors[item]
    return lies


def _terminals(home: Home) -> dict[str, int]:
    counts = {"teacher": 0, "pupil": 0}
    for line, condition in zip(home.ledger.lines, home.ledger.condition, strict=True):
        if line.is_phantom or condition == "6":
            continue
        if line.kind in {"computer", "lab_computer", "laptops"}:
            counts["teacher"] += line.quantity
        elif line.kind in {"pupil_computers", "tablets"}:
            counts["pupil"] += line.quantity
    return counts


def _computer_hours(home: Home) -> float:
    lengths = {period.number: (period.ends - period.starts) / 3600 for period in home.periods}
    is_there = np.array([room.purpose == "computer" for room in home.rooms])[home.timetable.room]
    return sum(lengths[int(number)] for number in home.timetable.period[is_there])


def _has_chemicals(home: Home) -> bool:
    return any(stage.code in {"JUN", "SEN", "VOC"} for stage in home.school.stages) and any(
        room.purpose == "lab" for room in home.rooms
    )


def declaration_rows(
    home: Home, declared: list[Declaration], today: date, seed: int
) -> Iterator[Row]:
    """Yield school, item, value, day and who declared, note, day and who confirmed."""
    random = draws(seed, "confirmed", home.school.index)
    day = today - timedelta(days=int(random.integers(12, 60)))
    for declaration in declared:
        is_confirmed = random.random() < (0.3 if declaration.untruth != "false" else 0.05)
        yield (
            home.school.code,
            declaration.item,
            f"{declaration.value:g}" if declaration.value < 1e6 else f"{declaration.value:.0f}",
            day,
            home.ledger.custodians[0],
            "自评材料",
            day + timedelta(days=9) if is_confirmed else None,
            "区县复核组" if is_confirmed else None,
        )


_HOURS = ((8, 30), (9, 10), (10, 20), (11, 0), (13, 40), (14, 30), (15, 20), (16, 10))


def ticket_rows(home: Home, days: list[date], seed: int) -> Iterator[Row]:
    """Yield repair tickets of the span: number, asset, origin, four moments, whether a fault."""
    school = home.school
    random = draws(seed, "tickets", school.index)
    able = [line for line in home.ledger.lines if line.device and not line.is_phantom]
    if not able:
        return
    rate = len(able) * len(days) / 20 * (0.014 + 0.034 * (1 - school.care))
    asset = 0
    for turn in range(int(random.poisson(rate)) + int(school.care > 0.5)):
        luck = random.random(6)
        if turn == 0 or luck[0] > 0.07:
            asset = int(random.integers(len(able)))
        day = days[int(random.integers(len(days)))]
        reported = datetime.combine(day, time(*_HOURS[int(luck[1] * len(_HOURS))]))
        waits_h = float(random.gamma(1.3, 1.2 + 14 * (1 - school.care) ** 2))
        accepted = _working(reported + timedelta(hours=waits_h))
        repairs_h = float(random.gamma(1.5, 9 + 60 * (1 - school.care) ** 2))
        closed = _working(accepted + timedelta(hours=repairs_h))
        verified = _working(closed + timedelta(hours=1 + 20 * luck[2]))
        is_open = luck[3] > 0.80 + 0.19 * school.care
        ends = (
            None if is_open and luck[2] < 0.3 else accepted,
            *((None, None) if is_open else (closed, verified)),
        )
        yield (
            school.code,
            f"T-{turn + 1:04d}",
            able[asset].number,
            "预警" if luck[4] < 0.35 else "人工",
            _minute(reported),
            *(_minute(end) if end and end.date() <= days[-1] else None for end in ends),
            "否" if luck[5] < 0.08 else "是",
        )


def _working(moment: datetime) -> datetime:
    """Return the moment, put off to the next working hour."""
    if moment.hour >= 17:
        moment = moment.replace(hour=8, minute=30) + timedelta(days=1)
    elif moment.hour < 8:
        moment = moment.replace(hour=8, minute=30)
    while moment.weekday() > 4:
        moment += timedelta(days=1)
    return moment


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def stocktake_rows(home: Home, today: date, seed: int) -> Iterator[Row]:
    """Yield what was counted in the last year; phantoms are counted with the rest, on paper."""
    school = home.school
    random = draws(seed, "stocktakes", school.index)
    day = today - timedelta(days=int(random.integers(25, 300)))
    number = len(home.ledger.lines)
    is_counted = random.random(number) < min(1.0, 0.45 + 0.65 * school.care)
    missing = random.random(number) < 0.004 + 0.06 * (1 - school.care) ** 2
    admits = random.random(number) < 0.1
    by = home.ledger.custodians[-1]
    for i, line in enumerate(home.ledger.lines):
        if not is_counted[i]:
            continue
        is_missing = missing[i] or (line.is_phantom and admits[i])
        yield school.code, line.number, day, "盘亏" if is_missing else "相符", by
    for turn in range(int(random.poisson(0.4 + 3 * (1 - school.care)))):
        yield school.code, f"S-{turn + 1:04d}", day, "盘盈", by


def disposal_rows(home: Home, today: date, seed: int) -> Iterator[Row]:
    """Yield the disposals of what the ledger calls scrapped, with papers where there are any."""
    school = home.school
    random = draws(seed, "disposals", school.index)
    for turn, (line, condition) in enumerate(
        zip(home.ledger.lines, home.ledger.condition, strict=True)
    ):
        if condition != "6":
            continue
        has_documents = random.random(2) < 0.6 + 0.42 * school.care
        day = today - timedelta(days=int(random.integers(10, 340)))
        yield (
            school.code,
            line.number,
            day,
            "报废",
            f"{school.division}教资〔{day.year}〕{turn + 1}号" if has_documents[0] else None,
            f"BA{day:%Y%m%d}{turn + 1:03d}" if has_documents[1] else None,
        )


_CHEMICALS = (
    ("浓硫酸", "L"), ("浓盐酸", "L"), ("浓硝酸", "L"), ("氢氧化钠", "kg"), ("无水乙醇", "L"),
    ("高锰酸钾", "kg"), ("金属钠", "kg"), ("红磷", "kg"), ("双氧水", "L"), ("氨水", "L"),
    ("硝酸银", "kg"), ("丙酮", "L"),
)  # fmt: skip


def chemical_rows(home: Home, today: date, seed: int) -> Iterator[Row]:
    """Yield the dangerous chemicals with what the records state and what was counted."""
    if not _has_chemicals(home):
        return
    school = home.school
    random = draws(seed, "chemicals", school.index)
    day = today - timedelta(days=int(random.integers(2, 40)))
    for turn, (name, unit) in enumerate(_CHEMICALS[: int(random.integers(4, 13))]):
        book = round(float(random.uniform(0.5, 8.0)), 1)
        is_off = random.random() < 0.0015 + 0.035 * (1 - school.care) ** 2
        counted = round(book * 0.8, 1) if is_off else book
        yield school.code, f"P{day.year}{turn + 1:03d}", name, book, counted, unit, day
