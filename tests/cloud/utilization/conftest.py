from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.registry.store import Registry
from cloud.telemetry.duckdb import DuckDBStore
from cloud.utilization.refresh import Rollups
from tests._parts.small_school import TestClock, fill, local


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
    found = DuckDBStore(tmp_path / "telemetry.duckdb", clock=clock)
    yield found
    found.close()


@pytest.fixture
async def rollups(store: DuckDBStore, registry: Registry, clock: TestClock) -> Rollups:
    found = Rollups(store, registry, clock)
    await found.prepare()
    return found
