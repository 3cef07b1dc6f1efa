"""Events of many schools from Parquet files straight into the table of points."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.errors import LoadError
from cloud.telemetry.duckdb.dictionary import Names
from cloud.telemetry.line_protocol import FieldType, SeriesKey

_TAGS = ("asset", "school", "type")
_FIELDS = {"text": FieldType.STRING, "value": FieldType.FLOAT}
_NUMBERED = pa.schema([*((name, pa.string()) for name in _TAGS), ("series", pa.int32())])
_SAME = " and ".join(f"e.{name} is not distinct from numbered.{name}" for name in _TAGS)
_PUT = f"""
insert or replace into points
with event as (
    select series, epoch_us(happened_at) * 1000 as time, text, value, received_at
    from read_parquet($files, hive_partitioning = false) as e join numbered on {_SAME}
)
select series, $text::integer, time, null::double, text, received_at from event
union all
select series, $value::integer, time, value, null::varchar, received_at from event
where value is not null
"""  # noqa: S608  names of our own


def put(cursor: duckdb.DuckDBPyConnection, names: Names, paths: Sequence[Path]) -> int:
    """Store the events of files, inside the caller's transaction; returns how many."""
    files = [str(path) for path in paths]
    counts = cursor.execute(
        f"select {', '.join(_TAGS)}, count(*) from read_parquet(?, hive_partitioning = false) "  # noqa: S608  names of our own
        "group by all",
        [files],
    ).fetchall()
    if not counts:
        return 0
    numbers = {}
    for name, wanted in _FIELDS.items():
        numbers[name], kind = names.field("event", name, wanted)
        if kind is not wanted:
            raise LoadError(f"{files[0]}: {name} is {wanted} here, already exists as type {kind}")
    rows = []
    for *values, _ in counts:
        tags = tuple((tag, value) for tag, value in zip(_TAGS, values, strict=True) if value)
        rows.append((*values, names.series_number(SeriesKey("event", tags))))
    names.store_new(cursor)
    columns = [list(column) for column in zip(*rows, strict=True)]
    cursor.register("numbered", pa.table(columns, schema=_NUMBERED))
    try:
        cursor.execute(_PUT, {"files": files} | numbers)
    finally:
        cursor.unregister("numbered")
    names.stored()
    return sum(int(row[-1]) for row in counts)
