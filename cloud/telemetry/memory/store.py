"""The store in memory: points and slots in dictionaries, one lock, every write at once.

It is there to show what a store has to answer, and for trying the cloud without a file. Nothing is
kept when the process ends, and every question goes through everything.
"""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.clock import Clock, SystemClock
from cloud.errors import StoreBusy
from cloud.messages import message
from cloud.telemetry.latest_values import Newest
from cloud.telemetry.line_protocol import Batch, FieldType, SeriesKey
from cloud.telemetry.memory.rollups import MemoryRollups, done
from cloud.telemetry.memory.slots import FIELDS, Slots
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
    sensor_of,
)
from cloud.telemetry.tables import SAMPLES
from device_profiles.points import from_ns, to_ns
from device_profiles.reading import Value

T = TypeVar("T")
Points = dict[str, dict[int, Value]]
"""The values of a series, by field and time (ns)."""
_log = logging.getLogger(__name__)
_CHUNK = 5_000
_NUMBERS = {FieldType.FLOAT, FieldType.INTEGER, FieldType.UNSIGNED}


class MemoryStore:
    """Telemetry in memory."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._series: dict[SeriesKey, Points] = {}
        self._types: dict[tuple[str, str], FieldType] = {}
        self._slots = Slots()
        self._newest = Newest()
        self._rollups = MemoryRollups(self._slots, self._lock)
        self._usage_callbacks: list[UsageCallback] = []
        self._points_callbacks: list[PointsCallback] = []
        self._is_closed = False

    @property
    def rollups(self) -> MemoryRollups:
        """Return where the roll-up is kept."""
        return self._rollups

    def write(self, batch: Batch) -> Awaitable[WriteResult]:
        """Store a batch at once."""
        with self._lock:
            if self._is_closed:
                raise StoreBusy(message("error.stopping"))
            refused, conflict = self._refused(batch)
            written, sensing = self._take(batch, refused)
        if written:
            for on_usage in self._usage_callbacks:
                _call(on_usage, written)
        if sensing:
            for on_points in self._points_callbacks:
                _call(on_points, sensing)
        result = WriteResult(batch.lines - len(refused), len(refused), conflict)
        return asyncio.wrap_future(done(result))

    def _refused(self, batch: Batch) -> tuple[set[tuple[SeriesKey, int]], str | None]:
        """Return the points with a field of another type than before, and the first conflict."""
        refused: set[tuple[SeriesKey, int]] = set()
        conflict: str | None = None
        kinds = zip(batch.series, batch.fields, batch.types, batch.times, strict=True)
        for series, name, kind, time_ns in kinds:
            known = self._types.setdefault((series.measurement, name), kind)
            if kind is not known:
                refused.add((series, time_ns))
                conflict = conflict or (
                    f'input field "{name}" on measurement "{series.measurement}" '
                    f"is type {kind}, already exists as type {known}"
                )
        return refused, conflict

    def _take(
        self, batch: Batch, refused: set[tuple[SeriesKey, int]]
    ) -> tuple[list[UsageWritten], list[tuple[str, str]]]:
        """Store what is not refused; returns the slots and the assets with new readings."""
        now = self._clock.now()
        slots: dict[tuple[str, str], UsageWritten] = {}
        sensing = set()
        for series, name, time_ns, kind, number, text in zip(
            batch.series,
            batch.fields,
            batch.times,
            batch.types,
            batch.numbers,
            batch.texts,
            strict=True,
        ):
            if (series, time_ns) in refused:
                continue
            value = _value(kind, number, text)
            if _is_slot(series, name, kind):
                slot = self._slots.write(series, time_ns, {name: float(value)}, now)
                known = slots.get((slot.school, slot.asset), slot)
                first, last = min(known.first, slot.first), max(known.last, slot.last)
                slots[slot.school, slot.asset] = UsageWritten(slot.school, slot.asset, first, last)
                continue
            self._series.setdefault(series, {}).setdefault(name, {})[time_ns] = value
            self._newest.update(series, name, time_ns, value)
            if series.measurement == "reading":
                sensing.add((series.tag("school"), series.tag("asset")))
        return list(slots.values()), sorted(sensing)

    async def flush(self) -> None:
        """Return at once: every write is stored when it returns."""

    async def check(self) -> None:
        """Return at once."""

    def on_usage(self, callback: UsageCallback) -> None:
        """Call back after every write of slots, on the writer's thread."""
        self._usage_callbacks.append(callback)

    def on_points(self, callback: PointsCallback) -> None:
        """Call back after every write of readings, on the writer's thread."""
        self._points_callbacks.append(callback)

    def latest_readings(self, school: str, asset: str | None = None) -> list[AssetLatest]:
        """Return the latest readings of the assets of a school."""
        return self._newest.readings(school, asset)

    def latest_slots(self, school: str, asset: str | None = None) -> list[LatestSlot]:
        """Return of each asset the newest slot with a second observed, by asset."""
        with self._lock:
            return self._slots.latest(school, asset)

    def latest_gateways(self, school: str | None = None) -> list[GatewayLatest]:
        """Return the latest reports of gateways and of their devices."""
        return self._newest.gateways(school)

    def schools(self) -> list[str]:
        """Return the schools that ever sent readings or reports of a gateway, sorted."""
        return self._newest.schools()

    async def readings(
        self,
        school: str,
        asset: str,
        start: datetime,
        end: datetime,
        *,
        points: Sequence[str] | None = None,
        limit: int = 10_000,
    ) -> dict[str, list[tuple[datetime, Value]]]:
        """Return the readings in [start, end) by point, in order; the newest `limit` of each."""
        by_point: dict[str, list[tuple[int, Value]]] = defaultdict(list)
        with self._lock:
            for _, values in self._matching("reading", school=school, asset=asset):
                for name, by_time in values.items():
                    if points is None or name in points:
                        by_point[name] += _within(by_time, to_ns(start), to_ns(end))
        return {
            name: [(from_ns(time_ns), value) for time_ns, value in _by_time(pairs)[-limit:]]
            for name, pairs in by_point.items()
            if pairs
        }

    async def sensors(
        self, schools: Sequence[str], points: Sequence[str], *, category: str, before: datetime
    ) -> dict[Sensor, int]:
        """Return the sensors of a category with the time of their first reading (ns)."""
        before_ns = to_ns(before)
        return {
            sensor: min(by_time)
            for sensor, by_time in self._sensors(schools, points, category)
            if min(by_time) < before_ns
        }

    async def samples(
        self,
        schools: Sequence[str],
        points: Sequence[str],
        start_ns: int,
        end_ns: int,
        *,
        category: str | None = None,
    ) -> Samples:
        """Return all numeric readings of some points in [start_ns, end_ns)."""
        sensors = self._sensors(schools, points, category)
        rows = [
            {"sensor": number, "observed_ns": time_ns, "value": value}
            for number, (_, by_time) in enumerate(sensors)
            for time_ns, value in _within(by_time, start_ns, end_ns)
        ]
        table = pa.Table.from_pylist(rows, schema=SAMPLES)
        return Samples([sensor for sensor, _ in sensors], table)

    def _sensors(
        self, schools: Sequence[str], points: Sequence[str], category: str | None
    ) -> list[tuple[Sensor, dict[int, Value]]]:
        with self._lock:
            return [
                (sensor_of(series, name), dict(by_time))
                for series, values in self._matching("reading")
                if series.tag("school") in schools and category in {None, series.tag("category")}
                for name, by_time in values.items()
                if by_time and name in points and self._types["reading", name] in _NUMBERS
            ]

    async def events(
        self,
        school: str,
        assets: Sequence[str],
        start: datetime | None,
        end: datetime | None,
        *,
        limit: int,
    ) -> list[Reported]:
        """Return the newest events in [start, end), newest first; an empty asset is a gateway."""
        reported: list[tuple[int, Reported]] = []
        with self._lock:
            for series, values in self._matching("event", school=school):
                if series.tag("asset") not in assets:
                    continue
                times = {time_ns for by_time in values.values() for time_ns in by_time}
                for time_ns in times:
                    text = values.get("text", {}).get(time_ns)
                    value = values.get("value", {}).get(time_ns)
                    event = Reported(
                        asset=series.tag("asset") or None,
                        type=series.tag("type"),
                        at=from_ns(time_ns),
                        text=text if isinstance(text, str) else "",
                        value=None if value is None or isinstance(value, str) else float(value),
                    )
                    reported.append((time_ns, event))
        newest = sorted(reported, key=lambda pair: pair[0], reverse=True)
        return [
            event
            for time_ns, event in newest
            if (start is None or to_ns(start) <= time_ns) and (end is None or time_ns < to_ns(end))
        ][:limit]

    async def gateway_history(
        self, gateway: str, start: datetime, end: datetime, fields: Sequence[str]
    ) -> list[tuple[datetime, dict[str, Value]]]:
        """Return a gateway's own reports in [start, end), in order."""
        reports: dict[int, dict[str, Value]] = defaultdict(dict)
        with self._lock:
            for series, values in self._matching("gateway", gateway=gateway):
                for name in fields:
                    if not series.tag("device"):
                        for time_ns, value in _within(
                            values.get(name, {}), to_ns(start), to_ns(end)
                        ):
                            reports[time_ns][name] = value
        return [(from_ns(time_ns), reports[time_ns]) for time_ns in sorted(reports)]

    async def slots(self, school: str, asset: str, start: datetime, end: datetime) -> list[Slot]:
        """Return the usage slots that start in [start, end), in order."""
        with self._lock:
            return [
                slot.answer()
                for slot in self._slots.matching(school, asset)
                if start <= slot.start < end
            ]

    async def active_since(
        self, school: str, assets: Sequence[str], since: datetime
    ) -> dict[str, datetime]:
        """Return since when each asset has been active without a break, up to its newest slot."""
        with self._lock:
            return self._slots.active_since(school, assets, since)

    async def senders(
        self, since: datetime, schools: Iterable[str] | None = None
    ) -> dict[str, dict[str, Sender]]:
        """Return who sent slots that start at `since` or later, by school and asset."""
        with self._lock:
            return self._slots.senders(since, None if schools is None else list(schools))

    async def slot_schools(self) -> list[str]:
        """Return the schools of which there are slots, sorted."""
        with self._lock:
            return sorted({slot.school for slot in self._slots.matching()})

    async def slots_received_since(self, moment: datetime) -> list[UsageWritten]:
        """Return the spans of the slots that were written after a moment, by asset and UTC day."""
        with self._lock:
            return self._slots.received_since(moment)

    def export_readings(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[StoredReading]]:
        """Yield all readings in chunks, by asset, point and time."""
        with self._lock:
            readings = [
                (series.tag("asset"), name, time_ns, value)
                for series, values in self._matching("reading", school=school)
                for name, by_time in values.items()
                for time_ns, value in by_time.items()
                if (start is None or to_ns(start) <= time_ns)
                and (end is None or time_ns < to_ns(end))
            ]
        readings.sort(key=lambda reading: reading[:3])
        yield from _chunks(
            [
                StoredReading(asset, name, from_ns(time_ns), value)
                for asset, name, time_ns, value in readings
            ]
        )

    def export_slots(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[Slot]]:
        """Yield all usage slots in chunks, by asset and time."""
        with self._lock:
            slots = [
                slot.answer()
                for slot in self._slots.matching(school)
                if (start is None or start <= slot.start) and (end is None or slot.start < end)
            ]
        yield from _chunks(slots)

    async def purge(self, readings_before: datetime, slots_before: datetime) -> int:
        """Delete what is older; returns how many rows went."""
        before_ns, gone = to_ns(readings_before), 0
        with self._lock:
            for values in self._series.values():
                for by_time in values.values():
                    old = [time_ns for time_ns in by_time if time_ns < before_ns]
                    gone += len(old)
                    for time_ns in old:
                        del by_time[time_ns]
            return gone + self._slots.purge(slots_before)

    def close(self) -> None:
        """Refuse further writes."""
        self._is_closed = True

    def _matching(self, measurement: str, **tags: str) -> Iterator[tuple[SeriesKey, Points]]:
        """Yield the series of a measurement that carry all of these tags, with their values."""
        for series, values in self._series.items():
            if series.measurement == measurement and tags.items() <= dict(series.tags).items():
                yield series, values


def _is_slot(series: SeriesKey, name: str, kind: FieldType) -> bool:
    return (
        series.measurement == "usage"
        and name in FIELDS
        and kind in _NUMBERS
        and bool(series.tag("school"))
        and bool(series.tag("asset"))
    )


def _value(kind: FieldType, number: float | None, text: str | None) -> Value:
    if kind is FieldType.STRING:
        return text or ""
    return bool(number) if kind is FieldType.BOOLEAN else float(number or 0.0)


def _within(by_time: dict[int, Value], start_ns: int, end_ns: int) -> list[tuple[int, Value]]:
    return [pair for pair in by_time.items() if start_ns <= pair[0] < end_ns]


def _by_time(pairs: list[tuple[int, Value]]) -> list[tuple[int, Value]]:
    return sorted(pairs, key=lambda pair: pair[0])


def _chunks(rows: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _call(callback: Callable[[Sequence[T]], None], news: Sequence[T]) -> None:
    """Call a follower; its failure is its own, the data is stored."""
    try:
        callback(news)
    except Exception:  # noqa: BLE001  whatever it is, writing goes on
        _log.exception("a part that follows the telemetry failed; the data is stored")
