"""What a school owns: the rows of its ledger, with the gaps and lies of its character.

Values are bare prices; the city multiplies them by one factor, so that they add up to the figure of
the plan.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from simulators.city.equipment import KINDS, Line, equipment
from simulators.city.rooms import Room
from simulators.city.schools import School
from simulators.city.seeded_random import Bools, draws

_GAPS = ("code", "model", "value", "acquired", "booked", "room", "custodian", "tag")
_SURNAMES = "陈林王张李金徐周叶郑黄应蔡洪卢项"
_GIVEN = (
    "晓燕",
    "建国",
    "丽萍",
    "志强",
    "雅琴",
    "海波",
    "文娟",
    "立新",
    "慧敏",
    "伟明",
    "素珍",
    "俊杰",
)
_SUPPLIERS = ("台州市海门教育装备有限公司", "浙江东海智慧科技有限公司", "台州市华联电器商行")
_LISTED = "GB/T 14885-2022"


@dataclass(slots=True)
class Ledger:
    """The rows of a school, and each row's columns in the same order."""

    lines: list[Line]
    price: NDArray[np.float64]
    """In yuan for the whole row, before the city's factor."""
    acquired: list[date]
    booked: list[date]
    assessed: list[date | None]
    condition: list[str]
    tags: list[str]
    custodians: list[str]
    gaps: dict[str, Bools] = field(default_factory=dict)
    """By column: which cells are empty."""

    def total(self) -> float:
        """Return what the stated prices add up to."""
        return float(self.price[~self.gaps["value"]].sum())


def make_ledger(school: School, rooms: Sequence[Room], seed: int, today: date) -> Ledger:
    """Return the ledger of a school."""
    random = draws(seed, "ledger", school.index)
    lines = equipment(school, rooms, random)
    able = [line for line in lines if KINDS[line.kind].sends]
    _connect(school, able, random)
    number = len(lines)
    age = random.integers(150, 365 * 7, number)
    life = np.array([KINDS[line.kind].life_years for line in lines])
    late = random.random(number) < 0.25 * (1.05 - school.care) ** 1.5 + 0.01
    waited = np.where(late, random.integers(40, 130, number), random.integers(2, 26, number))
    acquired = [today - timedelta(days=int(days)) for days in age]
    over = age > life * 365
    assessed = over & (random.random(number) < 0.35 + 0.62 * school.care)
    spread = random.integers(10, 300, number)
    quantity = np.array([line.quantity for line in lines], np.float64)
    price = np.array([KINDS[line.kind].price for line in lines]) * quantity
    return Ledger(
        lines=lines,
        price=price * random.uniform(0.88, 1.12, number),
        acquired=acquired,
        booked=[day + timedelta(days=int(d)) for day, d in zip(acquired, waited, strict=True)],
        assessed=[
            today - timedelta(days=int(days)) if done else None
            for done, days in zip(assessed, spread, strict=True)
        ],
        condition=_conditions(school, lines, over, random),
        tags=[f"E2{bits:016X}{place:06X}" for place, bits in
              enumerate(random.integers(0, 2**63, number).tolist())],
        custodians=_custodians(number, random),
        gaps=_gaps(school, lines, random),
    )  # fmt: skip


def rows(
    school: School, rooms: Sequence[Room], ledger: Ledger, factor: float
) -> Iterator[tuple[object, ...]]:
    """Yield the rows as the importer reads them; see `csv_files.COLUMNS`."""
    gaps = ledger.gaps
    for i, line in enumerate(ledger.lines):
        kind = KINDS[line.kind]
        code = None if gaps["code"][i] else kind.code
        acquired = ledger.acquired[i]
        yield (
            school.code,
            line.number,
            kind.name,
            kind.category,
            code,
            _LISTED if code else None,
            None if gaps["model"][i] else kind.model,
            kind.brand,
            None if gaps["tag"][i] else ledger.tags[i],
            line.device or None,
            kind.unit,
            line.quantity,
            None if gaps["value"][i] else round(float(ledger.price[i]) * factor),
            "购置",
            None if gaps["acquired"][i] else acquired,
            None if gaps["booked"][i] else ledger.booked[i],
            ledger.condition[i],
            None if line.room is None or gaps["room"][i] else rooms[line.room].number,
            "信息中心" if kind.sends or kind.category == "computer" else "总务处",
            None if gaps["custodian"][i] else ledger.custodians[i],
            _SUPPLIERS[i % len(_SUPPLIERS)],
            acquired + timedelta(days=3 * 365),
            kind.life_years,
            "1" if i % 5 else "3",
            ledger.assessed[i],
        )


def _connect(school: School, able: list[Line], random: np.random.Generator) -> None:
    """Give most of what can report a device; a phantom row has at best the name of one."""
    is_own_name = school.index % 7 != 3
    connected = random.random(len(able)) < school.connected
    phantom = random.random(len(able)) < (
        school.share if school.character == "phantom_ledger" else 0.0
    )
    named = random.random(len(able)) < 0.7
    silent = random.random(len(able)) < 0.012
    for i, line in enumerate(able):
        line.is_phantom = bool(phantom[i])
        stated = connected[i] and (named[i] or not line.is_phantom)
        if stated:
            line.device = line.number if is_own_name else f"GW-{i + 1:04d}"
        line.has_reported = bool(stated and not line.is_phantom and not silent[i])


def _conditions(
    school: School, lines: Sequence[Line], over: Bools, random: np.random.Generator
) -> list[str]:
    """Return the stated condition: broken more often where care is poor, and past the life."""
    luck = random.random(len(lines))
    bad = (0.012 + 0.10 * (1.0 - school.care) ** 2) * np.where(over, 1.8, 0.8)
    codes = np.full(len(lines), "1")
    codes[luck < bad] = "3"
    codes[luck < 0.3 * bad] = "4"
    codes[luck < 0.08 * bad] = "8"
    codes[luck > 0.965 + 0.03 * school.care] = "2"
    codes[luck > 0.994] = "6"
    has_signal = np.array([line.has_reported or line.is_phantom for line in lines])
    codes[has_signal & (luck > 0.97)] = "1"
    return [str(code) for code in codes]


def _custodians(number: int, random: np.random.Generator) -> list[str]:
    names = [
        _SURNAMES[int(a)] + _GIVEN[int(b)]
        for a, b in zip(random.integers(0, 16, 14), random.integers(0, 12, 14), strict=True)
    ]
    return [names[i] for i in random.integers(0, len(names), number).tolist()]


def _gaps(school: School, lines: Sequence[Line], random: np.random.Generator) -> dict[str, Bools]:
    """Return the cells left empty: a few everywhere, more without care, many where half is."""
    usual = {"code": 0.05, "model": 0.02, "value": 0.01, "acquired": 0.02, "booked": 0.03,
             "room": 0.07, "custodian": 0.07, "tag": 0.18}  # fmt: skip
    gaps = {}
    for column in _GAPS:
        share = usual[column] * (0.15 + 2.2 * (1.0 - school.care) ** 1.5)
        if school.character == "half_empty_ledger" and column not in {"value", "acquired"}:
            share = school.share * random.uniform(0.7, 1.25)
        gaps[column] = random.random(len(lines)) < share
    return gaps
