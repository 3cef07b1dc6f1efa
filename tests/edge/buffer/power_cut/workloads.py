"""Ten ways to use a buffer, each a list of steps; run as a program to be watched by strace.

The program writes `begin N` and `end N` around each step to a file of its own, so that a trace of
its system calls shows what was promised when. Everything is deterministic: a run without a trace
shows what the buffer holds after each step.
"""

import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.buffer import schema
from edge.buffer.entry import Entry, Held, Kind, Line, Observation
from edge.buffer.sqlite import SqliteBuffer
from edge.buffer.tables import Tables
from edge.errors import BufferUnavailable

START = datetime(2026, 9, 1, tzinfo=UTC)
FILE = "buffer.db"
MARKS = "marks"
KIB = 1024


class StoppedClock:
    """The same moment in every run."""

    def now(self) -> datetime:
        return START

    def monotonic(self) -> float:
        return 0.0


class Subject:
    """The buffer of a workload, which can be closed and opened again."""

    def __init__(self, folder: Path, max_bytes: int, max_pages: int | None) -> None:
        self._path = folder / FILE
        self._limits = (max_bytes, max_pages)
        self._open = AsyncExitStack()
        self.buffer: SqliteBuffer

    async def open(self) -> None:
        max_bytes, max_pages = self._limits
        buffer = SqliteBuffer(
            self._path, clock=StoppedClock(), max_bytes=max_bytes, max_pages=max_pages
        )
        self.buffer = await self._open.enter_async_context(buffer)

    async def close(self) -> None:
        await self._open.aclose()

    async def restart(self) -> None:
        await self.close()
        await self.open()

    async def append(self, *lines: Line, **more: object) -> None:
        """Append an entry; a full disk may refuse it."""
        with contextlib.suppress(BufferUnavailable):
            await self.buffer.append(Entry(lines, **more))  # type: ignore[arg-type]

    async def send(self, number: int) -> None:
        """Take a batch that the server then has."""
        if batch := await self.buffer.take(number):
            await self.buffer.acknowledge(batch)

    async def refuse(self, number: int) -> None:
        """Take a batch that the server then refuses."""
        if batch := await self.buffer.take(number):
            await self.buffer.set_aside(batch, 400, "no such field")


Content = dict[str, list[tuple[object, ...]]]
Step = Callable[[Subject], Awaitable[None]]


def reading(number: int, size: int = 60) -> Line:
    return Line(Kind.READING, f"r,device=d{number % 5} value={number} {'x' * size}")


def appends(count: int, size: int = 60, first: int = 0) -> Iterator[Step]:
    """Entries of one to three lines, each with the mark of a driver."""
    for number in range(first, first + count):
        lines = [reading(10 * number + part, size) for part in range(1 + number % 3)]
        yield lambda s, n=number, ls=lines: s.append(*ls, checkpoints={"driver/last": str(n)})  # type: ignore[misc]


def sends(count: int, number: int) -> Iterator[Step]:
    for _ in range(count):
        yield lambda s: s.send(number)


def _mixed(rounds: int) -> Iterator[Step]:
    for turn in range(rounds):
        yield from appends(3, first=3 * turn)
        yield from _keyed(1, turn)
        yield from _observed(1, turn)
        yield from _holding(1, turn)
        yield from sends(1, 4)
        if turn % 4 == 1:
            yield lambda s: s.refuse(2)
        if turn % 5 == 4:
            yield lambda s: s.restart()


def _keyed(count: int, first: int = 0) -> Iterator[Step]:
    """Newer versions of three usage slots."""
    for number in range(first, first + count):
        line = Line(Kind.USAGE, f"u,slot={number % 3} active_s={number}", key=f"u/{number % 3}")
        yield lambda s, ls=line: s.append(ls)  # type: ignore[misc]


def _observed(count: int, first: int = 0) -> Iterator[Step]:
    """What the usage meter keeps and forgets."""
    for number in range(first, first + count):
        at = START + timedelta(seconds=number)
        seen = [Observation("d1", "power", at, float(number)), Observation("d1", "on", at, True)]
        before = {"d1": at - timedelta(seconds=4)}
        yield lambda s, o=seen, b=before: s.append(observations=o, forget_before=b)  # type: ignore[misc]


def _holding(count: int, first: int = 0) -> Iterator[Step]:
    """Readings of a wrong clock, held and dealt with."""
    for number in range(first, first + count):
        held = [Held("boot", number, f"body {number}")]
        yield lambda s, h=held: s.append(held=h)  # type: ignore[misc]
        if number % 2:
            yield lambda s, n=number: s.append(reading(10_000 + n), released=[n])  # type: ignore[misc]


