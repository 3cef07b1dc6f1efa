"""Which messages are on disk and perhaps not yet acknowledged.

An acknowledgement can be lost with the connection, or with the process. The broker then sends the
message again, flagged as a duplicate, with the same packet id. A mark (packet id -> digest of topic
and payload) written together with the readings shows that it is here already. A packet id that is
used again overwrites its mark; the oldest marks beyond a limit are forgotten: by then the broker
must have had the acknowledgement, since it keeps no more messages in flight than that.
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


class Ledger:
    """The marks of one session with the broker, oldest first."""

    def __init__(self, marks: Mapping[str, str], *, limit: int) -> None:
        self._limit = limit
        self._digests: dict[int, str] = {}
        self._forgotten: dict[str, str | None] = {}
        self._next = 0
        for number, packet_id, mark in sorted(_parsed(marks, self._forgotten)):
            self._digests[packet_id] = mark
            self._next = number + 1

    def has(self, packet_id: int, mark: str) -> bool:
        """Return whether this very message is on disk."""
        return self._digests.get(packet_id) == mark

    def note(self, packet_id: int, mark: str) -> dict[str, str | None]:
        """Remember a message; return what to write together with its readings."""
        self._digests.pop(packet_id, None)
        self._digests[packet_id] = mark
        written: dict[str, str | None] = {_key(packet_id): f"{self._next} {mark}"}
        self._next += 1
        self._forgotten.pop(_key(packet_id), None)
        if len(self._digests) > self._limit:
            oldest = next(iter(self._digests))
            del self._digests[oldest]
            written[_key(oldest)] = None
        return written

    def forget_all(self) -> None:
        """Forget every mark: the broker has no session, so it sends nothing again."""
        self._forgotten.update((_key(packet_id), None) for packet_id in self._digests)
        self._digests.clear()

    def forgotten(self) -> dict[str, str | None]:
        """Return, once, the marks to delete with the next delivery."""
        forgotten, self._forgotten = self._forgotten, {}
        return forgotten


def _key(packet_id: int) -> str:
    return f"{_PREFIX}{packet_id}"


def _parsed(marks: Mapping[str, str], damaged: dict[str, str | None]) -> list[tuple[int, int, str]]:
    parsed = []
    for key, text in marks.items():
        number, _, mark = text.partition(" ")
        packet_id = key.removeprefix(_PREFIX)
        if number.isdigit() and packet_id.isdigit() and mark:
            parsed.append((int(number), int(packet_id), mark))
        else:
            damaged[key] = None
    return parsed
