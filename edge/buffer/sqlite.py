"""Store-and-forward in SQLite.

Invariants:

1. `append` returns only once its whole entry is on disk (WAL, synchronous=FULL); an entry is there
   whole or not at all, whatever stops the process.
2. A line leaves the buffer in one of three ways: acknowledged by the server, set aside with the
   server's reason, or evicted by the rule below. Evictions and lines set aside are counted on
   disk, in the transaction that does them.
3. Within a lane, lines come out in the order in which they went in. A line with a key takes the
   place of the unsent line with that key, at the end of the queue: an older version never follows
   a newer one to the server.
4. The reader is one, and what it took stays in the buffer until it reports what became of it. A
   line that was taken is never evicted.
5. A full or failing disk makes `append` fail with `BufferUnavailable`: nothing is half written and
   nothing is lost that was acknowledged before.

Layout: one table `lines`, ordered by `seq`, and next to it the drivers' checkpoints, the
observations that the usage meter still needs, readings held back while the clock is wrong, and
lines set aside. One thread owns the one connection.

Writing: operations wait in a queue; the thread takes all that are there (and those that come within
a short window), runs them in one transaction and commits once for all. Where the transaction fails
for another reason than the disk, each operation is tried alone, so that one bad entry fails alone.

Reading: two lanes share the table. What was there at start, or at the end of an outage, is the
backlog; what came later is live. `take` gives a live batch and a backlog batch in turns, live
first: new lines never wait behind more than one batch of old ones, and an idle lane gives its turn
away.

Deleting: by sequence number. Beyond `max_bytes` the oldest readings go first, then health lines,
events and usage, in that order. Freed pages are given back to the file system bit by bit, and the
write-ahead log is cut after each checkpoint, so that a drained buffer is a small file again.

Bit rot: each row carries a checksum. A line whose checksum is wrong is set aside and counted, and
the rest goes on. A flipped bit in the log is put right before SQLite reads the log. A file that
cannot be read is given another name, and a new one is begun with what can still be read of it: a
gateway always starts.
"""

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from edge.buffer import schema, tables, write_ahead_log
from edge.buffer.entry import Batch, BufferState, Entry, Held, Observation, SetAside
from edge.buffer.recovery import recover
from edge.clock import Clock
from edge.errors import BufferUnavailable

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_WINDOW_S = 0.005
_GROUP = 500
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
}


class _Operation:
    """Work for the owning thread, and the future that waits for its commit."""

    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Callable[[tables.Tables], Any], future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


