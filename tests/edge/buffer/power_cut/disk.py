"""A disk that may lose, keep, tear and reorder all that was not synchronised.

What a sync covers is on the disk. Of the rest each write may be there, in part or not at all, in
any order: a part is any choice of its sectors of 512 bytes. Names follow their own rule: a file's
creation, removal or renaming is on the disk once the folder was synchronised, and until then the
folder shows the state after some of these changes, in their order, as a journalling file system
does. A sync of a file covers its bytes and its size, not its name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.edge.buffer.power_cut.system_calls import (
    Create,
    Event,
    Mark,
    Rename,
    Sync,
    Truncate,
    Unlink,
    Write,
)

SECTOR = 512
RANDOM_CUTS = 3

State = dict[str, bytes]
Change = Write | Truncate
Choice = Callable[[list[Change]], list[Change]]


@dataclass(slots=True)
class _File:
    """The bytes that are safe, and what was done since."""

    safe: bytearray = field(default_factory=bytearray)
    since: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.since:
            _apply(self.safe, change)
        self.since.clear()


class Disk:
    """The files of one folder as a sequence of events leaves them."""

    def __init__(self) -> None:
        self._safe_names: dict[str, _File] = {}
        self._names: dict[str, _File] = {}
        self._since: list[dict[str, _File]] = []

    def do(self, event: Event) -> None:
        """Let one event happen."""
        match event:
            case Write(name) | Truncate(name):
                self._names[name].since.append(event)
            case Sync(""):
                self._safe_names = dict(self._names)
                self._since.clear()
            case Sync(name):
                self._names[name].sync()
            case Create(name):
                self._rename({**self._names, name: _File()})
            case Unlink(name):
                self._rename({n: f for n, f in self._names.items() if n != name})
            case Rename(name, target):
                rest = {n: f for n, f in self._names.items() if n != name}
                self._rename({**rest, target: self._names[name]})
            case Mark():
                pass

    def cuts(self, random: Random) -> Iterator[State]:
        """Give states that the disk may be in if the power goes now."""
        names = [self._safe_names, *self._since]
        for folder in {id(n): n for n in (names[0], names[-1])}.values():
            yield self._state(folder, lambda changes: [])
            yield self._state(folder, list)
            yield self._state(folder, lambda changes: changes[: len(changes) // 2])
            yield self._state(folder, lambda changes: changes[-1:])
        for _ in range(RANDOM_CUTS):
            yield self._state(random.choice(names), lambda changes: _some(changes, random))

    def _rename(self, names: dict[str, _File]) -> None:
        self._names = names
        self._since.append(names)

    @staticmethod
    def _state(names: dict[str, _File], choose: Choice) -> State:
        state = {}
        for name, file in names.items():
            content = bytearray(file.safe)
            for change in choose(file.since):
                _apply(content, change)
            state[name] = bytes(content)
        return state


def _some(changes: list[Change], random: Random) -> list[Change]:
    """Keep some changes, some of them torn."""
    kept: list[Change] = []
    for change in changes:
        fate = random.random()
        if fate < 0.35:
            kept.append(change)
        elif fate < 0.7 and isinstance(change, Write):
            kept += _torn(change, random)
    return kept


def _torn(write: Write, random: Random) -> Iterator[Write]:
    """Give the sectors of a write that reached the disk."""
    first = write.offset - write.offset % SECTOR
    for start in range(first, write.offset + len(write.data), SECTOR):
        if random.random() < 0.5:
            begin = max(start, write.offset)
            part = write.data[begin - write.offset : start + SECTOR - write.offset]
            yield Write(write.name, begin, part)


def _apply(content: bytearray, change: Write | Truncate) -> None:
    match change:
        case Write(_, offset, data):
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data
        case Truncate(_, size):
            del content[size:]
            content.extend(bytes(size - len(content)))
