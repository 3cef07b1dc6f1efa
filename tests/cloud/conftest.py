from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests._parts.cloud_app import CloudApp, cloud_app, small_settings
from tests._parts.postgresql import PostgreSQL, postgresql


@pytest_asyncio.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[CloudApp]:
    async with cloud_app(small_settings(tmp_path)) as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    """One PostgreSQL for all tests that want one."""
    with postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def registry_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A registry of either kind with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.sqlite'}"
    server: PostgreSQL = request.getfixturevalue("postgres")
    return server.migrated()
