"""A radio in software with devices on it, and a driver that listens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from device_profiles.protocols.ble import BleProfile
from device_profiles.reading import Value
from edge.clock import SystemClock
from edge.drivers.ble.device import BleAdapter, BleDevice
from edge.drivers.ble.driver import BleDriver
from simulators.devices.ble_peripheral import SimulatedBlePeripheral
from simulators.virtual_radio import VirtualRadio
from tests._parts.sink import MemorySink

SERVICE = "7a1c0000-4c63-4f6e-9d0b-2f5a1e6b8c01"
PAGE = "7a1c0001-4c63-4f6e-9d0b-2f5a1e6b8c01"
LIGHT = "7a1c0002-4c63-4f6e-9d0b-2f5a1e6b8c01"
KEY = "231d39c1d7cc1ab1aee224cd096db932"


def _profile(points: Mapping[str, Any], **more: Any) -> BleProfile:
    return BleProfile.model_validate(
        {
            "id": "test-device",
            "vendor": "Test",
            "model": "Device",
            "title": {"en": "Device"},
            "category": "environment",
            "source": "synthetic, for this test",
            "protocol": "ble",
            "points": points,
            "examples": [{"source": "synthetic", "service_data": "4000", "readings": {}}],
            **more,
        }
    )


AIR = {
    "temperature": {"bthome": 0x02, "quantity": "temperature", "unit": "°C"},
    "motion": {"bthome": 0x21, "quantity": "motion"},
}
SENSOR = _profile(AIR)
SECRET = _profile(AIR, bthome_encrypted=True)
READER = _profile(
    {
        "illuminance": {"bthome": 0x05, "quantity": "illuminance", "unit": "lx"},
        "page": {
            "service": SERVICE,
            "characteristic": PAGE,
            "type": "uint16",
            "quantity": "count",
        },
        "state": {
            "service": SERVICE,
            "characteristic": PAGE,
            "type": "uint8",
            "start": 2,
            "quantity": "state",
            "values": {"0": "closed", "1": "reading"},
        },
        "brightness": {
            "service": SERVICE,
            "characteristic": LIGHT,
            "access": "read",
            "poll_s": 0.2,
            "type": "uint8",
            "quantity": "brightness",
            "unit": "%",
        },
    }
)


def address_of(number: int) -> str:
    return f"F0:00:00:00:00:{number:02X}"


def hasty(radio: VirtualRadio, **more: Any) -> BleAdapter:
    """Return an adapter that waits for nothing long."""
    settings: dict[str, Any] = {
        "hci": radio.transport,
        "connect_timeout_s": 3.0,
        "request_timeout_s": 3.0,
        "watchdog_s": 0.2,
        "retry_s": 0.05,
        "retry_most_s": 0.2,
    }
    return BleAdapter(**(settings | more))


class Delivered:
    """A truth log in memory."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def __call__(self, *, kind: str, **facts: Any) -> None:
        self.lines.append({"kind": kind, **facts})

    def values(self, point: str, *, certain: bool = True) -> list[Value]:
        return [
            line["values"][point]
            for line in self.lines
            if line["kind"] == "reported" and point in line["values"] and line["certain"] >= certain
        ]


@pytest.fixture
async def radio() -> AsyncIterator[VirtualRadio]:
    async with VirtualRadio() as opened:
        yield opened


@pytest.fixture
async def place(
    radio: VirtualRadio,
) -> AsyncIterator[Callable[..., Any]]:
    """Put a simulated device on the radio; it is taken off at the end of the test."""
    placed: list[SimulatedBlePeripheral] = []

    async def put(
        profile: BleProfile, number: int = 1, **more: Any
    ) -> tuple[SimulatedBlePeripheral, Delivered]:
        delivered = Delivered()
        settings: dict[str, Any] = {"interval_s": 0.03, "settle_s": 0.3} | more
        peripheral = SimulatedBlePeripheral(
            profile, address_of(number), radio, delivered, **settings
        )
        await peripheral.start()
        placed.append(peripheral)
        return peripheral, delivered

    yield put
    for peripheral in placed:
        await peripheral.stop()


@contextlib.asynccontextmanager
async def running(
    adapter: BleAdapter, devices: list[BleDevice], sink: MemorySink
) -> AsyncIterator[MemorySink]:
    """Run a driver while the context is open."""
    task = asyncio.create_task(BleDriver(adapter, devices, SystemClock()).run(sink))
    try:
        yield sink
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
