"""The readings of the sensors of a school, in memory up to the first moment written since.

A score reads every CO2 and light reading of a school's term. In the table of points these lie among
those of all schools, and no index leads to them. So what was read is kept:

- An entry has every numeric reading of some sensors, by time. Those before its `valid_ns` are what
  the table holds; the others are read again, with the times from there on.
- A commit lowers `valid_ns` of each entry of which it wrote a sensor to the first time written,
  before the write is acknowledged. An entry that is just being read is lowered too.
- What deletes or loads readings in bulk empties it.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.compute as pc  # type: ignore[import-untyped]  # it ships no types

from cloud.telemetry.duckdb.registered import registered
from cloud.telemetry.tables import SAMPLES

SeriesField = tuple[int, int]
"""The numbers of a sensor's series and of its field."""
_ENTRIES = 32
_MOST_ROWS = 500_000
"""Of an entry; with 20 bytes a row, all entries together hold 320 MB at the very most."""
_NEVER_NS, _ALWAYS_NS = -(2**63), 2**63 - 1
_READINGS = """
select sensors.sensor, points.time as observed_ns, points.number as value
from points join sensors on points.series = sensors.series and points.field = sensors.field
where points.time >= ? and points.number is not null order by observed_ns, sensor
"""
_SENSORS = pa.schema([("sensor", pa.int32()), ("series", pa.int32()), ("field", pa.int32())])


@dataclass(slots=True, eq=False)
class _Entry:
    series: frozenset[int]
    valid_ns: int = _ALWAYS_NS
    rows: pa.Table = field(default_factory=SAMPLES.empty_table)


class ReadingCache:
    """The readings of the sensors that were asked for last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[SeriesField, ...], _Entry] = OrderedDict()
        self._being_read: list[_Entry] = []

    def readings(
        self, cursor: duckdb.DuckDBPyConnection, sensors: Sequence[SeriesField]
    ) -> pa.Table:
        """Return all numeric readings of some sensors, by time; `sensor` is the index of each."""
        key = tuple(sensors)
        fresh = _Entry(frozenset(series for series, _ in sensors))
        with self._lock:
            known = self._entries.get(key)
            since_ns = _NEVER_NS if known is None else known.valid_ns
            self._being_read.append(fresh)
        try:
            fresh.rows = _since(cursor, key, known, since_ns)
        except BaseException:
            with self._lock:
                self._being_read.remove(fresh)
            raise
        with self._lock:
            self._being_read.remove(fresh)
            if fresh.rows.num_rows <= _MOST_ROWS:
                self._entries[key] = fresh
                self._entries.move_to_end(key)
            while len(self._entries) > _ENTRIES:
                self._entries.popitem(last=False)
        return fresh.rows

    def written(self, first_ns: Mapping[int, int]) -> None:
        """Note the first time (ns) that a commit wrote of each series, by its number."""
        with self._lock:
            for entry in (*self._entries.values(), *self._being_read):
                for series in entry.series & first_ns.keys():
                    entry.valid_ns = min(entry.valid_ns, first_ns[series])

    def clear(self) -> None:
        """Forget everything, as after a write of any readings at any time."""
        with self._lock:
            self._entries.clear()
            for entry in self._being_read:
                entry.valid_ns = _NEVER_NS


def _since(
    cursor: duckdb.DuckDBPyConnection,
    sensors: Sequence[SeriesField],
    known: _Entry | None,
    since_ns: int,
) -> pa.Table:
    """Return the readings that are known up to a time, and those from there on as they are now."""
    if known is None:
        return _read(cursor, sensors, since_ns)
    if since_ns == _ALWAYS_NS:
        return known.rows
    before = known.rows.filter(pc.field("observed_ns") < since_ns)
    return pa.concat_tables([before, _read(cursor, sensors, since_ns)]).combine_chunks()


def _read(
    cursor: duckdb.DuckDBPyConnection, sensors: Sequence[SeriesField], since_ns: int
) -> pa.Table:
    with registered(cursor, {"sensors": sensor_table(sensors)}):
        return cursor.sql(_READINGS, params=[since_ns]).to_arrow_table().cast(SAMPLES)


def sensor_table(sensors: Sequence[SeriesField]) -> pa.Table:
    """Return sensors as a table to be joined with points: the index of each, series, field."""
    numbers = [list(column) for column in zip(*sensors, strict=True)] or [[], []]
    return pa.table([list(range(len(sensors))), *numbers], schema=_SENSORS)
