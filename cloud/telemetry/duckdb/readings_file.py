"""Readings of many assets from Parquet files straight into the table of points."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.errors import LoadError
from cloud.telemetry.duckdb.dictionary import Names
from cloud.telemetry.latest_values import Newest
from cloud.telemetry.line_protocol import FieldType, SeriesKey

_TAGS = ("asset", "category", "profile", "room", "school")
_NUMBERED = pa.schema(
    [
        *((name, pa.string()) for name in (*_TAGS, "point")),
        ("series", pa.int32()),
        ("field", pa.int32()),
    ]
)
_READINGS = """
select numbered.series, numbered.field, epoch_us(observed_at) * 1000 as time, number,
       null::varchar as text, received_at
from read_parquet(?, hive_partitioning = false) as r join numbered on {same}
""".format(
    same=" and ".join(
        f"r.{name} is not distinct from numbered.{name}" for name in (*_TAGS, "point")
    )
)
_NEWEST = """
select series, field, max(time), arg_max(number, time) from ({readings}) group by series, field
"""


def put(
    cursor: duckdb.DuckDBPyConnection, names: Names, newest: Newest, paths: Sequence[Path]
) -> int:
    """Store the readings of files, inside the caller's transaction; returns how many."""
    files = [str(path) for path in paths]
    points_of_series = cursor.execute(
        f"select distinct {', '.join((*_TAGS, 'point'))} "  # noqa: S608  names of our own
        "from read_parquet(?, hive_partitioning = false)",
        [files],
    ).fetchall()
    keys: dict[int, SeriesKey] = {}
    points: dict[int, str] = {}
    rows = []
    for *values, point in points_of_series:
        tags = tuple((tag, value) for tag, value in zip(_TAGS, values, strict=True) if value)
        key = SeriesKey("reading", tags)
        series = names.series_number(key)
        field, kind = names.field("reading", point, FieldType.FLOAT)
        if kind is not FieldType.FLOAT:
            raise LoadError(f"{files[0]}: {point} is a number here, already exists as type {kind}")
        keys[series], points[field] = key, point
        rows.append((*values, point, series, field))
    names.store_new(cursor)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_NUMBERED)
    cursor.register("numbered", pa.table([list(c) for c in columns], schema=_NUMBERED))
    try:
        stored = cursor.execute(f"insert or replace into points {_READINGS}", [files]).fetchone()
        latest = cursor.execute(_NEWEST.format(readings=_READINGS), [files]).fetchall()
    finally:
        cursor.unregister("numbered")
    for series, field, time_ns, number in latest:
        newest.update(keys[series], points[field], time_ns, number)
    names.stored()
    return int(stored[0]) if stored else 0
