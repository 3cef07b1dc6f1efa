"""One simulated device, whatever it speaks: its behaviour, its truth log and its faults."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from device_profiles.reading import Value
from simulators.audit.truth import TruthLog, iso
from simulators.devices.behaviour import Behaviour
from simulators.school.planned import PlannedDevice

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


@dataclass(slots=True, eq=False)
class Actor:
    """The device itself: it changes state, has values, and has its troubles."""

    planned: PlannedDevice
    behaviour: Behaviour
    truth: TruthLog
    transport: str
    """The way it is reached, as the truth log names it."""
    clock: Clock = utc_now
    is_silent: bool = False
    """It sends and answers nothing."""
    is_garbled: bool = False
    """What it sends makes no sense."""
    is_refusing: bool = False
    """It answers that it is busy."""
    can_refuse: bool = False
    """Its protocol has an answer for that."""
    is_frozen: bool = False
    """It stays in its state."""
    hang_up: Callable[[], None] = field(default=lambda: None)
    """Drop its connections without a word."""

    @property
    def id(self) -> str:
        """The gateway's name for the device."""
        return self.planned.plan.id

    def begin(self) -> None:
        """Log the state at the start."""
        now = self.clock()
        if not self.advance(now):
            self._log_state(now, self.behaviour.state)

    def advance(self, now: datetime) -> bool:
        """Go into the states that are due; return whether there was one."""
        if self.is_frozen:
            return False
        changes = self.behaviour.advance(now)
        for change in changes:
            self._log_state(change.at, change.state)
        return bool(changes)

    def values(self, now: datetime) -> dict[str, Value]:
        """Return the true values now."""
        return self.behaviour.values(now)

    def note(self, kind: str, **facts: object) -> None:
        """Write a line of the truth log about this device."""
        self.truth(kind=kind, device=self.id, asset=self.planned.asset, **facts)

    def report(
        self,
        values: dict[str, Value],
        at: datetime,
        *,
        observed_at: datetime | None = None,
        certain: bool = True,
        not_requested: Sequence[str] = (),
    ) -> None:
        """Log the values that were reported, if there are any.

        `not_requested` names points that an answer carried and that the request did not ask for.
        """
        if values or not_requested:
            facts = {"not_requested": list(not_requested)} if not_requested else {}
            self.note(
                "reported",
                protocol=self.transport,
                at=iso(at),
                observed_at=None if observed_at is None else iso(observed_at),
                values=values,
                certain=certain,
                **facts,
            )

    def _log_state(self, at: datetime, state: str) -> None:
        if self.behaviour.rule is not None:
            self.note("state", at=iso(at), state=state)


@dataclass(slots=True)
class Shutdown:
    """How a school ends: first everybody is quiet, then everything closes."""

    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class SimulatedDevice(Protocol):
    """A device that can be run."""

    actor: Actor

    async def run(self, halt: Shutdown, ready: Callable[[], None]) -> None:
        """Play the device until `halt.stop`; call `ready` once it can be reached."""


async def pause(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or less if the event comes; return whether it came."""
    if seconds > 0 and not event.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
    return event.is_set()


async def until_due(actor: Actor, message_at: datetime, quiet: asyncio.Event) -> bool:
    """Wait for the next message or change of state; return whether to go on."""
    due = message_at if actor.is_frozen else min(message_at, actor.behaviour.next_change)
    seconds = (due - actor.clock()).total_seconds()
    # A timer may fire a hair early.
    return not await pause(quiet, seconds + 0.002 if seconds > 0 else 0)