def _restarts(count: int) -> Iterator[Step]:
    for turn in range(count):
        yield from appends(2, first=2 * turn)
        yield lambda s: s.restart()


def _drained(rounds: int) -> Iterator[Step]:
    """Much in, all out: pages are freed and given back."""
    for turn in range(rounds):
        yield from appends(12, 40 * KIB, first=12 * turn)
        yield from sends(14, 4)


class Workload:
    """Steps and the limits of the buffer they are run on."""

    def __init__(
        self,
        steps: Iterator[Step],
        *,
        max_bytes: int = 64 * KIB * KIB,
        max_pages: int | None = None,
    ) -> None:
        self.steps = list(steps)
        self.max_bytes = max_bytes
        self.max_pages = max_pages


def workload(name: str) -> Workload:
    """Return a workload by its name."""
    return _WORKLOADS[name]()


_WORKLOADS: dict[str, Callable[[], Workload]] = {
    "mixed": lambda: Workload(_mixed(12)),
    "appends": lambda: Workload(appends(120)),
    "log_resets": lambda: Workload(appends(110, 60 * KIB)),
    "eviction": lambda: Workload(appends(120, 600), max_bytes=20 * KIB),
    "full_disk": lambda: Workload(appends(80, 2 * KIB), max_pages=30),
    "keyed": lambda: Workload(_keyed(120)),
    "usage_state": lambda: Workload(_observed(120)),
    "held": lambda: Workload(_holding(80)),
    "restarts": lambda: Workload(_restarts(30)),
    "drained": lambda: Workload(_drained(4)),
}
NAMES = list(_WORKLOADS)

_CONTENT = {
    "lines": "SELECT seq, kind, key, text FROM lines ORDER BY seq",
    "marks": "SELECT key, value FROM marks ORDER BY key",
    "observations": "SELECT device, at_us, point, value FROM observations ORDER BY 1, 2, 3",
    "held": "SELECT number, boot, monotonic_us, body FROM held ORDER BY number",
    "set_aside": "SELECT number, status, problem, text FROM set_aside ORDER BY number",
    "counts": "SELECT name, value FROM counts ORDER BY name",
}


def content(folder: Path) -> Content:
    """Return all that a buffer's file holds, as another connection reads it."""
    with contextlib.closing(sqlite3.connect(folder / FILE)) as db:
        return {table: db.execute(query).fetchall() for table, query in _CONTENT.items()}


async def run(name: str, folder: Path, mark: Callable[[str, int], None]) -> None:
    """Run a workload; `mark` is called at each step's begin and end. Step 0 opens the buffer."""
    work = workload(name)
    subject = Subject(folder, work.max_bytes, work.max_pages)
    mark("begin", 0)
    await subject.open()
    mark("end", 0)
    for number, step in enumerate(work.steps, 1):
        mark("begin", number)
        await step(subject)
        mark("end", number)
    await subject.close()


async def contents(name: str, folder: Path, patch: pytest.MonkeyPatch) -> list[list[Content]]:
    """Run a workload and return what the buffer held after each transaction of each step.

    The last content of a step is what it leaves. A full disk makes a step two transactions: the
    oldest lines are given up, then the entry goes in.
    """
    steps: list[list[Content]] = []
    commit = Tables.commit

    def watched(tables: Tables) -> None:
        commit(tables)
        steps[-1].append(content(folder))

    def mark(word: str, number: int) -> None:
        if word == "begin":
            steps.append([])
        else:
            steps[-1].append(content(folder))

    with patch.context() as patched:
        patched.setattr(Tables, "commit", watched)
        await run(name, folder, mark)
    return steps


def _lazily(real: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
    """Return a `connect` that does not wait for the disk at each commit: the negative control."""

    def connect(path: Path, *, max_pages: int | None = None) -> sqlite3.Connection:
        connection = real(path, max_pages=max_pages)
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    return connect


def main() -> None:
    """Run a workload in a folder: NAME FOLDER [lazy]."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    if "lazy" in sys.argv[3:]:
        schema.connect = _lazily(schema.connect)
    with (folder / MARKS).open("w", encoding="ascii", buffering=1) as marks:

        def mark(word: str, number: int) -> None:
            marks.write(f"{word} {number}\n")

        asyncio.run(run(name, folder, mark))


if __name__ == "__main__":
    main()
