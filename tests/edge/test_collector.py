"""What the collector holds back, and for how long."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta

import pytest

from device_profiles.points import to_ns
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


async def test_what_was_held_back_is_judged_before_what_comes_later(
    configured: Configured, clock: SetClock
) -> None:
    """A later reading is compared with the last one held, not with the one before the hold."""
    config, compared = configured("http://127.0.0.1:1"), ComparedClock(clock)
    devices, school = config.devices, config.file.school
    health = Health(gateway="g", school=school, version="1", devices=devices, clock=compared)
    async with SqliteBuffer(config.data_dir / "buffer.db", clock=compared) as buffer:
        sink = Collector(buffer, health, devices, school=school, clock=compared, boot="boot-1")

        def deliver(watts: float) -> Coroutine[None, None, None]:
            clock.pass_(1)
            return sink.deliver(Delivery([Reading("d1", "power", watts, clock.now())]))

        await deliver(50.0)
        await deliver(90.0)
        in_flight = asyncio.ensure_future(deliver(95.0))
        await asyncio.sleep(0)
        compared.server_states(clock.now())
        await asyncio.gather(in_flight, deliver(50.0), sink.release_held())
        batch = await buffer.take(10)
        assert batch is not None
        watts = [text.partition("power=")[2].partition(" ")[0] for _, text in batch.lines]
        assert watts == ["50.0", "90.0", "95.0", "50.0"]
        assert (await buffer.state()).held == 0


@pytest.mark.parametrize(("set_by_s", "is_dated_anew"), [(0.000_042, False), (120.0, True)])
async def test_a_clock_that_was_right_all_the_time_changes_no_date(
    configured: Configured, clock: SetClock, set_by_s: float, is_dated_anew: bool
) -> None:
    """So that a message that the broker sends once more is the same point."""
    config, compared = configured("http://127.0.0.1:1"), ComparedClock(clock)
    devices, school = config.devices, config.file.school
    health = Health(gateway="g", school=school, version="1", devices=devices, clock=compared)
    async with SqliteBuffer(config.data_dir / "buffer.db", clock=compared) as buffer:
        sink = Collector(buffer, health, devices, school=school, clock=compared, boot="boot-1")
        at = clock.now() - timedelta(microseconds=7)
        await sink.deliver(Delivery([Reading("d1", "power", 50.0, at)]))
        clock.wall += timedelta(seconds=set_by_s)
        compared.server_states(clock.now())
        await sink.release_held()
        batch = await buffer.take(10)
        assert batch is not None
        ((_, text),) = batch.lines
        assert (int(text.rpartition(" ")[2]) != to_ns(at)) is is_dated_anew
