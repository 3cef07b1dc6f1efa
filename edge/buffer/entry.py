"""What goes into the buffer and what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from device_profiles.reading import Value


class Kind(IntEnum):
    """What a line is about; the order is that in which a full buffer gives lines up."""

    READING = 0
    GATEWAY = 1
    EVENT = 2
    USAGE = 3


class Lane(StrEnum):
    """Lines of now, and lines left over from an outage."""

    LIVE = "live"
    BACKLOG = "backlog"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of line protocol.

    Of the unsent lines with one `key` only the newest is kept: a later version of a usage slot, a
    newer report of the same health. Lines without a key never replace one another.
    """

    kind: Kind
    text: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """A value the usage meter still needs."""

    device: str
    point: str
    at: datetime
    value: Value


@dataclass(frozen=True, slots=True)
class Held:
    """Readings taken while the clock was wrong, by the monotonic clock of one boot of the machine.

    `body` is the caller's text; `monotonic_us` is when it was delivered. `number` is given by the
    buffer.
    """

    boot: str
    monotonic_us: int
    body: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """What becomes durable together or not at all."""

    lines: Sequence[Line] = ()
    checkpoints: Mapping[str, str | None] = field(default_factory=dict)
    observations: Sequence[Observation] = ()
    forget_before: Mapping[str, datetime] = field(default_factory=dict)
    """Device -> moment before which its observations are no longer needed."""
    held: Sequence[Held] = ()
    released: Sequence[int] = ()
    """Numbers of held readings that are dealt with."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Unsent lines of one lane, oldest first: (sequence number, text)."""

    lane: Lane
    lines: tuple[tuple[int, str], ...]

    def halves(self) -> tuple["Batch", "Batch"]:
        """Return the batch in two parts."""
        middle = len(self.lines) // 2
        return Batch(self.lane, self.lines[:middle]), Batch(self.lane, self.lines[middle:])

    def body(self) -> bytes:
        """Return the lines as they are posted."""
        return "\n".join(text for _, text in self.lines).encode()


@dataclass(frozen=True, slots=True)
class SetAside:
    """A line the server refused for good, and why."""

    at: datetime
    status: int
    problem: str
    text: str


@dataclass(frozen=True, slots=True)
class BufferState:
    """What the buffer holds, for the health report."""

    lines: int
    size_bytes: int
    oldest_at: datetime | None
    evicted: int
    set_aside: int
    held: int


@dataclass(slots=True)
class Recovered:
    """What was recovered of a damaged buffer, and what was not."""

    lines: int = 0
    """Lines that were recovered."""
    damaged: list[str] = field(default_factory=list)
    """Rows whose checksum is wrong: page, and its table and number where they can be read."""
    pages: list[int] = field(default_factory=list)
    """Pages that were damaged."""
    hidden: bool = False
    """Whether there are pages whose rows cannot be read."""
