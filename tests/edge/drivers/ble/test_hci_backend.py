import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from device_profiles.protocols.ble import BleProfile
from edge.drivers.ble.hci_backend import HciClient, HciScanner, HciStack, open_stack
from simulators.devices import ble_encode
from simulators.virtual_radio import VirtualRadio
from tests._parts.patience import PATIENCE_S
from tests.edge.drivers.ble.conftest import LIGHT, PAGE, READER, SERVICE, address_of

PUSH = "7a1c0009-4c63-4f6e-9d0b-2f5a1e6b8c01"
PUSHED = BleProfile.model_validate(
    READER.model_dump(exclude_none=True)
    | {"commands": {"push": {"service": SERVICE, "characteristic": PUSH, "type": "bytes"}}}
)
Place = Callable[..., Any]


def client(stack: HciStack, number: int, **more: Any) -> BleakClient:
    return BleakClient(address_of(number), backend=HciClient, stack=stack, **more)


async def test_bleak_s_own_client_reads_writes_and_subscribes(
    radio: VirtualRadio, place: Place
) -> None:
    peripheral, _ = await place(PUSHED)
    async with open_stack(radio.transport, 5) as stack, client(stack, 1) as connected:
        assert connected.is_connected
        assert connected.mtu_size == 247
        assert connected.name == address_of(1)
        assert await connected.read_gatt_char(LIGHT) == b"\0"
        await connected.write_gatt_char(PUSH, b"hello", response=True)
        assert peripheral.written == {"push": b"hello"}
        notified: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        await connected.start_notify(PAGE, lambda _sender, value: notified.set_result(bytes(value)))
        await peripheral.update({"page": 3.0})
        assert await asyncio.wait_for(notified, PATIENCE_S) == b"\x03\0\0"
        await connected.stop_notify(PAGE)
        (descriptor,) = connected.services.get_characteristic(PAGE).descriptors  # type: ignore[union-attr] # it is there
        assert await connected.read_gatt_descriptor(descriptor.handle) == b"\0\0"
        with pytest.raises(BleakGATTProtocolError, match=r"Read Not Permitted|not permitted"):
            await connected.read_gatt_char(PUSH)
        radio.disconnect(address_of(1))
        with pytest.raises(BleakError, match=r"lost|[Nn]ot connected"):
            await connected.read_gatt_char(LIGHT)


async def test_who_gives_up_connecting_leaves_no_slot_taken(
    radio: VirtualRadio, place: Place
) -> None:
    peripheral, _ = await place(READER)
    async with open_stack(radio.transport, 5) as stack:
        for _ in range(3):
            with pytest.raises(BleakDeviceNotFoundError):
                await client(stack, 99, timeout=0.05).connect()
        for _ in range(3):
            attempt = asyncio.create_task(client(stack, 99, timeout=20).connect())
            await stack.ask(5)  # the controller answers in order: it is connecting by now
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
        (controller,) = radio.link.gateways()
        assert controller.pending_le_connection is None
        assert not controller.le_connections
        async with client(stack, 1):
            assert peripheral.connections == 1
        assert not controller.le_connections


async def test_connections_wait_for_one_another(radio: VirtualRadio, place: Place) -> None:
    for number in range(1, 6):
        await place(READER, number)
    async with open_stack(radio.transport, 5) as stack:
        clients = [client(stack, number) for number in range(1, 6)]
        await asyncio.gather(*(client.connect() for client in clients))
        assert all(client.is_connected for client in clients)
        await asyncio.gather(*(client.disconnect() for client in clients))
        assert not any(client.is_connected for client in clients)


async def test_every_part_of_an_advertisement_is_read(radio: VirtualRadio, place: Place) -> None:
    peripheral, _ = await place(READER)
    name = b"\x05\x09room"
    uuids = b"\x03\x03\x0f\x18" + b"\x11\x07" + bytes(range(16))
    maker = b"\x05\xff\x34\x12ab"
    power = b"\x02\x0a\xf8"
    await peripheral._advertising.set_advertising_data(
        name
        + uuids
        + maker
        + power
        + b"\x12\x21"
        + bytes(16)
        + b"!"
        + ble_encode.advertisement(b"\x40")
    )
    async with (
        open_stack(radio.transport, 5) as stack,
        BleakScanner(backend=HciScanner, stack=stack) as scanner,
    ):
        device, data = await anext(scanner.advertisement_data())
    assert device.address == address_of(1)
    assert data.local_name == "room"
    assert data.manufacturer_data == {0x1234: b"ab"}
    assert data.tx_power == -8
    assert data.service_uuids == [
        "0000180f-0000-1000-8000-00805f9b34fb",
        "0f0e0d0c-0b0a-0908-0706-050403020100",
    ]
    assert data.service_data["0000fcd2-0000-1000-8000-00805f9b34fb"] == b"\x40"
    assert data.service_data["00000000-0000-0000-0000-000000000000"] == b"!"


async def test_a_wedged_controller_is_dead_after_one_question(radio: VirtualRadio) -> None:
    async with open_stack(radio.transport, 5) as stack:
        await stack.ask(5)
        assert not stack.is_dead
        radio.wedge()
        with pytest.raises(TimeoutError):
            await stack.ask(0.05)
        assert stack.is_dead
