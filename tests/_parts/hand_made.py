"""Facts of one school made by hand: a few things, and what each does in every period of its days.

A day has seven lessons of forty minutes, two and a half hours between them, and the rest outside.
"""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from cloud.integrity.inputs import BINDINGS, INSPECTIONS, OCCUPANCY, Facts
from cloud.integrity.results import run_checks
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.evidence import Evidence, table
from cloud.utilization.periods import BETWEEN, OUTSIDE, week_of

SCHOOL = "2133100001"
LESSON_S, BETWEEN_S = 2400.0, 9000.0
LESSONS = tuple(range(1, 8))
OUTSIDE_S = 86_400 - BETWEEN_S - len(LESSONS) * LESSON_S
LENGTHS = {OUTSIDE: OUTSIDE_S, BETWEEN: BETWEEN_S, **dict.fromkeys(LESSONS, LESSON_S)}
END = date(2026, 11, 20)

Plan = Callable[[int, int], float | None]
"""Seconds in use by number of the school day and period; None: no data."""


@dataclass(frozen=True)
class Thing:
    """A row of the ledger and what its device does. Without a plan it is not connected."""

    plan: Plan | None = None
    category: str = "display"
    room: str = "A101"
    name: str = "交互智能平板"
    is_taught: bool = True
    """Whether its room has lessons."""
    is_bound: bool = True
    quantity: float = 1.0
    acquired: date = date(2023, 9, 1)
    condition: str = "1"


def rest(_day: int, _period: int) -> float | None:
    """Stay idle, and report it."""
    return 0.0


def dark(_day: int, _period: int) -> float | None:
    """Send nothing at all."""
    return None


def by_hand(seed: int, chance: float = 0.6) -> Plan:
    """Use it in some lessons for some minutes, as people do."""

    def plan(day: int, period: int) -> float | None:
        luck = random.Random(f"{seed} {day} {period}")
        if period not in LESSONS or luck.random() > chance:
            return 0.0
        return round(luck.uniform(240, 2200))

    return plan


def silent(plan: Plan, days: Collection[int]) -> Plan:
    """Do the same, but unseen on some of the school days."""
    return lambda day, period: None if day in days else plan(day, period)


def days_of(number: int, end: date = END) -> list[date]:
    """Return so many weekdays up to the end."""
    weekdays: list[date] = []
    day = end
    while len(weekdays) < number:
        if day.isoweekday() <= 5:
            weekdays.append(day)
        day -= timedelta(days=1)
    return weekdays[::-1]


def facts(
    *things: Thing,
    days: Sequence[date] | None = None,
    weekends: Mapping[date, float] | None = None,
    inspections: Sequence[date] = (),
    declared: Mapping[str, float] | None = None,
    unlisted: int = 0,
    rooms: Mapping[str, str] | None = None,
    occupancy: Sequence[tuple[str, date, int, float, float]] = (),
    school: str = SCHOOL,
) -> Facts:
    """Return the facts; asset numbers follow the order of the things, from 1.

    `weekends` are days without lessons with the seconds that the first thing is in use on them;
    `rooms` are uses by room; `occupancy` is room, day, period, seconds seen and occupied.
    """
    taught = days_of(20) if days is None else list(days)
    use = [
        row
        for number, thing in enumerate(things, 1)
        if thing.plan is not None
        for at, day in enumerate(taught)
        for row in _day(school, number, thing, at, day)
    ]
    for day, active_s in (weekends or {}).items():
        use.append(_row(school, 1, things[0], day, OUTSIDE, 86_400.0, active_s, is_lesson=False))
    bound = [n for n, thing in enumerate(things, 1) if thing.is_bound]
    reporting: dict[object, object] = {}
    for row in sorted(use, key=lambda row: str(row["day"])):
        if row["unobserved_s"] != row["due_s"]:
            reporting[row["asset_id"]] = row["day"]
    end = taught[-1]
    return Facts(
        evidence=Evidence(
            start=taught[0],
            end=end,
            schools=table([{"school": school}], evidence.SCHOOLS),
            rooms=table(
                [{"school": school, "room": k, "use": v} for k, v in (rooms or {}).items()],
                evidence.ROOMS,
            ),
            assets=table(
                [
                    {
                        "school": school,
                        "asset_id": number,
                        "asset_no": f"A-{number}",
                        "name": thing.name,
                        "category": thing.category,
                        "quantity": thing.quantity,
                        "acquired": thing.acquired,
                        "condition": thing.condition,
                        "room": thing.room,
                        "reported": reporting.get(number),
                    }
                    for number, thing in enumerate(things, 1)
                ],
                evidence.ASSETS,
            ),
            use=table(use, evidence.USE),
            senders=table(
                [
                    {"school": school, "device": device, "asset_id": number}
                    for device, number in _senders(bound, reporting, unlisted)
                ],
                evidence.SENDERS,
            ),
            declarations=table(
                [
                    {"school": school, "item": item, "value": value, "declared_on": END}
                    for item, value in (declared or {}).items()
                ],
                evidence.DECLARATIONS,
            ),
        ),
        bindings=table(
            [{"school": school, "asset_id": n, "device": f"D-{n}", "stated": True} for n in bound],
            BINDINGS,
        ),
        inspections=table([{"school": school, "day": day} for day in inspections], INSPECTIONS),
        occupancy=table(
            [dict(zip(OCCUPANCY, (school, *row), strict=True)) for row in occupancy],
            OCCUPANCY,
        ),
    )


def _senders(
    bound: Sequence[int], reporting: Collection[object], unlisted: int
) -> list[tuple[str, int | None]]:
    known: list[tuple[str, int | None]] = [(f"D-{n}", n) for n in bound if n in reporting]
    return known + [(f"X-{n}", None) for n in range(unlisted)]


def together(*schools: Facts) -> Facts:
    """Return the facts of several schools as one."""
    first = schools[0]
    tables = {
        name: pl.concat([getattr(school.evidence, name) for school in schools])
        for name in ("schools", "rooms", "assets", "use", "senders", "declarations")
    }
    return Facts(
        evidence=replace(first.evidence, **tables),
        bindings=pl.concat([school.bindings for school in schools]),
        inspections=pl.concat([school.inspections for school in schools]),
        occupancy=pl.concat([school.occupancy for school in schools]),
    )


def _day(school: str, number: int, thing: Thing, at: int, day: date) -> list[dict[str, object]]:
    assert thing.plan is not None
    return [
        _row(
            school, number, thing, day, period, length, thing.plan(at, period),
            is_lesson=thing.is_taught and period in LESSONS,
        )
        for period, length in LENGTHS.items()
    ]  # fmt: skip


def _row(
    school: str,
    number: int,
    thing: Thing,
    day: date,
    period: int,
    length: float,
    active_s: float | None,
    *,
    is_lesson: bool,
) -> dict[str, object]:
    seen = active_s is not None
    active = active_s or 0.0
    return {
        "school": school,
        "asset_id": number,
        "category": thing.category,
        "room": thing.room,
        "day": day,
        "week": week_of(day),
        "period": period,
        "due_s": length,
        "active_s": active,
        "standby_s": 0.0,
        "off_s": length - active if seen else 0.0,
        "unobserved_s": 0.0 if seen else length,
        "scheduled": is_lesson,
        "lesson_over": is_lesson,
        "lesson_observed": is_lesson and seen,
        "lesson_used": is_lesson and active >= 0.25 * length,
    }


def outcome_of(check: str, made: Facts) -> str:
    """Return the outcome of a check of the only school."""
    (outcome,) = [result.outcome for result in run_checks(made) if result.check == check]
    return outcome
