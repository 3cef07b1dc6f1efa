from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.registry.store import Registry
from cloud.telemetry.store import TelemetryStore
from cloud.utilization.refresh import Rollups
from tests._parts.small_school import TestClock, fill, local
from tests._parts.stores import STORES


@pytest.fixture
def clock() -> TestClock:
    return TestClock(local("18:00"))


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry.open("sqlite://")
    fill(registry)
    yield registry
    registry.close()


@pytest.fixture(params=STORES)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: TestClock
) -> Iterator[TelemetryStore]:
    store = STORES[request.param].open(tmp_path, clock)
    yield store
    store.close()


@pytest.fixture
async def rollups(store: TelemetryStore, registry: Registry, clock: TestClock) -> Rollups:
    rollups = Rollups(store, registry, clock)
    await rollups.prepare()
    return rollups
