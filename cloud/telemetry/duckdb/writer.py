"""The one thread that writes to the DuckDB file.

Batches that wait together are committed together: one commit costs a flush to disk, however many
requests it answers. A job of another part (`run`) is a transaction of its own, in its turn.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb

from cloud.errors import StoreBusy, StoreFailed
from cloud.messages import message
from cloud.telemetry.line_protocol import Batch
from cloud.telemetry.store import WriteResult

T = TypeVar("T")
_GROUP_VALUES = 200_000

StoreGroup = Callable[[duckdb.DuckDBPyConnection, list[Batch]], list[WriteResult]]


@dataclass(frozen=True, slots=True)
class _Write:
    batch: Batch
    done: "Future[WriteResult]"


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[duckdb.DuckDBPyConnection], Any]
    done: "Future[Any]"


@contextlib.contextmanager
def transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does, or nothing of it; raises StoreFailed where the commit fails."""
    cursor.begin()
    try:
        yield
    except BaseException:
        _roll_back(cursor)
        raise
    try:
        cursor.commit()
    except duckdb.Error as error:
        _roll_back(cursor)
        raise StoreFailed(message("error.cannot_write", reason=str(error))) from error


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    # A failed commit has ended the transaction already: that must not hide why it failed.
    with contextlib.suppress(duckdb.TransactionException):
        cursor.rollback()


class Writer:
    """Runs writes and jobs in the order they came, grouping writes."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, store_group: StoreGroup, *, max_waiting: int
    ) -> None:
        self._cursor = cursor
        self._store_group = store_group
        self._max_waiting = max_waiting
        self._queue: deque[_Write | _Job] = deque()
        self._waiting = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="telemetry-writer", daemon=True)
        self._thread.start()

    def write(self, batch: Batch) -> "Future[WriteResult]":
        """Queue a batch; raises StoreBusy where too much is waiting."""
        done: Future[WriteResult] = Future()
        with self._changed:
            if self._closing:
                raise StoreBusy(message("error.stopping"))
            if self._waiting + len(batch) > self._max_waiting and self._waiting:
                raise StoreBusy(message("error.many_waiting", values=self._waiting))
            self._waiting += len(batch)
            self._queue.append(_Write(batch, done))
            self._changed.notify()
        return done

    def run(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> "Future[T]":
        """Queue a transaction of another part."""
        done: Future[T] = Future()
        with self._changed:
            if self._closing:
                raise StoreBusy(message("error.stopping"))
            self._queue.append(_Job(work, done))
            self._changed.notify()
        return done

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    return
                group = self._take_group()
            first = group[0]
            if isinstance(first, _Job):
                self._do(first)
            else:
                self._write_group([job for job in group if isinstance(job, _Write)])

    def _take_group(self) -> list[_Write | _Job]:
        group = [self._queue.popleft()]
        first = group[0]
        if isinstance(first, _Job):
            return group
        values = len(first.batch)
        while self._queue and values < _GROUP_VALUES:
            following = self._queue[0]
            if isinstance(following, _Job):
                break
            values += len(following.batch)
            group.append(self._queue.popleft())
        self._waiting -= values
        return group

    def _write_group(self, group: list[_Write]) -> None:
        writes = [write for write in group if write.done.set_running_or_notify_cancel()]
        try:
            results = self._store_group(self._cursor, [write.batch for write in writes])
        except Exception as error:  # noqa: BLE001  the callers get it, whatever it is
            failed = _failed(error)
            for write in writes:
                write.done.set_exception(failed)
            return
        for write, result in zip(writes, results, strict=True):
            write.done.set_result(result)

    def _do(self, job: _Job) -> None:
        if not job.done.set_running_or_notify_cancel():
            return
        try:
            with transaction(self._cursor):
                result = job.work(self._cursor)
        except Exception as error:  # noqa: BLE001  the caller's work; the caller gets it
            job.done.set_exception(error)
        else:
            job.done.set_result(result)


def _failed(error: Exception) -> StoreFailed:
    if isinstance(error, StoreFailed):
        return error
    failed = StoreFailed(message("error.cannot_write", reason=str(error)))
    failed.__cause__ = error
    return failed
