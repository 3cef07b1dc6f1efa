"""What the collector holds back, and for how long."""

from collections.abc import Callable

import pytest

from device_profiles.reading import Reading
from edge import collector
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import ComparedClock
from edge.collector import Collector
from edge.config import Config
from edge.driver import Delivery
from edge.health import Health
from tests.edge.conftest import SetClock

Configured = Callable[[str], Config]


async def test_without_a_server_readings_are_held_until_half_of_what_can_be_is_used(
    configured: Configured, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "MAX_HELD", 4)
    config, compared = configured("http://127.0.0.1:1"), ComparedClock(clock)
    devices, school = config.devices, config.file.school
    health = Health(gateway="g", school=school, version="1", devices=devices, clock=compared)
    async with SqliteBuffer(config.data_dir / "buffer.db", clock=compared) as buffer:
        sink = Collector(buffer, health, devices, school=school, clock=compared, boot="boot-1")
        await sink.deliver(Delivery([Reading("d1", "power", 1.0, clock.now())]))
        clock.pass_(10 * 86400)
        await sink.release_held()
        assert ((await buffer.state()).held, (await buffer.state()).lines) == (1, 0)
        await sink.deliver(Delivery([Reading("d1", "power", 2.0, clock.now())]))
        await sink.release_held()
        assert ((await buffer.state()).held, (await buffer.state()).lines) == (0, 2)
