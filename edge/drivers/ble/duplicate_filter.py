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
- Encrypted packets have a counter of 32 bits that must grow (by less than half a turn, so that it
  may wrap), or begin again below `RESTART_BELOW` after a change of battery. Other than that it is a
  replay, and refused.

`checkpoint` is the memory that outlives the gateway: the last packet that was news.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from edge.drivers.ble.bthome import Packet

REORDER_S = 4.0
REPLAY_S = 30.0
REPEAT_S = 60.0
RESTART_BELOW = 100
_RECENT = 32
_NONE = "-"


class Verdict(Enum):
    """What to do with a packet."""

    NEW = "new"
    REPEATED = "repeated"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class _Received:
    packet_id: int | None
    digest: str
    counter: int | None


def digest_of(data: bytes) -> str:
    """Return a short fingerprint of service data."""
    return blake2b(data, digest_size=8).hexdigest()


class DuplicateFilter:
    """What one device sent last."""

    def __init__(self, checkpoint: str | None, now_s: float) -> None:
        self._last = _parsed(checkpoint)
        self._last_s = now_s if self._last is None or self._last.packet_id is None else now_s - 60
        self._recent: deque[tuple[str, float]] = deque(maxlen=_RECENT)

    def verdict(self, packet: Packet, digest: str, now_s: float) -> Verdict:
        """Return whether the packet is news, a repetition, or an old one."""
        last = self._last
        if last is None:
            return Verdict.NEW
        if digest == last.digest:
            is_due = packet.packet_id is None and packet.counter is None
            return Verdict.NEW if is_due and now_s - self._last_s >= REPEAT_S else Verdict.REPEATED
        if packet.counter is not None:
            return _by_counter(packet.counter, last.counter)
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
        self._recent.append((digest, now_s))
        return f"{_text(packet.packet_id)}:{digest}:{_text(packet.counter)}"


def _by_counter(counter: int, last: int | None) -> Verdict:
    if last is None:
        return Verdict.NEW
    ahead = (counter - last) % (1 << 32)
    if ahead < 1 << 31 or counter < RESTART_BELOW:
        return Verdict.NEW
    return Verdict.STALE


def _text(number: int | None) -> str:
    return _NONE if number is None else str(number)


def _parsed(checkpoint: str | None) -> _Received | None:
    if checkpoint is None:
        return None
    packet_id, _, rest = checkpoint.partition(":")
    digest, _, counter = rest.partition(":")
    try:
        return _Received(
            None if packet_id == _NONE else int(packet_id),
            digest,
            None if counter == _NONE else int(counter),
        )
    except ValueError:
        return None
