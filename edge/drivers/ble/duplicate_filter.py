"""Is this advertisement news? The same packet is on the air many times.

What distinguishes packets, and what goes wrong with it in the field:

- The packet id counts 0-255 and wraps. Forward by less than half a turn is news.
- Some devices send a new payload under an old id: a payload that differs from the last one under
  the same id is news.
- A device that lost power begins again at 0. Backwards is therefore news too, but not within
  `REORDER_S` of the last packet, when it is one that was overtaken. A device that did begin again
  sends its packet for longer than that.
- A packet received once, then others, then the same again within `REPLAY_S` is a replay.
- Without a packet id the payload alone decides. The same payload is news again after `REPEAT_S`:
  the device reports that its values still hold.
- Encrypted packets have a counter of 32 bits that grows, and may wrap. One that grows no faster
  than a device can send is news at once. A packet that was received before is a replay, and
  refused. Any other counter (it went back, as after a change of battery, or leapt ahead) is
  distrusted: it waits until `CONFIRMED_BY` packets have followed one another, in `CONFIRMED_S` or
  more, and none of the series trusted so far in between. Then all of them are news. To replay a
  series that this gateway never received, an attacker would have to silence the device as well.

`checkpoint` is the memory that outlives the gateway: the last packet that was news, and the
fingerprints of those before it.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from edge.drivers.ble.bthome import Packet

REORDER_S = 4.0
REPLAY_S = 30.0
REPEAT_S = 60.0
CONFIRMED_BY = 3
CONFIRMED_S = 1.0
LEAP = 1000
"""Packets that may be missed at once."""
LEAP_PER_S = 10.0
"""And those that a device can have sent since the last one."""
_TURN = 1 << 32
_RECENT = 512
_RECENT_KEPT = 8
_NONE = "-"


class Verdict(Enum):
    """What to do with a packet."""

    NEW = "new"
    REPEATED = "repeated"
    STALE = "stale"
    DISTRUSTED = "distrusted"
    """News, if others confirm it."""


@dataclass(frozen=True, slots=True)
class _Received:
    packet_id: int | None
    digest: str
    counter: int | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    counter: int
    digest: str
    at_s: float


def digest_of(data: bytes) -> str:
    """Return a short fingerprint of service data."""
    return blake2b(data, digest_size=8).hexdigest()


class DuplicateFilter:
    """What one device sent last."""

    def __init__(self, checkpoint: str | None, now_s: float) -> None:
        self._last = _parsed(checkpoint)
        self._last_s = now_s if self._last is None or self._last.packet_id is None else now_s - 60
        self._recent: deque[tuple[str, float]] = deque(maxlen=_RECENT)
        self._recent.extend((digest, now_s - REPLAY_S) for digest in _kept_digests(checkpoint))
        self._candidates: list[_Candidate] = []

    @property
    def candidates(self) -> int:
        """How many distrusted packets followed one another, with the one judged last."""
        return len(self._candidates)

    def verdict(self, packet: Packet, digest: str, now_s: float) -> Verdict:
        """Return whether the packet is news, a repetition, or an old one."""
        last = self._last
        if last is None:
            return Verdict.NEW
        if digest == last.digest:
            is_due = packet.packet_id is None and packet.counter is None
            return Verdict.NEW if is_due and now_s - self._last_s >= REPEAT_S else Verdict.REPEATED
        if packet.counter is not None:
            return self._by_counter(packet.counter, digest, now_s)
        if any(old == digest and now_s - at_s < REPLAY_S for old, at_s in self._recent):
            return Verdict.STALE if packet.packet_id is not None else Verdict.NEW
        if packet.packet_id is None or last.packet_id is None:
            return Verdict.NEW
        is_behind = (packet.packet_id - last.packet_id) % 256 >= 128
        return Verdict.STALE if is_behind and now_s - self._last_s < REORDER_S else Verdict.NEW

    def accept(self, packet: Packet, digest: str, now_s: float) -> str:
        """Remember the packet as the last news; return the checkpoint to keep."""
        self._last = _Received(packet.packet_id, digest, packet.counter)
        self._last_s = now_s
        self._candidates = []
        self._recent.append((digest, now_s))
        newest = f"{_text(packet.packet_id)}:{digest}:{_text(packet.counter)}"
        if packet.counter is None:
            return newest
        before = [old for old, _ in self._recent][-1 - _RECENT_KEPT : -1]
        return ":".join([newest, *before])

    def _by_counter(self, counter: int, digest: str, now_s: float) -> Verdict:
        last = self._last.counter if self._last is not None else None
        if last is None:
            return Verdict.NEW
        if counter == last or any(old == digest for old, _ in self._recent):
            return Verdict.STALE
        if _follows(counter, last, now_s - self._last_s):
            return Verdict.NEW
        known = self._candidates
        if known and known[-1].digest == digest:
            return Verdict.DISTRUSTED
        if known and not _follows(counter, known[-1].counter, now_s - known[-1].at_s):
            known.clear()
        known.append(_Candidate(counter, digest, now_s))
        is_confirmed = len(known) >= CONFIRMED_BY and now_s - known[0].at_s >= CONFIRMED_S
        return Verdict.NEW if is_confirmed else Verdict.DISTRUSTED


def _follows(counter: int, last: int, passed_s: float) -> bool:
    """Return whether a device can have come from one counter to another in the time passed."""
    return 0 < (counter - last) % _TURN <= LEAP + LEAP_PER_S * passed_s


def _kept_digests(checkpoint: str | None) -> list[str]:
    return [] if checkpoint is None else checkpoint.split(":")[3:]


def _text(number: int | None) -> str:
    return _NONE if number is None else str(number)


def _parsed(checkpoint: str | None) -> _Received | None:
    if checkpoint is None:
        return None
    packet_id, _, rest = checkpoint.partition(":")
    digest, _, rest = rest.partition(":")
    counter, _, _ = rest.partition(":")
    try:
        return _Received(
            None if packet_id == _NONE else int(packet_id),
            digest,
            None if counter == _NONE else int(counter),
        )
    except ValueError:
        return None
