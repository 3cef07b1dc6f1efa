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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.clock import Clock, SystemClock
from cloud.errors import StoreFailed, StoreLocked
from cloud.telemetry import bulk_files
from cloud.telemetry.bulk_files import SlotFile
from cloud.telemetry.duckdb import events_file, readings_file, rollups, schema
from cloud.telemetry.duckdb.archive import Archive
from cloud.telemetry.duckdb.batch_rows import NUMBERS, Group
from cloud.telemetry.duckdb.dictionary import Names
from cloud.telemetry.duckdb.rollups import DuckDBRollups, mark_stale, registered
from cloud.telemetry.duckdb.writer import Writer, transaction
from cloud.telemetry.latest_values import Newest
from cloud.telemetry.line_protocol import Batch, FieldType, SeriesKey
from cloud.telemetry.store import (
    AssetLatest,
    GatewayLatest,
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
from cloud.telemetry.tables import SAMPLES, naive_utc
from device_profiles.points import from_ns, to_ns
from device_profiles.reading import Value

T = TypeVar("T")
_log = logging.getLogger(__name__)
_READERS = 4
_CHUNK = 5_000
_SLOT_COLUMNS = "school, asset, slot_start, active_s, standby_s, off_s, unobserved_s, energy_wh"
_ACTIVE_SINCE = """
with slot as (
    select asset, slot_start,
        coalesce(active_s, 0) > 0 and active_s >= greatest(
            coalesce(standby_s, 0), coalesce(off_s, 0), coalesce(unobserved_s, 0)
        ) as is_active,
        lag(slot_start) over (partition by asset order by slot_start) as before
    from usage_slots
    where school = ? and slot_start >= ? and asset in (select unnest(?))
),
run as (
    select asset,
        max(slot_start) as newest,
        max(slot_start) filter (where not is_active) as newest_inactive,
        max(slot_start) filter (
            where before is null or slot_start > before + interval 5 minute
        ) as newest_after_gap
    from slot group by asset
)
select asset, greatest(newest_after_gap, newest_inactive + interval 5 minute) from run
where newest_inactive is null or newest > newest_inactive
"""
_SENDERS = """
select school, asset, min(first_slot), arg_max(room, last_slot), arg_max(category, last_slot)
from (
    select school, asset, slot_start as first_slot, slot_start as last_slot, room, category
    from live_slots where {within} slot_start >= $since
    union all
    select school, asset, first_slot, last_slot, room, category
    from archived_senders where {within} first_slot >= $since
) group by school, asset
"""
_RECEIVED_SINCE = """
select school, asset, min(slot_start), max(slot_start) from live_slots
where received_at > ? group by school, asset, cast(slot_start as date)
order by school, asset, min(slot_start)
"""
_SAMPLES = """
select sensors.sensor, points.time as observed_ns, points.number as value
from points join sensors on points.series = sensors.series and points.field = sensors.field
where points.time >= ? and points.time < ? and points.number is not null
"""
_FIRST_READINGS = """
select sensors.sensor, min(points.time)
from points join sensors on points.series = sensors.series and points.field = sensors.field
where points.time < ? and points.number is not null group by sensors.sensor
"""
_SENSORS = pa.schema([("sensor", pa.int32()), ("series", pa.int32()), ("field", pa.int32())])


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
            schema.migrate(self._connection, str(path))
            self._archive.sweep(self._connection)
            self._archive.attach(self._connection)
        except BaseException:
            self._connection.close()
            raise
        self._names = Names(self._connection)
        self._newest = Newest()
        self._fill_newest()
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
            return await self._queue(work)
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
        return self._queue(self._archive.attach)

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
        """Return what was last heard of the assets of a school, from memory."""
        return self._newest.readings(school, asset)

    def latest_gateways(self, school: str | None = None) -> list[GatewayLatest]:
        """Return the newest reports of gateways and of their devices, from memory."""
        return self._newest.gateways(school)

    def schools(self) -> list[str]:
        """Return the schools from which anything was ever heard, sorted."""
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
        series = list(self._names.matching("reading", school=school, asset=asset))
        fields = self._fields("reading", points)

        def work(cursor: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[datetime, Value]]]:
            rows = cursor.execute(
                "SELECT field, time, number, text FROM points WHERE series = ANY(?) "
                "AND field = ANY(?) AND time >= ? AND time < ? "
                "QUALIFY row_number() OVER (PARTITION BY field ORDER BY time DESC) <= ? "
                "ORDER BY field, time",
                [series, list(fields), to_ns(start), to_ns(end), limit],
            ).fetchall()
            found: dict[str, list[tuple[datetime, Value]]] = {}
            for number, time_ns, value, text in rows:
                name, kind = fields[number]
                found.setdefault(name, []).append((from_ns(time_ns), _value(kind, value, text)))
            return found

        return self._read(work)

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
        fields = {name: number for number, (name, _) in self._fields("event", None).items()}

        def work(cursor: duckdb.DuckDBPyConnection) -> list[Reported]:
            series = {
                number: key
                for number, key in self._names.matching("event", school=school).items()
                if key.tag("asset") in assets
            }
            rows = cursor.execute(
                "SELECT series, time, max(text) FILTER (WHERE field = ?), "
                "max(number) FILTER (WHERE field = ?) FROM points WHERE series = ANY(?) "
                "AND time >= ? AND time < ? GROUP BY series, time "
                "ORDER BY time DESC, series LIMIT ?",
                [
                    fields.get("text"),
                    fields.get("value"),
                    list(series),
                    -(2**63) if start is None else to_ns(start),
                    2**63 - 1 if end is None else to_ns(end),
                    limit,
                ],
            ).fetchall()
            return [
                Reported(
                    asset=series[number].tag("asset") or None,
                    type=series[number].tag("type"),
                    at=from_ns(time_ns),
                    text=text or "",
                    value=value,
                )
                for number, time_ns, text, value in rows
            ]

        return self._read(work)

    def gateway_history(
        self, gateway: str, start: datetime, end: datetime, fields: Sequence[str]
    ) -> Awaitable[list[tuple[datetime, dict[str, Value]]]]:
        """Return a gateway's own reports in [start, end), in order."""
        matching = self._names.matching("gateway", gateway=gateway)
        series = [number for number, key in matching.items() if not key.tag("device")]
        wanted = self._fields("gateway", fields)

        def work(cursor: duckdb.DuckDBPyConnection) -> list[tuple[datetime, dict[str, Value]]]:
            rows = cursor.execute(
                "SELECT time, field, number, text FROM points WHERE series = ANY(?) "
                "AND field = ANY(?) AND time >= ? AND time < ? ORDER BY time",
                [series, list(wanted), to_ns(start), to_ns(end)],
            ).fetchall()
            reports: dict[int, dict[str, Value]] = {}
            for time_ns, number, value, text in rows:
                name, kind = wanted[number]
                reports.setdefault(time_ns, {})[name] = _value(kind, value, text)
            return [(from_ns(time_ns), report) for time_ns, report in reports.items()]

        return self._read(work)

    def slots(
        self, school: str, asset: str, start: datetime, end: datetime
    ) -> Awaitable[list[Slot]]:
        """Return the usage slots that start in [start, end), in order."""

        def work(cursor: duckdb.DuckDBPyConnection) -> list[Slot]:
            slots = self._archive.slots_sql(cursor, naive_utc(start), naive_utc(end))
            rows = cursor.execute(
                f"SELECT {_SLOT_COLUMNS} FROM ({slots}) "  # noqa: S608  fixed
                "WHERE school = ? AND asset = ? AND slot_start < ? ORDER BY slot_start",
                [school, asset, naive_utc(end)],
            )
            return [_slot(row) for row in rows.fetchall()]

        return self._read(work)

    def sensors(
        self, schools: Sequence[str], points: Sequence[str], *, category: str, before: datetime
    ) -> Awaitable[dict[Sensor, int]]:
        """Return the sensors of a category with the time of their first reading (ns)."""

        def work(cursor: duckdb.DuckDBPyConnection) -> dict[Sensor, int]:
            sensors, numbers = self._sensors(schools, points, category)
            with registered(cursor, {"sensors": numbers}):
                rows = cursor.execute(_FIRST_READINGS, [to_ns(before)]).fetchall()
            return {sensors[sensor]: first_ns for sensor, first_ns in rows}

        return self._read(work)

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

        def work(cursor: duckdb.DuckDBPyConnection) -> Samples:
            sensors, numbers = self._sensors(schools, points, category)
            with registered(cursor, {"sensors": numbers}):
                found = cursor.sql(_SAMPLES, params=[start_ns, end_ns]).to_arrow_table()
            return Samples(sensors, found.cast(SAMPLES))

        return self._read(work)

    def _sensors(
        self, schools: Sequence[str], points: Sequence[str], category: str | None
    ) -> tuple[list[Sensor], pa.Table]:
        """Return the sensors of schools, and by which series and field each is stored."""
        wanted = set(schools)
        fields = self._fields("reading", points)
        sensors: list[Sensor] = []
        rows: list[tuple[int, int, int]] = []
        for series, key in self._names.matching("reading").items():
            tags = dict(key.tags)
            if tags.get("school", "") not in wanted:
                continue
            if category is not None and tags.get("category", "") != category:
                continue
            place = (tags.get(name, "") for name in ("school", "asset", "room", "category"))
            school, asset, room, tagged = place
            for field, (point, kind) in fields.items():
                if kind in NUMBERS:
                    rows.append((len(sensors), series, field))
                    sensors.append(
                        Sensor(school, asset, room, tagged, tags.get("profile", ""), point)
                    )
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
        return sensors, pa.table(columns, schema=_SENSORS)

    def active_since(
        self, school: str, assets: Sequence[str], since: datetime
    ) -> Awaitable[dict[str, datetime]]:
        """Return since when each asset has been active without a break, up to its newest slot."""

        def work(cursor: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
            rows = cursor.execute(_ACTIVE_SINCE, [school, naive_utc(since), list(assets)])
            return {asset: start.replace(tzinfo=UTC) for asset, start in rows.fetchall()}

        return self._read(work)

    def senders(
        self, since: datetime, schools: Iterable[str] | None = None
    ) -> Awaitable[dict[str, dict[str, Sender]]]:
        """Return who sent slots that start at `since` or later, by school and asset."""
        wanted = None if schools is None else list(schools)
        within = "" if wanted is None else "school in (select unnest($schools)) and"
        parameters = {"since": naive_utc(since)} | ({} if wanted is None else {"schools": wanted})

        def work(cursor: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Sender]]:
            senders: dict[str, dict[str, Sender]] = {school: {} for school in wanted or ()}
            rows = cursor.execute(_SENDERS.format(within=within), parameters).fetchall()
            for name, asset, first, room, category in rows:
                sender = Sender(first.replace(tzinfo=UTC), room or None, category or None)
                senders.setdefault(name, {})[asset] = sender
            return senders

        return self._read(work)

    def slot_schools(self) -> Awaitable[list[str]]:
        """Return the schools of which there are slots, sorted."""
        return self._read(rollups.slot_schools)

    def slots_received_since(self, moment: datetime) -> Awaitable[list[UsageWritten]]:
        """Return the spans of the slots that were written after a moment, by asset and UTC day."""

        def work(cursor: duckdb.DuckDBPyConnection) -> list[UsageWritten]:
            rows = cursor.execute(_RECEIVED_SINCE, [naive_utc(moment)]).fetchall()
            return [
                UsageWritten(school, asset, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
                for school, asset, first, last in rows
            ]

        return self._read(work)

    def export_readings(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[StoredReading]]:
        """Yield all readings in chunks, by asset, point and time; blocks, for a worker thread."""
        series = self._names.matching("reading", school=school)
        fields = self._fields("reading", None)
        assets = sorted({key.tag("asset") for key in series.values()})
        names = sorted({name for name, _ in fields.values()})
        with self._connection.cursor() as cursor:
            cursor.execute(
                "WITH s AS (SELECT unnest(?::INTEGER[]) AS id, unnest(?::INTEGER[]) AS place), "
                "f AS (SELECT unnest(?::INTEGER[]) AS id, unnest(?::INTEGER[]) AS place) "
                "SELECT s.place, p.field, p.time, p.number, p.text FROM points p "
                "JOIN s ON s.id = p.series JOIN f ON f.id = p.field "
                "WHERE p.time >= ? AND p.time < ? ORDER BY s.place, f.place, p.time",
                [
                    list(series),
                    [assets.index(key.tag("asset")) for key in series.values()],
                    list(fields),
                    [names.index(name) for name, _ in fields.values()],
                    -(2**63) if start is None else to_ns(start),
                    2**63 - 1 if end is None else to_ns(end),
                ],
            )
            while rows := cursor.fetchmany(_CHUNK):
                yield [
                    StoredReading(
                        assets[place],
                        fields[number][0],
                        from_ns(time_ns),
                        _value(fields[number][1], value, text),
                    )
                    for place, number, time_ns, value, text in rows
                ]

    def export_slots(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[Slot]]:
        """Yield all usage slots in chunks, by asset and time; blocks, for a worker thread."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_SLOT_COLUMNS} FROM usage_slots WHERE school = ? "  # noqa: S608  fixed
                "AND slot_start >= ? AND slot_start < ? ORDER BY asset, slot_start",
                [
                    school,
                    datetime.min if start is None else naive_utc(start),  # noqa: DTZ901  compared
                    datetime.max if end is None else naive_utc(end),  # noqa: DTZ901  with naive UTC
                ],
            )
            while rows := cursor.fetchmany(_CHUNK):
                yield [_slot(row) for row in rows]

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

        return self._queue(work)

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
        for key, name, time_ns, value in group.spoken():
            self._newest.say(key, name, time_ns, value)
        self._call_back(group)
        return results

    def _call_back(self, group: Group) -> None:
        written, heard = group.usage_written(), group.assets_heard()
        if written:
            for on_usage in self._usage_callbacks:
                _call(on_usage, written)
        if heard:
            for on_points in self._points_callbacks:
                _call(on_points, heard)

    def _fill_newest(self) -> None:
        series = {number: key for key, number in self._names.series.items()}
        fields = {number: (name, kind) for (_, name), (number, kind) in self._names.fields.items()}
        followed = [n for n, key in series.items() if key.measurement in {"reading", "gateway"}]
        rows = self._connection.execute(
            "SELECT series, field, max(time), arg_max(number, time), arg_max(text, time) "
            "FROM points WHERE series = ANY(?) GROUP BY series, field",
            [followed],
        ).fetchall()
        for number, field, time_ns, value, text in rows:
            key: SeriesKey = series[number]
            name, kind = fields[field]
            self._newest.say(key, name, time_ns, _value(kind, value, text))

    def _fields(
        self, measurement: str, wanted: Sequence[str] | None
    ) -> dict[int, tuple[str, FieldType]]:
        return {
            number: (name, kind)
            for number, (name, kind) in self._names.field_names(measurement).items()
            if wanted is None or name in wanted
        }


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


def _value(kind: FieldType, number: float | None, text: str | None) -> Value:
    if kind is FieldType.STRING:
        return text or ""
    if kind is FieldType.BOOLEAN:
        return bool(number)
    return float(number or 0.0)


def _slot(row: tuple[Any, ...]) -> Slot:
    school, asset, start, active, standby, off, unobserved, energy = row
    return Slot(
        school=school,
        asset=asset,
        start=start.replace(tzinfo=UTC),
        active_s=active or 0.0,
        standby_s=standby or 0.0,
        off_s=off or 0.0,
        unobserved_s=unobserved or 0.0,
        energy_wh=energy,
    )
