"""Arrow tables under a name, for a statement."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types


@contextmanager
def registered(cursor: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> Iterator[None]:
    """Let a cursor name Arrow tables, for the length of a block."""
    for name, table in tables.items():
        cursor.register(name, table)
    try:
        yield
    finally:
        # A failed transaction refuses this too, which must not hide why it failed.
        with suppress(duckdb.TransactionException):
            for name in tables:
                cursor.unregister(name)
