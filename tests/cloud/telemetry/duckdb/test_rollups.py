import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest

from cloud.registry.store import Registry
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.duckdb.rollups import DAYS, PERIODS, table_ddl
from cloud.telemetry.tables import DAY_USE, PERIOD_USE
from cloud.utilization.refresh import Rollups
from tests._parts.duckdb_file import query
from tests._parts.small_school import MONDAY, TestClock, fill, local, send, slots

FRIDAY = MONDAY - timedelta(days=3)


@pytest.fixture
def clock() -> TestClock:
    return TestClock(local("18:00"))


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry.open("sqlite://")
    fill(registry)
    yield registry
    registry.close()


@pytest.fixture
def store(tmp_path: Path, clock: TestClock) -> Iterator[DuckDBStore]:
    store = DuckDBStore(tmp_path / "telemetry.duckdb", clock=clock)
    yield store
    store.close()


@pytest.fixture
async def rollups(store: DuckDBStore, registry: Registry, clock: TestClock) -> Rollups:
    rollups = Rollups(store, registry, clock)
    await rollups.prepare()
    return rollups


@pytest.mark.parametrize(("table", "schema"), [(PERIODS, PERIOD_USE), (DAYS, DAY_USE)])
def test_a_table_has_the_columns_of_its_schema(table: str, schema: pa.Schema) -> None:
    with duckdb.connect() as connection:
        connection.execute(table_ddl(table))
        empty = connection.sql(f"from {table}").to_arrow_table()
        described = connection.execute(f"describe {table}").fetchall()
    assert empty.schema.types == schema.types
    assert [(name, null == "YES") for name, _, null, *_ in described] == [
        (field.name, field.nullable) for field in schema
    ]


async def test_rows_that_are_the_same_are_not_written_again(
    rollups: Rollups, store: DuckDBStore
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await rollups.settled()
    numbered = "select rowid, * from usage_rollup order by all"
    before = query(store, numbered)
    await send(store, slots("A-1", local("12:00"), local("12:05"), "active"))
    await rollups.settled()
    after = query(store, numbered)
    assert len(set(after) - set(before)) == 1


async def test_a_file_of_an_older_version_is_rolled_up_anew(
    store: DuckDBStore, registry: Registry, clock: TestClock
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))

    def age(cursor: duckdb.DuckDBPyConnection) -> None:
        key = "primary key (school, asset, day, period)"
        cursor.execute(f"{table_ddl(PERIODS).removesuffix(')')}, {key})")
        cursor.execute("create table usage_rollup_state (received_until timestamp, b boolean)")
        zeros = ", ".join(f"0 as {name}" for name in ("due_s", "active_s", "standby_s", "off_s"))
        no = ", ".join(
            f"false as {name}"
            for name in ("scheduled", "lesson_over", "lesson_observed", "lesson_used")
        )
        cursor.execute(
            "insert into usage_rollup by name select 'x' as school, 'y' as asset, "
            "0 as unobserved_s, date '2026-01-01' as day, 1 as period, 'w' as \"week\", "
            f"1 as weekday, {zeros}, {no}"
        )

    await asyncio.wrap_future(store._writer.run(age))
    rollups = Rollups(store, registry, clock)
    await rollups.prepare()
    await rollups.settled()
    assert len(query(store, "from usage_rollup where school = 'x'")) == 1, "what was there is kept"
    used = "select lesson_used from usage_rollup where asset = 'A-1' and period = 1"
    assert query(store, used) == [(True,)]
    assert len(query(store, "from usage_days where asset = 'A-1'")) == 1
