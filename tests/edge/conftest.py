"""A gateway for tests: a clock that is set, a driver that is fed, a profile of its own."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device_profiles.reading import Reading, Value
from edge.config import Config, load_config
from edge.driver import Delivery, Sink

START = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
PROFILES = Path(__file__).parent / "profiles"


class SetClock:
    """A clock that stops until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.wall = now
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


class FedDriver:
    """A driver that delivers what the test hands it, and fails on request."""

    def __init__(self, clock: SetClock, name: str = "item") -> None:
        self.name = name
        self.clock = clock
        self.queue: asyncio.Queue[tuple[Delivery, asyncio.Future[None]] | Exception] = (
            asyncio.Queue()
        )
        self.starts = 0

    async def run(self, sink: Sink) -> None:
        self.starts += 1
        sink.driver_ready(self.name)
        while True:
            item = await self.queue.get()
            if isinstance(item, Exception):
                raise item
            delivery, done = item
            await sink.deliver(delivery)
            done.set_result(None)

    async def deliver(
        self,
        device: str = "d1",
        at: datetime | None = None,
        checkpoints: dict[str, str | None] | None = None,
        **values: Value,
    ) -> None:
        """Deliver and return once it is durable."""
        moment = at or self.clock.now()
        readings = [Reading(device, point, value, moment) for point, value in values.items()]
        await self.hand_over(Delivery(readings, checkpoints or {}))

    async def hand_over(self, delivery: Delivery) -> None:
        """Hand a delivery over and return once it is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.put_nowait((delivery, done))
        await done


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Config]:
    """Write a gateway.yaml with two devices for an uplink's address, and load it."""

    def write(url: str) -> Config:
        path = tmp_path / "gateway.yaml"
        path.write_text(
            f"""
gateway: gw-001
school: "2133100001"
profiles: ["{PROFILES}"]
uplink: {{url: "{url}", token: t}}
mqtt: {{host: 127.0.0.1}}
devices:
  - {{id: d1, profile: campus-test-plug, asset: A-1, room: "101", mqtt: {{device: d1}}}}
  - {{id: d2, profile: campus-test-plug, asset: A-2, room: "102", mqtt: {{device: d2}}}}
""",
            encoding="utf-8",
        )
        return load_config(path)

    return write
