"""What kinds of schools there are: most are honest, some are neglected, broken or play the system.

Playing is partial: some of a school's devices, from some day on. Honest schools have bad days,
forgetful teachers and cut lines too, so that no single slot gives anybody away.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulators.city.seeded_random import apportion

Character = Literal[
    "honest",
    "neglected",
    "left_on",
    "machine_like",
    "stops_before_inspection",
    "phantom_ledger",
    "false_declaration",
    "dead_sensors",
    "broken_gateway",
    "half_empty_ledger",
]

SHARES: dict[Character, float] = {
    "honest": 0.56,
    "neglected": 0.08,
    "left_on": 0.05,
    "machine_like": 0.05,
    "stops_before_inspection": 0.04,
    "phantom_ledger": 0.05,
    "false_declaration": 0.05,
    "dead_sensors": 0.04,
    "broken_gateway": 0.04,
    "half_empty_ledger": 0.04,
}
"""Of all schools; each kind has at least one school where there are schools enough."""

GAMERS = frozenset({
    "left_on", "machine_like", "stops_before_inspection", "phantom_ledger", "false_declaration",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Habit:
    """What is usual in schools of a character: (least, most) of a uniform draw."""

    keenness: tuple[float, float] = (0.45, 1.15)
    """How much lessons use what there is."""
    care: tuple[float, float] = (0.55, 1.0)
    """How well records, repairs and counts are kept, 0 to 1."""
    connected: tuple[float, float] = (0.9, 1.0)
    """Share of the assets that could report and do."""
    share: tuple[float, float] = (0.0, 0.0)
    """Share of devices (rows, cells) that the character touches."""


HABITS: dict[Character, Habit] = {
    "honest": Habit(),
    "neglected": Habit(keenness=(0.08, 0.30), care=(0.0, 0.3), connected=(0.55, 0.9)),
    "left_on": Habit(keenness=(0.15, 0.5), share=(0.25, 0.75)),
    "machine_like": Habit(keenness=(0.15, 0.5), share=(0.35, 0.85)),
    "stops_before_inspection": Habit(keenness=(0.12, 0.45), care=(0.3, 0.8), share=(0.4, 0.9)),
    "phantom_ledger": Habit(keenness=(0.3, 0.8), share=(0.12, 0.4)),
    "false_declaration": Habit(keenness=(0.15, 0.5), care=(0.3, 0.9), share=(0.5, 1.0)),
    "dead_sensors": Habit(care=(0.2, 0.7), share=(0.2, 0.5)),
    "broken_gateway": Habit(care=(0.3, 0.9), share=(0.4, 0.75)),
    "half_empty_ledger": Habit(care=(0.1, 0.5), share=(0.3, 0.55)),
}


def assign(number: int, random: np.random.Generator) -> list[Character]:
    """Return a character for each of so many schools, in the shares above, shuffled."""
    names = list(SHARES)
    counts = apportion(number, np.array([SHARES[name] for name in names]))
    if number >= 2 * len(names):
        missing = int((counts == 0).sum())
        counts[counts == 0] = 1
        counts[0] -= missing
    assigned = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
    return [assigned[i] for i in random.permutation(number)]
