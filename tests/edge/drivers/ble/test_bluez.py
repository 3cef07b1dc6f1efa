"""The way through BlueZ, on a D-Bus of the test's own: bleak's own back-end, no radio."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.drivers.ble.device import BleAdapter, BleDevice
from edge.drivers.ble.driver import BleDriver
from edge.drivers.ble.radio import open_radio
from simulators.devices import ble_encode
from tests._parts.bluez import MockBluez, mock_bluez
from tests._parts.sink import MemorySink
from tests.edge.drivers.ble.conftest import READER, SENSOR, address_of

pytestmark = pytest.mark.real
ADAPTER = BleAdapter(
    connect_timeout_s=2.0, request_timeout_s=5.0, watchdog_s=0.1, retry_s=0.05, retry_most_s=0.2
)


@pytest.fixture
async def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MockBluez]:
    async with mock_bluez(tmp_path) as (running, address):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield running


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[MemorySink]:
    sink = MemorySink()
    devices = [BleDevice("air", SENSOR, address_of(1))]
    task = asyncio.create_task(BleDriver(ADAPTER, devices, SystemClock()).run(sink))
    try:
        await sink.until(lambda s: bool(s.ready))
        yield sink
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def send(daemon: MockBluez, degrees: float, packet_id: int) -> None:
    temperature = ble_encode.bthome_object(0x02, degrees)
    data = ble_encode.service_data([temperature.data], packet_id)
    await daemon.advertise(address_of(1), data)


async def received(sink: MemorySink, daemon: MockBluez, degrees: float, packet_id: int) -> None:
    """Send until it is received: a device repeats itself too."""
    while degrees not in sink.values("air", "temperature"):
        with contextlib.suppress(RuntimeError):
            await send(daemon, degrees, packet_id)
        await asyncio.sleep(0.05)


async def test_advertisements_come_through_bluez_and_every_one_is_wanted(
    daemon: MockBluez,
) -> None:
    await daemon.add_device(address_of(1))
    async with listening() as sink:
        await received(sink, daemon, 20.5, 1)
        await received(sink, daemon, 21.5, 2)
        assert await daemon.is_scanning()
    assert not await daemon.is_scanning()
    filters = [line for line in daemon.calls.splitlines() if "SetDiscoveryFilter" in line]
    assert any("DuplicateData" in line for line in filters)
    assert sink.values("air", "temperature") == [20.5, 21.5]


async def test_scanning_pauses_while_a_device_is_connected_to(daemon: MockBluez) -> None:
    async with (
        open_radio("ble", ADAPTER, has_gatt=True) as radio,
        radio.scanning(lambda _device, _data: None),
    ):
        assert await daemon.is_scanning()
        async with radio.connecting():
            assert not await daemon.is_scanning()
        assert await daemon.is_scanning()
        with pytest.raises(ZeroDivisionError):
            async with radio.connecting():
                raise ZeroDivisionError
        assert await daemon.is_scanning()


async def test_a_daemon_that_ends_is_noticed_and_found_again(daemon: MockBluez) -> None:
    await daemon.add_device(address_of(1))
    async with listening() as sink:
        await received(sink, daemon, 20.5, 1)
        await daemon.kill()
        await sink.until(lambda s: bool(s.driver_errors))
        ready = len(sink.ready)
        await daemon.start()
        await daemon.add_device(address_of(1))
        await sink.until(lambda s: len(s.ready) > ready)
        await received(sink, daemon, 23.5, 3)


async def test_a_dongle_that_is_pulled_is_noticed(daemon: MockBluez) -> None:
    async with listening() as sink:
        await daemon.pull()
        await sink.until(lambda s: bool(s.driver_errors))
    assert "asking BlueZ for the radio" in str(sink.driver_errors[0])


async def test_a_radio_that_is_switched_off_is_named(daemon: MockBluez) -> None:
    async with listening() as sink:
        await daemon.switch(is_on=False)
        await sink.until(lambda s: any("is switched off" in str(e) for e in s.driver_errors))


async def test_a_device_that_does_not_connect_leaves_the_scan_running(daemon: MockBluez) -> None:
    await daemon.add_device(address_of(1))
    sink = MemorySink()
    reader = [BleDevice("paper", READER, address_of(1))]
    task = asyncio.create_task(BleDriver(ADAPTER, reader, SystemClock()).run(sink))
    try:
        await sink.until(lambda s: bool(s.ready))
        while not sink.device_errors:
            await send(daemon, 1.0, 1)
            await asyncio.sleep(0.05)
        while not await daemon.is_scanning():  # noqa: ASYNC110  the daemon has no event for it
            await asyncio.sleep(0.05)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert not sink.driver_errors
