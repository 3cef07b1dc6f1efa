"""The embedded telemetry store: one DuckDB file, owned by this process.

- A write is acknowledged after the commit that holds it: DuckDB has then flushed its log.
- One thread writes (`writer.py`); readers run on threads of their own, each with its own cursor,
  and see the last commit.
- A point is replaced by a later write of the same series, field and time. A usage slot keeps the
  values that a later write of it leaves out.
- A field keeps its first type in the whole file (InfluxDB: within a week's shard).
- Slots that came in bulk lie in Parquet files next to it (`archive.py`), in `telemetry.slots`.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb

from cloud.clock import Clock, SystemClock
from cloud.errors import StoreFailed, StoreLocked
from cloud.telemetry import bulk_files
from cloud.telemetry.bulk_files import SlotFile
from cloud.telemetry.duckdb import events_file, point_queries, readings_file, schema, slot_queries
from cloud.telemetry.duckdb.archive import Archive
from cloud.telemetry.duckdb.batch_rows import Group
from cloud.telemetry.duckdb.dictionary import Names
from cloud.telemetry.duckdb.reading_cache import ReadingCache
from cloud.telemetry.duckdb.rollups import DuckDBRollups, mark_stale
from cloud.telemetry.duckdb.writer import Writer, transaction
from cloud.telemetry.latest_values import Newest
from cloud.telemetry.line_protocol import Batch
from cloud.telemetry.store import (
    AssetLatest,
    GatewayLatest,
    LatestSlot,
    PointsCallback,
    Reported,
    Samples,
    Sender,
    Sensor,
    Slot,
    StoredReading,
    UsageCallback,
    UsageWritten,
    WriteResult,
)
from cloud.telemetry.tables import naive_utc
from device_profiles.points import to_ns
from device_profiles.reading import Value

T = TypeVar("T")
_log = logging.getLogger(__name__)
_READERS = 4


class DuckDBStore:
    """Telemetry in a DuckDB file."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock | None = None,
        memory_mb: int = 512,
        threads: int = 2,
        max_waiting_values: int = 2_000_000,
    ) -> None:
        self._clock = clock or SystemClock()
        self._connection = _open(path, memory_mb, threads)
        self._archive = Archive(path.with_suffix(".slots").absolute())
        try:
            was = schema.migrate(self._connection, str(path))
            self._archive.sweep(self._connection)
            if was < schema.OBSERVED_SINCE:
                self._archive.fill(self._connection)
            self._archive.attach(self._connection)
        except BaseException:
            self._connection.close()
            raise
        self._names = Names(self._connection)
        self._newest = Newest()
        self._kept = ReadingCache()
        for value in point_queries.latest(self._connection, self._names):
            self._newest.update(*value)
        self._take_slots(self._connection)
        self._usage_callbacks: list[UsageCallback] = []
        self._points_callbacks: list[PointsCallback] = []
        self._local = threading.local()
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="telemetry-reader")
        self._writer = Writer(
            self._connection.cursor(), self._store_group, max_waiting=max_waiting_values
        )
        self._rollups = DuckDBRollups(self._writer.run, self._read, self._archive)

    def write(self, batch: Batch) -> Awaitable[WriteResult]:
        """Store a batch; done once it is durable. Raises StoreBusy when too much is waiting."""
        return asyncio.wrap_future(self._writer.write(batch))

    def flush(self) -> Awaitable[None]:
        """Wait until everything written so far is stored."""
        return self._queue(lambda _: None)

    def check(self) -> Awaitable[None]:
        """Answer the smallest question there is; raises where the store cannot answer."""

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            cursor.execute("SELECT 1").fetchall()

        return self._read(work)

    async def load_readings(self, paths: Sequence[Path]) -> int:
        """Store the readings of Parquet files, all or none; returns how many."""
        bulk_files.check_schema(paths, bulk_files.READINGS)
        return await self._load(lambda c: readings_file.put(c, self._names, self._newest, paths))

    async def load_events(self, paths: Sequence[Path]) -> int:
        """Store the events of Parquet files, all or none; returns how many."""
        bulk_files.check_schema(paths, bulk_files.EVENTS)
        return await self._load(lambda c: events_file.put(c, self._names, paths))

    async def _load(self, work: Callable[[duckdb.DuckDBPyConnection], int]) -> int:
        try:
            return await self._queue_readings(work)
        except BaseException:
            await self._queue(self._names.load)
            raise

    def load_slots(self, file: SlotFile) -> Awaitable[list[str]]:
        """Archive a file of slots and note its schools as stale, in one commit."""

        def work(cursor: duckdb.DuckDBPyConnection) -> list[str]:
            if not self._archive.add(cursor, file):
                return []
            schools = self._archive.schools(cursor, file)
            mark_stale(cursor, schools)
            return schools

        return self._queue(work)

    def finish_slots(self) -> Awaitable[None]:
        """Let readers see the slots of every loaded file."""

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            self._archive.attach(cursor)
            self._take_slots(cursor)

        return self._queue(work)

    def _take_slots(self, cursor: duckdb.DuckDBPyConnection) -> None:
        for slot in slot_queries.latest(cursor):
            self._newest.update_slot(slot)

    def is_loaded(self, name: str, digest: str) -> Awaitable[bool]:
        """Whether a file of this name and content is noted as loaded."""

        def work(cursor: duckdb.DuckDBPyConnection) -> bool:
            query = "SELECT 1 FROM loaded_files WHERE name = ? AND digest = ?"
            return bool(cursor.execute(query, [name, digest]).fetchall())

        return self._read(work)

    def note_loaded(self, digests: Mapping[str, str]) -> Awaitable[None]:
        """Note that files are loaded: their digests by name."""

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            for name, digest in digests.items():
                cursor.execute("INSERT OR REPLACE INTO loaded_files VALUES (?, ?)", [name, digest])

        return self._queue(work)

    @property
    def rollups(self) -> DuckDBRollups:
        """Return where the roll-up is kept: in the same file."""
        return self._rollups

    def _queue(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Awaitable[T]:
        """Run `work(cursor)` on the writer thread, inside one transaction of its own."""
        return asyncio.wrap_future(self._writer.run(work))

    def _queue_readings(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Awaitable[T]:
        """Run `work(cursor)` like `_queue`; afterwards readings of any time may be others."""
        done = self._writer.run(work)
        done.add_done_callback(lambda _: self._kept.clear())
        return asyncio.wrap_future(done)

    def _read(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Awaitable[T]:
        """Run `work(cursor)` on a reader thread, off the event loop."""
        return asyncio.get_running_loop().run_in_executor(self._readers, self._read_here, work)

    def _read_here(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        cursor = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
            self._cursors.append(cursor)
        return work(cursor)

    def on_usage(self, callback: UsageCallback) -> None:
        """Call back after every commit that wrote slots, on the writer thread: be quick."""
        self._usage_callbacks.append(callback)

    def on_points(self, callback: PointsCallback) -> None:
        """Call back after every commit with the (school, asset) pairs that have new readings."""
        self._points_callbacks.append(callback)

    def latest_readings(self, school: str, asset: str | None = None) -> list[AssetLatest]:
        """Return the latest readings of the assets of a school, from memory."""
        return self._newest.readings(school, asset)

    def latest_slots(self, school: str, asset: str | None = None) -> list[LatestSlot]:
        """Return of each asset the newest slot with a second observed, from memory, by asset."""
        return self._newest.slots(school, asset)

    def latest_gateways(self, school: str | None = None) -> list[GatewayLatest]:
        """Return the newest reports of gateways and of their devices, from memory."""
        return self._newest.gateways(school)

    def schools(self) -> list[str]:
        """Return the schools that ever sent readings or reports of a gateway, sorted."""
        return self._newest.schools()

    def readings(
        self,
        school: str,
        asset: str,
        start: datetime,
        end: datetime,
        *,
        points: Sequence[str] | None = None,
        limit: int = 10_000,
    ) -> Awaitable[dict[str, list[tuple[datetime, Value]]]]:
        """Return the readings in [start, end) by point, in order; the newest `limit` of each."""
        span = start, end
        return self._read(
            lambda cursor: point_queries.readings(
                cursor, self._names, school, asset, span, points, limit
            )
        )

    def sensors(
        self, schools: Sequence[str], points: Sequence[str], *, category: str, before: datetime
    ) -> Awaitable[dict[Sensor, int]]:
        """Return the sensors of a category with the time of their first reading (ns)."""
        return self._read(
            lambda cursor: point_queries.first_readings(
                cursor, self._names, self._kept, schools, points, category, before
            )
        )

    def samples(
        self,
        schools: Sequence[str],
        points: Sequence[str],
        start_ns: int,
        end_ns: int,
        *,
        category: str | None = None,
    ) -> Awaitable[Samples]:
        """Return all numeric readings of some points in [start_ns, end_ns)."""
        span = start_ns, end_ns
        return self._read(
            lambda cursor: point_queries.samples(
                cursor, self._names, self._kept, schools, points, span, category
            )
        )

    def events(
        self,
        school: str,
        assets: Sequence[str],
        start: datetime | None,
        end: datetime | None,
        *,
        limit: int,
    ) -> Awaitable[list[Reported]]:
        """Return the newest events in [start, end), newest first; an empty asset is a gateway."""
        span = start, end
        return self._read(
            lambda cursor: point_queries.events(cursor, self._names, school, assets, span, limit)
        )

    def gateway_history(
        self, gateway: str, start: datetime, end: datetime, fields: Sequence[str]
    ) -> Awaitable[list[tuple[datetime, dict[str, Value]]]]:
        """Return a gateway's own reports in [start, end), in order."""
        span = start, end
        return self._read(
            lambda cursor: point_queries.gateway_history(cursor, self._names, gateway, span, fields)
        )

    def slots(
        self, school: str, asset: str, start: datetime, end: datetime
    ) -> Awaitable[list[Slot]]:
        """Return the usage slots that start in [start, end), in order."""
        span = start, end
        return self._read(
            lambda cursor: slot_queries.slots(cursor, self._archive, school, asset, span)
        )

    def active_since(
        self, school: str, assets: Sequence[str], since: datetime
    ) -> Awaitable[dict[str, datetime]]:
        """Return since when each asset has been active without a break, up to its newest slot."""
        return self._read(lambda cursor: slot_queries.active_since(cursor, school, assets, since))

    def senders(
        self, since: datetime, schools: Iterable[str] | None = None
    ) -> Awaitable[dict[str, dict[str, Sender]]]:
        """Return who sent slots that start at `since` or later, by school and asset."""
        names = None if schools is None else list(schools)
        return self._read(lambda cursor: slot_queries.senders(cursor, since, names))

    def slot_schools(self) -> Awaitable[list[str]]:
        """Return the schools of which there are slots, sorted."""
        return self._read(slot_queries.slot_schools)

    def slots_received_since(self, moment: datetime) -> Awaitable[list[UsageWritten]]:
        """Return the spans of the slots that were written after a moment, by asset and UTC day."""
        return self._read(lambda cursor: slot_queries.received_since(cursor, moment))

    def export_readings(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[StoredReading]]:
        """Yield all readings in chunks, by asset, point and time; blocks, for a worker thread."""
        with self._connection.cursor() as cursor:
            yield from point_queries.export(cursor, self._names, school, (start, end))

    def export_slots(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[Slot]]:
        """Yield all usage slots in chunks, by asset and time; blocks, for a worker thread."""
        with self._connection.cursor() as cursor:
            yield from slot_queries.export(cursor, school, (start, end))

    def purge(self, readings_before: datetime, slots_before: datetime) -> Awaitable[int]:
        """Delete what is older; returns how many rows went."""

        def work(cursor: duckdb.DuckDBPyConnection) -> int:
            points = cursor.execute(
                "DELETE FROM points WHERE time < ?", [to_ns(readings_before)]
            ).fetchone()
            before = naive_utc(slots_before)
            slots = cursor.execute(
                "DELETE FROM live_slots WHERE slot_start < ?", [before]
            ).fetchone()
            self._archive.sweep(cursor)
            archived = self._archive.drop_before(cursor, before)
            return sum(int(row[0]) for row in (points, slots) if row) + archived

        return self._queue_readings(work)

    def close(self) -> None:
        """Finish what is queued and close the file."""
        self._writer.close()
        self._readers.shutdown(wait=True)
        for cursor in self._cursors:
            cursor.close()
        self._connection.close()

    def _store_group(
        self, cursor: duckdb.DuckDBPyConnection, batches: list[Batch]
    ) -> list[WriteResult]:
        group = Group(self._names)
        results = [group.add(batch) for batch in batches]
        try:
            with transaction(cursor):
                self._names.store_new(cursor)
                group.store(cursor, naive_utc(self._clock.now()))
        except BaseException:
            self._names.load(cursor)
            raise
        self._names.stored()
        self._kept.written(group.first_times())
        for key, name, time_ns, value in group.spoken():
            self._newest.update(key, name, time_ns, value)
        for slot in group.observed_slots():
            self._newest.update_slot(slot)
        self._call_back(group)
        return results

    def _call_back(self, group: Group) -> None:
        written, sensing = group.usage_written(), group.assets_with_readings()
        if written:
            for on_usage in self._usage_callbacks:
                _call(on_usage, written)
        if sensing:
            for on_points in self._points_callbacks:
                _call(on_points, sensing)


def _call(callback: Callable[[Sequence[T]], None], news: Sequence[T]) -> None:
    """Call a follower; its failure is its own, the data is stored."""
    try:
        callback(news)
    except Exception:  # noqa: BLE001  whatever it is, writing goes on
        _log.exception("a part that follows the telemetry failed; the data is stored")


def _open(path: Path, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return duckdb.connect(
            path,
            config={
                "memory_limit": f"{memory_mb}MB",
                "threads": threads,
                "autoinstall_known_extensions": False,
            },
        )
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise StoreLocked(str(path)) from None
        raise StoreFailed(f"{path}: cannot open the telemetry file: {error}") from error
