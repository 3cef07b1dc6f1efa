"""The clock is injected: nothing in the gateway reads the time by itself."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What time it is, and how much has passed."""

    def now(self) -> datetime:
        """Return the wall clock as aware UTC."""

    def monotonic(self) -> float:
        """Return seconds that never jump, for durations."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Return the wall clock as aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()


def boot_id() -> str:
    """Return what distinguishes this run of the machine from the one before; empty where unknown.

    The monotonic clocks of two boots have nothing to do with one another.
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
