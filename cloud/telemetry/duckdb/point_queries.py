"""The questions about points: readings, events and reports of gateways, as SQL on a cursor."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import duckdb
import pyarrow.compute as pc  # type: ignore[import-untyped]  # it ships no types

from cloud.telemetry.duckdb.batch_rows import NUMBERS
from cloud.telemetry.duckdb.dictionary import Names
from cloud.telemetry.duckdb.reading_cache import ReadingCache, SeriesField, sensor_table
from cloud.telemetry.duckdb.registered import registered
from cloud.telemetry.line_protocol import FieldType, SeriesKey
from cloud.telemetry.store import Reported, Samples, Sensor, StoredReading, sensor_of
from cloud.telemetry.tables import SAMPLES
from device_profiles.points import from_ns, to_ns
from device_profiles.reading import Value

Span = tuple[datetime, datetime]
OpenSpan = tuple[datetime | None, datetime | None]
_CHUNK = 5_000
_FIRST_NS, _LAST_NS = -(2**63), 2**63 - 1
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
_LATEST = """
SELECT series, field, max(time), arg_max(number, time), arg_max(text, time)
FROM points WHERE series = ANY(?) GROUP BY series, field
"""
_READINGS = """
SELECT field, time, number, text FROM points
WHERE series = ANY(?) AND field = ANY(?) AND time >= ? AND time < ?
QUALIFY row_number() OVER (PARTITION BY field ORDER BY time DESC) <= ?
ORDER BY field, time
"""
_EVENTS = """
SELECT series, time, max(text) FILTER (WHERE field = ?), max(number) FILTER (WHERE field = ?)
FROM points WHERE series = ANY(?) AND time >= ? AND time < ?
GROUP BY series, time ORDER BY time DESC, series LIMIT ?
"""
_REPORTS = """
SELECT time, field, number, text FROM points
WHERE series = ANY(?) AND field = ANY(?) AND time >= ? AND time < ? ORDER BY time
"""
_EXPORT = """
WITH s AS (SELECT unnest(?::INTEGER[]) AS id, unnest(?::INTEGER[]) AS place),
f AS (SELECT unnest(?::INTEGER[]) AS id, unnest(?::INTEGER[]) AS place)
SELECT s.place, p.field, p.time, p.number, p.text
FROM points p JOIN s ON s.id = p.series JOIN f ON f.id = p.field
WHERE p.time >= ? AND p.time < ? ORDER BY s.place, f.place, p.time
"""


def latest(
    cursor: duckdb.DuckDBPyConnection, names: Names
) -> Iterator[tuple[SeriesKey, str, int, Value]]:
    """Yield the latest value of every field of readings and gateways: series, name, time, value."""
    series = {number: key for key, number in names.series.items()}
    fields = {number: (name, kind) for (_, name), (number, kind) in names.fields.items()}
    wanted = [n for n, key in series.items() if key.measurement in {"reading", "gateway"}]
    for number, field, time_ns, value, text in cursor.execute(_LATEST, [wanted]).fetchall():
        name, kind = fields[field]
        yield series[number], name, time_ns, _value(kind, value, text)


def readings(
    cursor: duckdb.DuckDBPyConnection,
    names: Names,
    school: str,
    asset: str,
    span: Span,
    points: Sequence[str] | None,
    limit: int,
) -> dict[str, list[tuple[datetime, Value]]]:
    """Return the readings of an asset by point, in order; the newest `limit` of each."""
    series = list(names.matching("reading", school=school, asset=asset))
    fields = _fields(names, "reading", points)
    start, end = span
    rows = cursor.execute(
        _READINGS, [series, list(fields), to_ns(start), to_ns(end), limit]
    ).fetchall()
    by_point: dict[str, list[tuple[datetime, Value]]] = {}
    for number, time_ns, value, text in rows:
        name, kind = fields[number]
        by_point.setdefault(name, []).append((from_ns(time_ns), _value(kind, value, text)))
    return by_point


def first_readings(
    cursor: duckdb.DuckDBPyConnection,
    names: Names,
    kept: ReadingCache,
    schools: Sequence[str],
    points: Sequence[str],
    category: str,
    before: datetime,
) -> dict[Sensor, int]:
    """Return the sensors of a category with the time of their first reading (ns)."""
    sensors, numbers = _sensors(names, schools, points, category)
    before_ns = to_ns(before)
    if len(schools) == 1:
        earlier = kept.readings(cursor, numbers).filter(pc.field("observed_ns") < before_ns)
        firsts = earlier.group_by("sensor").aggregate([("observed_ns", "min")])
        rows = list(zip(*(column.to_pylist() for column in firsts.columns), strict=True))
    else:
        with registered(cursor, {"sensors": sensor_table(numbers)}):
            rows = cursor.execute(_FIRST_READINGS, [before_ns]).fetchall()
    return {sensors[sensor]: first_ns for sensor, first_ns in rows}


def samples(
    cursor: duckdb.DuckDBPyConnection,
    names: Names,
    kept: ReadingCache,
    schools: Sequence[str],
    points: Sequence[str],
    span_ns: tuple[int, int],
    category: str | None,
) -> Samples:
    """Return all numeric readings of some points in a span."""
    sensors, numbers = _sensors(names, schools, points, category)
    if len(schools) == 1:
        observed_ns = pc.field("observed_ns")
        within = (observed_ns >= span_ns[0]) & (observed_ns < span_ns[1])
        return Samples(sensors, kept.readings(cursor, numbers).filter(within))
    with registered(cursor, {"sensors": sensor_table(numbers)}):
        rows = cursor.sql(_SAMPLES, params=list(span_ns)).to_arrow_table()
    return Samples(sensors, rows.cast(SAMPLES))


def events(
    cursor: duckdb.DuckDBPyConnection,
    names: Names,
    school: str,
    assets: Sequence[str],
    span: OpenSpan,
    limit: int,
) -> list[Reported]:
    """Return the newest events of some assets, newest first; an empty asset is a gateway."""
    fields = {name: number for number, (name, _) in _fields(names, "event", None).items()}
    series = {
        number: key
        for number, key in names.matching("event", school=school).items()
        if key.tag("asset") in assets
    }
    rows = cursor.execute(
        _EVENTS, [fields.get("text"), fields.get("value"), list(series), *_bounds_ns(span), limit]
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


def gateway_history(
    cursor: duckdb.DuckDBPyConnection,
    names: Names,
    gateway: str,
    span: Span,
    fields: Sequence[str],
) -> list[tuple[datetime, dict[str, Value]]]:
    """Return a gateway's own reports, in order."""
    matching = names.matching("gateway", gateway=gateway)
    series = [number for number, key in matching.items() if not key.tag("device")]
    wanted = _fields(names, "gateway", fields)
    start, end = span
    rows = cursor.execute(_REPORTS, [series, list(wanted), to_ns(start), to_ns(end)]).fetchall()
    reports: dict[int, dict[str, Value]] = {}
    for time_ns, number, value, text in rows:
        name, kind = wanted[number]
        reports.setdefault(time_ns, {})[name] = _value(kind, value, text)
    return [(from_ns(time_ns), report) for time_ns, report in reports.items()]


