from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests._parts.cloud_app import CloudApp, cloud_app, small_settings


@pytest_asyncio.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[CloudApp]:
    async with cloud_app(small_settings(tmp_path)) as running:
        yield running
