"""The whole cloud in this process, with a clock that the test sets."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from cloud.app import create_app
from cloud.services import Services
from cloud.settings import Settings

SCHOOL = "2133100001"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
WRITE = "/api/v2/write?org=school&bucket=campus"


@dataclass(slots=True)
class SetClock:
    """A clock that keeps its moment until it is set."""

    moment: datetime = NOW

    def now(self) -> datetime:
        """Return the moment it was set to."""
        return self.moment


@dataclass(frozen=True, slots=True)
class CloudApp:
    """A running cloud: its parts, and clients with and without the token."""

    services: Services
    client: httpx.AsyncClient
    stranger: httpx.AsyncClient
    clock: SetClock

    async def write(self, *lines: str) -> httpx.Response:
        """Write lines, and insist that they are taken."""
        answer = await self.client.post(WRITE, content="\n".join(lines))
        assert answer.status_code == 204, answer.text
        return answer


@contextlib.asynccontextmanager
async def cloud_app(settings: Settings) -> AsyncIterator[CloudApp]:
    """Run the cloud on a folder of the test's."""
    clock = SetClock()
    app = create_app(settings, clock=clock)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://cloud") as stranger,
        httpx.AsyncClient(transport=transport, base_url="http://cloud") as client,
    ):
        services: Services = app.state.services
        client.headers["Authorization"] = f"Token {services.token}"
        yield CloudApp(services, client, stranger, clock)


def small_settings(folder: Path) -> Settings:
    """Return settings that leave the machine to others."""
    return Settings(data=folder, duckdb_memory_mb=128, duckdb_threads=1, web_dist=folder / "dist")
