import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bumble.device import Device, Peer
from bumble.hci import Address
from bumble.transport import open_transport

from device_profiles.protocols.ble import BleProfile
from simulators.devices import ble_encode
from simulators.devices.ble_peripheral import SimulatedBlePeripheral
from simulators.errors import EncodeError
from simulators.virtual_radio import VirtualRadio
from tests._parts.patience import PATIENCE_S

ADDRESS = "F0:00:00:00:00:01"
SERVICE = "7a1c0000-4c63-4f6e-9d0b-2f5a1e6b8c01"
PAGE = "7a1c0001-4c63-4f6e-9d0b-2f5a1e6b8c01"
PUSH = "7a1c0002-4c63-4f6e-9d0b-2f5a1e6b8c01"
PROFILE: dict[str, Any] = {
    "id": "test-device",
    "vendor": "Test",
    "model": "Device",
    "title": {"en": "Device"},
    "category": "epaper",
    "source": "synthetic, for this test",
    "protocol": "ble",
    "points": {
        "temperature": {"bthome": 2, "quantity": "temperature", "unit": "°C"},
        "inner": {"bthome": 2, "index": 1, "quantity": "temperature", "unit": "°C"},
        "page": {
            "service": SERVICE,
            "characteristic": PAGE,
            "type": "uint16",
            "quantity": "count",
        },
    },
    "commands": {"push": {"service": SERVICE, "characteristic": PUSH, "type": "bytes"}},
    "examples": [
        {"source": "synthetic", "service_data": "4002ca09", "readings": {"temperature": 25.06}}
    ],
}
DEVICE = BleProfile.model_validate(PROFILE)


class TruthLog:
    """A truth log in memory that can be waited for."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.news = asyncio.Event()

    def __call__(self, *, kind: str, **facts: Any) -> None:
        self.lines.append({"kind": kind, **facts})
        self.news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.lines) < count:
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def gateway(radio: VirtualRadio) -> AsyncIterator[Device]:
    transport = await open_transport(radio.transport)
    address = Address.generate_static_address()
    device = Device.with_hci("gateway", address, transport.source, transport.sink)
    await device.power_on()
    await device.start_scanning(active=False, filter_duplicates=False)
    try:
        yield device
    finally:
        await transport.close()


@asynccontextmanager
async def simulated(
    radio: VirtualRadio, truth: TruthLog, profile: BleProfile = DEVICE, **more: Any
) -> AsyncIterator[SimulatedBlePeripheral]:
    settings: dict[str, Any] = {"interval_s": 0.02, "settle_s": 0.1} | more
    peripheral = SimulatedBlePeripheral(profile, ADDRESS, radio, truth, **settings)
    await peripheral.start()
    try:
        yield peripheral
    finally:
        await peripheral.stop()


async def test_what_no_gateway_receives_is_not_reported() -> None:
    truth = TruthLog()
    async with VirtualRadio() as radio, simulated(radio, truth) as peripheral:
        await peripheral.update({"temperature": 20.0, "page": 1.0})
        async with gateway(radio):
            await peripheral.update({"temperature": 21.337})
            await truth.until(1)
    assert [line["values"] for line in truth.lines] == [{"temperature": 21.34, "inner": 0.0}]
    assert truth.lines[0]["kind"] == "reported"
    assert truth.lines[0]["protocol"] == "ble"
    assert truth.lines[0]["at"].endswith("Z")
    assert truth.lines[0]["certain"] is True


async def test_what_a_gateway_received_that_died_at_once_is_not_certain() -> None:
    truth = TruthLog()
    async with VirtualRadio() as radio, simulated(radio, truth, settle_s=5.0) as peripheral:
        async with gateway(radio) as device:
            received: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            device.once("advertisement", lambda _advertisement: received.set_result(None))
            await asyncio.wait_for(received, PATIENCE_S)
        await radio.deserted()
        await peripheral.stop()
    assert [line["certain"] for line in truth.lines] == [False]


async def test_a_command_and_a_notification() -> None:
    truth = TruthLog()
    async with (
        VirtualRadio() as radio,
        simulated(radio, truth) as peripheral,
        gateway(radio) as device,
    ):
        peer = Peer(await device.connect(Address(ADDRESS), timeout=None))
        await peer.discover_services()
        (service,) = [s for s in peer.services if s.uuid == SERVICE]
        characteristics = {str(c.uuid).lower(): c for c in await service.discover_characteristics()}
        notified: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        await peer.subscribe(characteristics[PAGE], notified.set_result)
        await peripheral.update({"page": 258.0})
        assert await asyncio.wait_for(notified, PATIENCE_S) == b"\x02\x01"
        await peer.write_value(characteristics[PUSH], b"hello", with_response=True)
        assert peripheral.written == {"push": b"hello"}
        await truth.until(3)
    values = [line["values"] for line in truth.lines if line["kind"] == "reported"]
    assert {"page": 258.0} in values
    assert any(line["kind"] == "commanded" for line in truth.lines)


async def test_a_point_of_another_profile_is_refused() -> None:
    async with VirtualRadio() as radio, simulated(radio, TruthLog()) as peripheral:
        with pytest.raises(ValueError, match="'light' is not a point of this profile"):
            await peripheral.update({"light": 1.0})


async def test_an_encrypted_device_needs_its_key() -> None:
    secret = BleProfile.model_validate(PROFILE | {"bthome_encrypted": True})
    with pytest.raises(ValueError, match="give a bind_key"):
        SimulatedBlePeripheral(secret, ADDRESS, VirtualRadio(), TruthLog())


@pytest.mark.parametrize(
    ("object_id", "raw", "data"),
    [
        (0x02, 25.06, "02ca09"),
        (0x02, 400.0, "02ff7f"),
        (0x03, -5.0, "030000"),
        (0x05, 13460.67, "05138a14"),
        (0x21, True, "2101"),
        (0x53, "Hi", "53024869"),
    ],
)
def test_objects_are_written_as_the_format_says(
    object_id: int, raw: float | bool | str, data: str
) -> None:
    assert ble_encode.bthome_object(object_id, raw).data.hex() == data


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(EncodeError, match="0xEE is not a BTHome object id"):
        ble_encode.bthome_object(0xEE, 1.0)
    with pytest.raises(EncodeError, match="cannot be sent as a number"):
        ble_encode.bthome_object(0x02, float("nan"))