class SqliteBuffer:
    """The buffer of one gateway; `async with` opens and closes it."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        max_bytes: int = 512 * 1024 * 1024,
        max_pages: int | None = None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._max_bytes = max_bytes
        self._max_pages = max_pages
        self._tables: tables.Tables | None = None
        self._queue: queue.SimpleQueue[_Operation | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self.changed = asyncio.Event()
        """Set whenever lines came in; the reader clears it."""
        self.accidents: list[str] = []
        """What happened to the file that somebody should know; the reader empties it."""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._open)
        self._thread = threading.Thread(target=self._work, name="buffer", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._owned.close()

    async def append(self, entry: Entry) -> None:
        """Return once the whole entry is on disk.

        Raises BufferUnavailable where the disk does not take it; then nothing of it is kept.
        """
        now = self._clock.now()
        await self._run(lambda owned: owned.append(entry, now))
        if entry.lines:
            self.changed.set()

    async def take(self, max_lines: int, max_bytes: int = 4 * 1024 * 1024) -> Batch | None:
        """Return the next batch, live and backlog in turns, or None where nothing is unsent.

        What was taken before and neither acknowledged nor set aside is taken again.
        """
        return await self._run(lambda owned: owned.take(max_lines, max_bytes))

    async def acknowledge(self, batch: Batch) -> None:
        """Forget lines that the server has."""
        await self._run(lambda owned: owned.acknowledge(batch))

    async def set_aside(self, batch: Batch, status: int, problem: str) -> None:
        """Move lines that the server refused for good out of the way, with its reason."""
        now = self._clock.now()
        await self._run(lambda owned: owned.set_aside(batch, status, problem, now))

    async def start_backlog(self) -> None:
        """Make everything that is unsent now the backlog, behind what comes from now on."""
        await self._run(lambda owned: owned.start_backlog())

    async def state(self) -> BufferState:
        """Return what the buffer holds."""
        return await self._run(lambda owned: owned.state())

    async def list_set_aside(self, limit: int = 100) -> Sequence[SetAside]:
        """Return the newest lines that were set aside, newest first."""
        return await self._run(lambda owned: owned.list_set_aside(limit))

    async def observations(self) -> Sequence[Observation]:
        """Return the observations kept for the usage meter, oldest first."""
        return await self._run(lambda owned: owned.observations())

    async def held(self, limit: int = 1000) -> Sequence[Held]:
        """Return the oldest readings that wait for a good clock."""
        return await self._run(lambda owned: owned.held(limit))

    def checkpoints(self, prefix: str) -> Mapping[str, str]:
        """Return the committed checkpoints whose key begins with `prefix`."""
        return {k: v for k, v in self._owned.checkpoints.copy().items() if k.startswith(prefix)}

    @property
    def _owned(self) -> tables.Tables:
        if self._tables is None:
            raise BufferUnavailable(f"{self._path}: the buffer is not open")
        return self._tables

    async def _run(self, work: Callable[[tables.Tables], _T]) -> _T:
        if self._closed or self._loop is None:
            raise BufferUnavailable(f"{self._path}: the buffer is closed")
        future: asyncio.Future[_T] = self._loop.create_future()
        self._queue.put(_Operation(work, future))
        return await future

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            mended = write_ahead_log.repair(Path(f"{self._path}-wal"))
        except OSError as error:
            raise BufferUnavailable(f"{self._path}: {error}") from error
        if mended:
            self.accidents.append(f"{mended} flipped bits were found in the buffer's log")
            _log.error("%s: %s", self._path, self.accidents[-1])
        try:
            connection = schema.connect(self._path, max_pages=self._max_pages)
        except sqlite3.DatabaseError as error:
            if _code(error) in _DISK:
                raise BufferUnavailable(f"{self._path}: {error}") from error
            if schema.is_without_tables(self._path):
                self._path.unlink()
                connection = schema.connect(self._path, max_pages=self._max_pages)
            else:
                connection = self._begin_anew(error)
        self._tables = tables.Tables(connection, self._max_bytes, self.accidents)

    def _begin_anew(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        target = schema.move_away(self._path, self._clock.now())
        connection = schema.connect(self._path, max_pages=self._max_pages)
        recovered = recover(target, connection)
        rest = f", {len(recovered.damaged)} rows were damaged" if recovered.damaged else ""
        rest += ", some pages could not be read" if recovered.hidden else ""
        self.accidents.append(
            f"the buffer could not be read ({error}); it was kept as {target.name}, a new one begun"
            f" with {recovered.lines} lines of it{rest}"
        )
        _log.error("%s: %s", self._path, self.accidents[-1])
        return connection

    def _work(self) -> None:
        while True:
            group, is_last = self._gather()
            if group:
                try:
                    self._settle(group)
                except Exception as error:  # noqa: BLE001 - a thread that dies leaves all waiting
                    for operation in group:
                        operation.error = BufferUnavailable(f"{self._path}: {error}")
                self._report(group)
            if is_last:
                return

    def _gather(self) -> tuple[list[_Operation], bool]:
        first = self._queue.get()
        if first is None:
            return [], True
        group = [first]
        deadline = time.monotonic() + _WINDOW_S
        while len(group) < _GROUP:
            wait = deadline - time.monotonic()
            try:
                operation = self._queue.get(timeout=wait) if wait > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if operation is None:
                return group, True
            group.append(operation)
        return group, False

    def _settle(self, group: list[_Operation]) -> None:
        try:
            self._commit(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody awaits the outcome
            code = _code(error)
            if code in _BROKEN and isinstance(error, sqlite3.DatabaseError):
                self._replace(error)
                self._each_alone(group)
            elif code in _DISK:
                self._make_room(group, error)
            elif len(group) == 1:
                group[0].error = error
            else:
                self._each_alone(group)

    def _each_alone(self, group: list[_Operation]) -> None:
        for operation in group:
            try:
                self._commit([operation])
            except Exception as error:  # noqa: BLE001 - as in _settle
                operation.error = (
                    BufferUnavailable(f"{self._path}: {error}")
                    if _code(error) is not None
                    else error
                )

    def _commit(self, group: list[_Operation]) -> None:
        owned = self._owned
        owned.begin()
        try:
            results = [operation.work(owned) for operation in group]
            owned.commit()
        except BaseException:
            owned.roll_back()
            raise
        for operation, result in zip(group, results, strict=True):
            operation.result = result
        with contextlib.suppress(sqlite3.DatabaseError):
            owned.tidy()

    def _make_room(self, group: list[_Operation], error: Exception) -> None:
        """Evict by the rule, as on a full buffer, and try once more."""
        try:
            self._owned.checkpoint()
            self._owned.begin()
            evicted = self._owned.evict_some()
            self._owned.commit()
        except sqlite3.DatabaseError:
            self._owned.roll_back()
            evicted = 0
        if evicted:
            _log.error("%s: %s; the %d oldest lines were given up", self._path, error, evicted)
            try:
                self._commit(group)
            except sqlite3.DatabaseError as again:
                error = again
            else:
                return
        for operation in group:
            operation.error = BufferUnavailable(f"{self._path}: {error}")

    def _replace(self, error: sqlite3.DatabaseError) -> None:
        self._owned.close()
        checkpoints = self._owned.checkpoints
        self._tables = tables.Tables(self._begin_anew(error), self._max_bytes, self.accidents)
        self._tables.begin()
        self._tables.append(Entry(checkpoints=checkpoints), self._clock.now())
        self._tables.commit()

    def _report(self, group: list[_Operation]) -> None:
        if self._loop is not None:
            # The loop may have been closed under a process that is being torn down.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_resolve, group)


def _resolve(group: list[_Operation]) -> None:
    for operation in group:
        if operation.future.done():
            continue
        if operation.error is not None:
            operation.future.set_exception(operation.error)
        else:
            operation.future.set_result(operation.result)


def _code(error: BaseException) -> int | None:
    """Return SQLite's primary result code, None where the error is not SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
