"""What is learned of a device's register map: where no block may run across. Pure.

A cut is learned where a device refused a block, or never answered it. It may be wrong: a device
that starts refuses everything for some seconds, a line loses frames. So a new cut is on trial: the
block is read whole again at the next poll. What is refused again is confirmed, kept over restarts
and tried ever less often; three whole reads in a row, or a day, and the cut is forgotten.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from edge.drivers.modbus.plan import TABLES, Break

FORGOTTEN_AFTER_S = 86_400.0
PROOFS = 3
"""So many whole reads in a row prove that a cut is not needed."""
_FIRST_TRIAL_S = 60.0


@dataclass(slots=True)
class _Cut:
    learned_at: float
    """Seconds since 1970, by the wall clock: it is kept over restarts."""
    trial_at: float
    """On the clock of the event loop."""
    wait_s: float = _FIRST_TRIAL_S
    proofs: int = 0
    is_confirmed: bool = False


@dataclass(slots=True)
class Learned:
    """The cuts of one device."""

    _cuts: dict[Break, _Cut] = field(default_factory=dict)
    is_changed: bool = False
    """Whether what is kept over restarts has changed since it was last written."""

    @property
    def breaks(self) -> frozenset[Break]:
        """Every cut."""
        return frozenset(self._cuts)

    def add(self, cut: Break, now: float, wall_s: float, *, is_mute: bool = False) -> None:
        """Learn a cut, on trial from the next poll on; where silence led to it, from later on.

        Several misses came before that, and each trial costs another one.
        """
        self._cuts.setdefault(cut, _Cut(wall_s, now + _FIRST_TRIAL_S if is_mute else now))

    def keep(self, cut: Break, learned_at: float, now: float) -> None:
        """Take up a cut that was confirmed in an earlier run."""
        self._cuts[cut] = _Cut(learned_at, now + _FIRST_TRIAL_S, is_confirmed=True)

    def drop(self, cuts: frozenset[Break]) -> None:
        """Forget cuts that were learned from something else than the device's map."""
        for cut in cuts:
            dropped = self._cuts.pop(cut, None)
            self.is_changed |= dropped is not None and dropped.is_confirmed

    def age(self, wall_s: float) -> None:
        """Forget what is older than a day, or from a clock that was ahead."""
        self.drop(
            frozenset(
                key
                for key, cut in self._cuts.items()
                if not 0 <= wall_s - cut.learned_at < FORGOTTEN_AFTER_S
            )
        )

    def on_trial(self, now: float) -> Iterator[Break]:
        """Yield the cuts that are due to be tried without, the longest due first."""
        due = [(cut.trial_at, key) for key, cut in self._cuts.items() if cut.trial_at <= now]
        for _, key in sorted(due):
            yield key

    def is_right(self, cut: Break, now: float) -> None:
        """Note that a block across a cut was refused, or not answered, again."""
        tried = self._cuts[cut]
        self.is_changed |= not tried.is_confirmed
        tried.is_confirmed, tried.proofs = True, 0
        tried.trial_at = now + tried.wait_s
        tried.wait_s *= 2

    def is_wrong(self, cut: Break, now: float) -> None:
        """Note that a block across a cut was read whole."""
        tried = self._cuts[cut]
        tried.proofs += 1
        tried.trial_at = now
        if tried.proofs >= PROOFS:
            self.drop(frozenset({cut}))

    def written(self) -> str:
        """Return the confirmed cuts as text that `read_learned` understands."""
        self.is_changed = False
        kept = [(*key, int(cut.learned_at)) for key, cut in self._cuts.items() if cut.is_confirmed]
        return json.dumps(sorted(kept), separators=(",", ":"))


def read_learned(text: str | None, now: float, wall_s: float) -> Learned:
    """Return what a text holds; what is damaged or unknown is not learned yet.

    An entry without a time, as older gateways wrote them, counts from now.
    """
    learned = Learned()
    try:
        parsed = json.loads(text or "[]")
        for register, address, *rest in parsed:
            if register not in TABLES or not isinstance(address, int):
                continue
            learned_at = float(rest[0]) if rest else wall_s
            learned.keep((register, address), learned_at, now)
    except (ValueError, TypeError):
        return Learned()
    return learned
