"""The clock is injected: nothing in the gateway reads the time by itself.

A machine's clock may be wrong: without a battery it begins in 1970, set to local time it is hours
ahead. The server that the readings go to states its time with every response, and is the reference:
`ComparedClock` uses the machine's clock as long as both agree, and else the server's time, carried
on by the monotonic clock. Until the server has been asked it is unknown whether the machine's clock
is right; what is delivered by then is held back (`edge.collector`), however long that takes:
without a server nothing could be sent anyway. Where the server states no time, or no more can be
held (`stop_waiting`), the machine's clock is the best there is. A clock that is set meanwhile is
believed at once: somebody had a better one.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

GOOD_SINCE = datetime(2024, 1, 1, tzinfo=UTC)
GOOD_UNTIL = datetime(2035, 1, 1, tzinfo=UTC)
"""Without a reference, a clock that shows a time outside of this was never set."""
MOST_APART = timedelta(minutes=5)
"""A machine's clock further from the server's is wrong."""
_WHOLE_SECONDS = timedelta(seconds=2)
_SET_S = 60.0
"""A jump of the clock against the monotonic one: more than any slewing makes."""


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


class ComparedClock:
    """A machine's clock that is held against the time that the server states."""

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._started_s = machine.monotonic()
        self._began = machine.now()
        self._stated: tuple[datetime, float] | None = None
        """The server's time, and the monotonic clock when it was stated."""
        self._is_wait_over = False

    def now(self) -> datetime:
        """Return the machine's clock, or the server's time where they are too far apart."""
        machine, server = self._machine.now(), self._server_now()
        return machine if server is None or abs(machine - server) <= MOST_APART else server

    def monotonic(self) -> float:
        """Return seconds that never jump, for durations."""
        return self._machine.monotonic()

    def server_states(self, moment: datetime | None) -> None:
        """Take the time of a response just received; None where it states none."""
        self._is_wait_over = True
        if moment is None or moment < GOOD_SINCE:
            return
        carried = self._server_now()
        # It is stated in whole seconds: what was carried on is finer, unless it has drifted.
        if carried is None or abs(carried - moment) > _WHOLE_SECONDS:
            self._stated = (moment, self._machine.monotonic())

    def stop_waiting(self) -> None:
        """Take the machine's clock, where it can be right: no more can be held back."""
        self._is_wait_over = True

    @property
    def ahead_s(self) -> float:
        """Seconds that the machine's clock is ahead of the server's; 0 where they agree."""
        machine, server = self._machine.now(), self._server_now()
        if server is None or abs(machine - server) <= MOST_APART:
            return 0.0
        return (machine - server).total_seconds()

    @property
    def is_good(self) -> bool:
        """Whether the time can be right."""
        return self._stated is not None or (self._is_settled and is_possible(self._machine.now()))

    @property
    def is_waiting(self) -> bool:
        """Whether the server is still to be asked for its time."""
        return self._stated is None and not self._is_settled

    @property
    def _is_settled(self) -> bool:
        passed_s = self._machine.monotonic() - self._started_s
        own_s = (self._machine.now() - self._began).total_seconds()
        was_set = abs(own_s - passed_s) > _SET_S
        return self._is_wait_over or was_set

    def _server_now(self) -> datetime | None:
        if self._stated is None:
            return None
        moment, at_s = self._stated
        return moment + timedelta(seconds=self._machine.monotonic() - at_s)


def is_good(clock: Clock) -> bool:
    """Return whether what a clock shows can be right."""
    return clock.is_good if isinstance(clock, ComparedClock) else is_possible(clock.now())


def is_possible(moment: datetime) -> bool:
    """Return whether a clock that was set can show a moment."""
    return GOOD_SINCE <= moment < GOOD_UNTIL


def boot_id() -> str:
    """Return what distinguishes this run of the machine from the one before; empty where unknown.

    The monotonic clocks of two boots have nothing to do with one another.
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
