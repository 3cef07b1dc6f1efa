"""Readings that repeat what is on disk already: they wait in memory and are written together.

A write costs an SD card two pages of 4 KB for each reading, and a quiet school reports the same
numbers all day.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from device_profiles.reading import Reading
from device_profiles.usage import SLOT_S
from edge.buffer.entry import Line
from edge.clock import Clock
from edge.config import Device

QUIET_S = 150.0
"""So long a reading may wait, and no longer than a quarter of its device's `max_gap_s`: a crash
then leaves no gap in its use."""
_MOST = 2000


class QuietReadings:
    """What waits: readings for the usage meters, and lines for the server."""

    def __init__(self, devices: Mapping[str, Device], clock: Clock) -> None:
        self._devices = devices
        self._clock = clock
        self._readings: list[Reading] = []
        self._lines: list[Line] = []
        self._until_s = math.inf
        self._slot = 0

    def add(self, readings: Sequence[Reading], lines: Sequence[Line], ids: Iterable[str]) -> None:
        """Let what some devices reported wait."""
        rules = [rule for id_ in ids if (rule := self._devices[id_].usage) is not None]
        patience_s = min([QUIET_S, *(rule.max_gap_s / 4 for rule in rules)])
        self._until_s = min(self._until_s, self._clock.monotonic() + patience_s)
        if not (self._readings or self._lines):
            self._slot = self._slot_now()
        self._readings += readings
        self._lines += lines

    def take(self) -> tuple[list[Reading], list[Line]]:
        """Return what waits, which then waits no more."""
        taken = self._readings, self._lines
        self._readings, self._lines, self._until_s = [], [], math.inf
        return taken

    def put_back(self, readings: list[Reading], lines: list[Line]) -> None:
        """Let what was taken and could not be written wait again, before all else."""
        self._readings = [*readings, *self._readings]
        self._lines = [*lines, *self._lines]
        self._until_s = min(self._until_s, self._clock.monotonic())

    def is_due(self, *, is_last: bool) -> bool:
        """Whether there is something to be written now: old, much, or of a slot that has ended."""
        return bool(self._readings or self._lines) and (
            is_last
            or self._clock.monotonic() >= self._until_s
            or len(self._readings) >= _MOST
            or self._slot_now() != self._slot
        )

    def _slot_now(self) -> int:
        return int(self._clock.now().timestamp() // SLOT_S)
