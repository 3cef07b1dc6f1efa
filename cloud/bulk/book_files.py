"""The books of many schools as Parquet files, for a roll-up where the registry is out of reach."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types

from cloud.errors import LoadError
from cloud.registry.queries.rollup_queries import COLUMNS, Tables
from cloud.utilization.school_inputs import Row

_TYPES = {
    "id": pa.int64(),
    "asset_id": pa.int64(),
    "term": pa.int64(),
    "number": pa.int32(),
    "weekday": pa.int32(),
    "period": pa.int32(),
    "follows": pa.int32(),
    "valid_from": pa.date32(),
    "valid_to": pa.date32(),
    "day": pa.date32(),
}
_OTHER = {
    "terms": {"starts": pa.date32(), "ends": pa.date32()},
    "periods": {"starts": pa.time64("us"), "ends": pa.time64("us")},
}


def write_books(tables: Mapping[str, Iterable[Row]], folder: Path) -> None:
    """Write a file for each table; raises LoadError where they cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, columns in COLUMNS.items():
            rows = list(tables[name])
            values = zip(*rows, strict=True) if rows else ([] for _ in columns)
            table = pa.table([list(column) for column in values], schema=_schema(name))
            pq.write_table(table, folder / f"{name}.parquet")
    except OSError as error:
        raise LoadError(f"{folder}: cannot be written: {error}") from None


def read_books(folder: Path) -> Tables:
    """Return the tables that were written; raises LoadError where one is missing or another."""
    tables: Tables = {}
    for name in COLUMNS:
        path = folder / f"{name}.parquet"
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise LoadError(f"{path}: cannot be read: {error}") from None
        if table.schema != _schema(name):
            raise LoadError(
                f"{path}: its columns are not those of {name}; write the books again with "
                "`campus-cloud rollup --write-books`"
            )
        columns = [column.to_pylist() for column in table.columns]
        tables[name] = list(zip(*columns, strict=True))
    return tables


def _schema(name: str) -> pa.Schema:
    types = _TYPES | _OTHER.get(name, {})
    return pa.schema([(column, types.get(column, pa.string())) for column in COLUMNS[name]])
