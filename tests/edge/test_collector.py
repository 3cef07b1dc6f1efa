"""What the collector holds back, and for how long."""

from collections.abc import AsyncIterator, Callable

import pytest

from device_profiles.reading import Reading
from edge import collector
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import ComparedClock
from edge.collector import Collector
from edge.config import Config
from edge.driver import Delivery
from edge.health import Health
from edge.quiet import QUIET_S
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


async def kept(buffer: SqliteBuffer) -> tuple[int, int]:
    """Return how many lines and observations are on disk."""
    return (await buffer.state()).lines, len(await buffer.observations())


@pytest.fixture
async def sink_and_buffer(
    configured: Configured, clock: SetClock
) -> AsyncIterator[tuple[Collector, SqliteBuffer]]:
    config = configured("http://127.0.0.1:1")
    devices, school = config.devices, config.file.school
    health = Health(gateway="g", school=school, version="1", devices=devices, clock=clock)
    async with SqliteBuffer(config.data_dir / "buffer.db", clock=clock) as buffer:
        yield Collector(buffer, health, devices, school=school, clock=clock, boot="b"), buffer


async def test_what_repeats_and_is_not_acknowledged_waits_for_company(
    sink_and_buffer: tuple[Collector, SqliteBuffer], clock: SetClock
) -> None:
    sink, buffer = sink_and_buffer

    async def deliver(value: float, *, is_acknowledged: bool = False) -> None:
        readings = [Reading("d1", "power", value, clock.now())]
        await sink.deliver(Delivery(readings, is_acknowledged=is_acknowledged))
        clock.pass_(1)

    await deliver(100.0)
    assert await kept(buffer) == (1, 1)
    await deliver(100.0)
    await sink.emit_usage()
    assert await kept(buffer) == (1, 1)
    await deliver(100.0, is_acknowledged=True)  # takes along what waits
    assert await kept(buffer) == (1, 3)
    await deliver(100.0)
    await deliver(300.0)  # a change
    assert await kept(buffer) == (2, 5)
    await deliver(300.0)
    clock.pass_(QUIET_S)
    await sink.emit_usage()
    assert await kept(buffer) == (2, 6)
    await deliver(300.0)
    await sink.emit_usage(is_last=True)
    assert (await kept(buffer))[1] == 7


async def test_what_waits_is_written_at_the_end_of_a_slot(
    sink_and_buffer: tuple[Collector, SqliteBuffer], clock: SetClock
) -> None:
    sink, buffer = sink_and_buffer
    clock.pass_(290)
    for _ in range(2):
        readings = [Reading("d1", "power", 1.0, clock.now())]
        await sink.deliver(Delivery(readings, is_acknowledged=False))
        clock.pass_(1)
    await sink.emit_usage()
    before = len(await buffer.observations())
    clock.pass_(8)
    await sink.emit_usage()
    assert (before, len(await buffer.observations())) == (1, 2)
