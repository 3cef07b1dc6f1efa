"""A look into the DuckDB file of a store, for tests of what only that store has."""

from typing import Any

from cloud.telemetry.duckdb import DuckDBStore


def query(store: DuckDBStore, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on a store that is open."""
    with store._connection.cursor() as cursor:
        return cursor.execute(sql).fetchall()