def export(
    cursor: duckdb.DuckDBPyConnection, names: Names, school: str, span: OpenSpan
) -> Iterator[list[StoredReading]]:
    """Yield all readings of a school in chunks, by asset, point and time."""
    series = names.matching("reading", school=school)
    fields = _fields(names, "reading", None)
    assets = sorted({key.tag("asset") for key in series.values()})
    points = sorted({name for name, _ in fields.values()})
    cursor.execute(
        _EXPORT,
        [
            list(series),
            [assets.index(key.tag("asset")) for key in series.values()],
            list(fields),
            [points.index(name) for name, _ in fields.values()],
            *_bounds_ns(span),
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


def _sensors(
    names: Names, schools: Sequence[str], points: Sequence[str], category: str | None
) -> tuple[list[Sensor], list[SeriesField]]:
    """Return the sensors of schools, and by which series and field each is stored."""
    fields = _fields(names, "reading", points)
    tags = {} if category is None else {"category": category}
    sensors: list[Sensor] = []
    numbers: list[SeriesField] = []
    for school in dict.fromkeys(schools):
        for series, key in names.matching("reading", school=school, **tags).items():
            for field, (point, kind) in fields.items():
                if kind in NUMBERS:
                    numbers.append((series, field))
                    sensors.append(sensor_of(key, point))
    return sensors, numbers


def _fields(
    names: Names, measurement: str, wanted: Sequence[str] | None
) -> dict[int, tuple[str, FieldType]]:
    return {
        number: (name, kind)
        for number, (name, kind) in names.field_names(measurement).items()
        if wanted is None or name in wanted
    }


def _bounds_ns(span: OpenSpan) -> tuple[int, int]:
    start, end = span
    return _FIRST_NS if start is None else to_ns(start), _LAST_NS if end is None else to_ns(end)


def _value(kind: FieldType, number: float | None, text: str | None) -> Value:
    if kind is FieldType.STRING:
        return text or ""
    if kind is FieldType.BOOLEAN:
        return bool(number)
    return float(number or 0.0)
