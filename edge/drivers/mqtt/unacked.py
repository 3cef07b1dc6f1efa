"""Which messages are on disk and perhaps not yet acknowledged.

An acknowledgement can be lost with the connection, or with the process. The broker then sends the
message again, flagged as a duplicate, with the same packet id. A checkpoint (packet id -> digest
of topic and payload) written together with the readings shows that it is here already. A packet id
that is used again overwrites its checkpoint; the oldest checkpoints beyond a limit are forgotten:
by then the broker must have had the acknowledgement, since it keeps no more messages in flight
than that.
"""

from collections.abc import Mapping
from hashlib import blake2b

_PREFIX = "mqtt/"


def digest(topic: str, payload: bytes) -> str:
    """Return a short text that two different messages do not share."""
    hasher = blake2b(topic.encode("utf-8", "surrogatepass"), digest_size=12)
    hasher.update(b"\0")
    hasher.update(payload)
    return hasher.hexdigest()


class Unacked:
    """The checkpoints of one session with the broker, oldest first."""

    def __init__(self, checkpoints: Mapping[str, str], *, limit: int) -> None:
        self._limit = limit
        self._digests: dict[int, str] = {}
        self._forgotten: dict[str, str | None] = {}
        self._next = 0
        for number, packet_id, checkpoint in sorted(_parsed(checkpoints, self._forgotten)):
            self._digests[packet_id] = checkpoint
            self._next = number + 1

    def has(self, packet_id: int, checkpoint: str) -> bool:
        """Return whether this very message is on disk."""
        return self._digests.get(packet_id) == checkpoint

    def note(self, packet_id: int, checkpoint: str) -> dict[str, str | None]:
        """Remember a message; return what to write together with its readings."""
        self._digests.pop(packet_id, None)
        self._digests[packet_id] = checkpoint
        written: dict[str, str | None] = {_key(packet_id): f"{self._next} {checkpoint}"}
        self._next += 1
        self._forgotten.pop(_key(packet_id), None)
        if len(self._digests) > self._limit:
            oldest = next(iter(self._digests))
            del self._digests[oldest]
            written[_key(oldest)] = None
        return written

    def forget_all(self) -> None:
        """Forget every checkpoint: the broker has no session, so it sends nothing again."""
        self._forgotten.update((_key(packet_id), None) for packet_id in self._digests)
        self._digests.clear()

    def forgotten(self) -> dict[str, str | None]:
        """Return, once, the checkpoints to delete with the next delivery."""
        forgotten, self._forgotten = self._forgotten, {}
        return forgotten


def _key(packet_id: int) -> str:
    return f"{_PREFIX}{packet_id}"


def _parsed(
    checkpoints: Mapping[str, str], damaged: dict[str, str | None]
) -> list[tuple[int, int, str]]:
    parsed = []
    for key, text in checkpoints.items():
        number, _, checkpoint = text.partition(" ")
        packet_id = key.removeprefix(_PREFIX)
        if number.isdigit() and packet_id.isdigit() and checkpoint:
            parsed.append((int(number), int(packet_id), checkpoint))
        else:
            damaged[key] = None
    return parsed
