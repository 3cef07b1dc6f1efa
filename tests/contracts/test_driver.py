"""Every driver of the gateway, found by its folder, keeps what the seam promises.

A driver supplies a rig (`tests/_parts/driver_rigs/<protocol>.py`); it owns no private version of
these tests. Drivers are made as the gateway makes them: by `make`, from a gateway.yaml.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device_profiles import protocols
from device_profiles.reading import Quality
from edge.clock import SystemClock
from edge.drivers import make_drivers
from edge.errors import DeviceUnreachable
from tests._parts.driver_rig import FIRST, SECOND, DriverRig, rig_of
from tests._parts.patience import PATIENCE_S
from tests._parts.sink import MemorySink

pytestmark = pytest.mark.real


@pytest.fixture(params=protocols.names())
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DriverRig]:
    async with rig_of(request.param)(tmp_path) as running:
        yield running


@contextlib.asynccontextmanager
async def driving(rig: DriverRig, sink: MemorySink) -> AsyncIterator[None]:
    """Run the drivers of the rig's devices until the way to them is open, and stop them after."""
    drivers = make_drivers(rig.config(), SystemClock())
    ready = len(sink.ready)
    tasks = [asyncio.create_task(driver.run(sink)) for driver in drivers]
    try:
        await sink.until(lambda s: len(s.ready) >= ready + len(drivers))
        yield
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)


async def test_every_driver_has_a_folder_and_a_rig() -> None:
    folder = Path(protocols.__file__).parents[2] / "edge" / "drivers"
    drivers = {path.parent.name for path in folder.glob("*/driver.py")}
    assert drivers == set(protocols.names())
    assert {rig_of(name).protocol for name in drivers} == drivers


async def test_a_reading_arrives_with_the_moment_it_was_true(rig: DriverRig) -> None:
    sink = MemorySink()
    began = datetime.now(UTC)
    async with driving(rig, sink):
        await rig.send(FIRST, 142.5)
        await sink.until(lambda s: 142.5 in s.values(FIRST, "power"))
    reading = next(reading for reading in sink.readings if reading.value == 142.5)
    assert (reading.device, reading.point, reading.quality) == (FIRST, "power", Quality.GOOD)
    assert reading.observed_at.utcoffset() == timedelta(0)
    assert began <= reading.observed_at <= datetime.now(UTC)


async def test_values_of_one_device_arrive_in_order(rig: DriverRig) -> None:
    sink = MemorySink()
    async with driving(rig, sink):
        for power in (11.0, 12.0, 13.0):
            await rig.send(FIRST, power)
            await sink.until(lambda s, power=power: power in s.values(FIRST, "power"))  # type: ignore[misc]  # mypy sees no default in a lambda
    values = [value for value in sink.values(FIRST, "power") if value in {11.0, 12.0, 13.0}]
    assert list(dict.fromkeys(values)) == [11.0, 12.0, 13.0]
    assert values == sorted(values)
    moments = [reading.observed_at for reading in sink.readings if reading.device == FIRST]
    assert moments == sorted(moments)
    assert len(set(moments)) == len(moments), "no two readings of a point share a moment"


async def test_a_dead_device_is_unreachable_and_hurts_no_other(rig: DriverRig) -> None:
    sink = MemorySink()
    async with driving(rig, sink):
        await rig.send(FIRST, 21.0)
        await rig.send(SECOND, 22.0)
        await sink.until(
            lambda s: 21.0 in s.values(FIRST, "power") and 22.0 in s.values(SECOND, "power")
        )
        await rig.die(SECOND)
        await sink.until(
            lambda s: any(
                isinstance(error, DeviceUnreachable) and error.device_id == SECOND
                for error in s.device_errors
            )
        )
        await rig.send(FIRST, 23.0)
        await sink.until(lambda s: 23.0 in s.values(FIRST, "power"))
    assert {error.device_id for error in sink.device_errors} == {SECOND}
    assert sink.driver_errors == []


async def test_a_bad_value_is_no_good_reading_and_hurts_no_later_one(rig: DriverRig) -> None:
    sink = MemorySink()
    async with driving(rig, sink):
        await rig.send(FIRST, 31.0)
        await sink.until(lambda s: 31.0 in s.values(FIRST, "power"))
        await rig.send_bad(FIRST)
        await rig.send(SECOND, 32.0)
        await sink.until(lambda s: 32.0 in s.values(SECOND, "power"))
        await rig.send(FIRST, 33.0)
        await sink.until(lambda s: 33.0 in s.values(FIRST, "power"))
    assert all(
        isinstance(reading.value, float) and reading.value == reading.value
        for reading in sink.readings
        if reading.quality is Quality.GOOD
    )


async def test_what_is_not_on_disk_is_not_acknowledged(rig: DriverRig) -> None:
    """A driver that stops before the disk has a reading gets it again: it was not acknowledged."""
    sink = MemorySink()
    async with driving(rig, sink):
        sink.gate.clear()
        await rig.send(FIRST, 41.0)
        await sink.until(lambda s: s.waiting > 0)
    assert 41.0 not in sink.values(FIRST, "power")
    sink.gate.set()
    async with driving(rig, sink):
        await sink.until(lambda s: 41.0 in s.values(FIRST, "power"))


async def test_a_driver_that_is_stopped_leaves_no_task_and_no_socket(rig: DriverRig) -> None:
    sink = MemorySink()
    tasks, sockets = asyncio.all_tasks(), open_sockets()
    async with driving(rig, sink):
        await rig.send(FIRST, 51.0)
        await sink.until(lambda s: 51.0 in s.values(FIRST, "power"))
        assert open_sockets() > sockets
    # The rig's own end of a connection closes when it notices.
    async with asyncio.timeout(PATIENCE_S):
        while open_sockets() != sockets or not asyncio.all_tasks() <= tasks:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_driver_can_be_run_again(rig: DriverRig) -> None:
    sink = MemorySink()
    for power in (61.0, 62.0):
        async with driving(rig, sink):
            await rig.send(FIRST, power)
            await sink.until(lambda s, power=power: power in s.values(FIRST, "power"))  # type: ignore[misc]  # as above


def open_sockets() -> set[str]:
    """Return the sockets of this process, as the kernel names them."""
    links = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.add(str(descriptor.readlink()))
    return {link for link in links if link.startswith("socket:")}
