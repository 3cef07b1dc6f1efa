"""A small city in the cloud's files, and all that the cloud then holds of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cloud.bulk.folder import city_folder
from cloud.bulk.load import Load, Loaded
from cloud.bulk.offline import offline
from cloud.telemetry.duckdb import DuckDBStore
from tests._parts.duckdb_file import query
from tests._parts.small_city import END
from tests._parts.small_school import TestClock

NOW = datetime(END.year, END.month, END.day, 16, 30, tzinfo=UTC)
"""Half an hour after the last day of the city, in its own time."""
_QUERIES = {
    "usage_rollup": "select * from usage_rollup order by all",
    "usage_days": "select * from usage_days order by all",
    "slots": "select * from usage_slots order by school, asset, slot_start",
    "points": "select s.measurement, tags, name, time, number, text, p.received_at from points p "
    "join series s on s.id = series join fields f on f.id = field order by all",
    "stale": "from usage_stale",
}


def clock_after(days: int = 0) -> TestClock:
    """Return a clock so many days after the city's end."""
    return TestClock(NOW + timedelta(days=days))


def no_progress(step: str, done: int, total: int) -> None:
    """Take a report of progress, and print nothing."""


async def load(city: Path, data: Path) -> Loaded:
    """Load a city as the command does, with a clock of the city's time."""
    clock = clock_after()
    with offline(data, make=True, clock=clock) as (store, registry):
        return await Load(city_folder(city), store, registry, clock, no_progress).run()


def held(store: DuckDBStore) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows that a load makes, table by table."""
    return {name: query(store, sql) for name, sql in _QUERIES.items()}


def held_in(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a folder holds."""
    with offline(data) as (store, _):
        return held(store)
