import asyncio

import pytest
from bumble.core import TimeoutError as BumbleTimeoutError
from bumble.device import Device
from bumble.hci import Address
from bumble.transport import open_transport

from simulators.virtual_radio import VirtualRadio
from tests._parts.patience import PATIENCE_S


async def _power_on(radio: VirtualRadio) -> Device:
    transport = await open_transport(radio.transport)
    address = Address.generate_static_address()
    device = Device.with_hci("gateway", address, transport.source, transport.sink)
    await asyncio.wait_for(device.power_on(), PATIENCE_S)
    return device


async def test_a_free_port_is_in_the_name_of_the_transport() -> None:
    async with VirtualRadio() as first, VirtualRadio() as second:
        assert first.port != second.port
        assert first.transport == f"tcp-client:127.0.0.1:{first.port}"


async def test_each_gateway_has_its_own_controller_which_goes_with_it() -> None:
    async with VirtualRadio() as radio:
        for _ in range(5):
            device = await _power_on(radio)
            assert radio.gateways == 1
            radio.hang_up()
            await radio.deserted()
            assert not radio.link.controllers
            assert device.powered_on


async def test_who_does_not_speak_hci_is_hung_up_on() -> None:
    async with VirtualRadio() as radio:
        reader, writer = await asyncio.open_connection("127.0.0.1", radio.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), PATIENCE_S)
        writer.close()
        await radio.deserted()


async def test_a_cancelled_connection_is_forgotten() -> None:
    async with VirtualRadio() as radio:
        device = await _power_on(radio)
        for _ in range(2):
            with pytest.raises((TimeoutError, BumbleTimeoutError)):
                await device.connect(Address("F0:00:00:00:00:77"), timeout=0.05)
        (controller,) = radio.link.gateways()
        assert controller.pending_le_connection is None
        radio.hang_up()


async def test_a_device_that_is_not_there_cannot_be_disconnected() -> None:
    async with VirtualRadio() as radio:
        with pytest.raises(ValueError, match="is not on this radio"):
            radio.disconnect("F0:00:00:00:00:01")
