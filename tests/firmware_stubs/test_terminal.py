"""The firmware of the e-paper terminal on the virtual radio, reached by another central."""

import asyncio
from pathlib import Path

from bumble.device import Device, Peer
from bumble.hci import Address
from bumble.transport import open_transport

from simulators.virtual_radio import VirtualRadio
from tests._parts.firmware import Firmware, on_the_air
from tests._parts.patience import PATIENCE_S

ADDRESS = "F0:00:00:00:00:09"
SESSION, FRONT_LIGHT, CONTENT = (f"7C1F000{n}-5A3B-4E8D-9B52-3D0C6A1E9F40" for n in (2, 3, 4))


def terminal(build: Path, folder: Path) -> Firmware:
    firmware = Firmware(build / "terminal", folder, {"period_ms": 50, "session_ms": 300})
    firmware.measure(battery=76, light=385.4, pages=1287)
    return firmware


async def test_a_session_is_notified_and_commands_are_carried_out(
    build: Path, tmp_path: Path
) -> None:
    firmware = terminal(build, tmp_path)
    async with VirtualRadio() as radio, on_the_air(firmware, radio, ADDRESS):
        transport = await open_transport(radio.transport)
        address = Address.generate_static_address()
        central = Device.with_hci("phone", address, transport.source, transport.sink)
        await central.power_on()
        peer = Peer(await central.connect(Address(ADDRESS), timeout=PATIENCE_S))
        await peer.discover_services()
        await peer.discover_characteristics()
        offered = {str(c.uuid).upper(): c for s in peer.services for c in s.characteristics}
        assert {SESSION, FRONT_LIGHT, CONTENT} <= offered.keys()
        notified: asyncio.Queue[bytes] = asyncio.Queue()
        await peer.subscribe(offered[SESSION], notified.put_nowait)
        firmware.measure(battery=76, light=385.4, pages=1288)
        async with asyncio.timeout(PATIENCE_S):
            assert await notified.get() == b"\x01"
            assert await notified.get() == b"\x00"  # no page for as long as a session lasts
        await peer.write_value(offered[FRONT_LIGHT], b"\x23", with_response=True)
        await firmware.until(lambda: "actuate front_light 35" in firmware.lines)
        await firmware.until(lambda: "ble set 1 23" in firmware.lines)
        assert await peer.read_value(offered[FRONT_LIGHT]) == b"\x23"
        await peer.write_value(offered[CONTENT], "课文".encode(), with_response=True)
        await firmware.until(lambda: "show e8afbee69687" in firmware.lines)
        await transport.close()


async def test_what_a_write_may_not_hold_is_dropped(build: Path, tmp_path: Path) -> None:
    firmware = terminal(build, tmp_path)
    async with VirtualRadio() as radio, on_the_air(firmware, radio, ADDRESS):
        for line in (
            "write 1 65",  # 101 %
            "write 1 0102",
            "write 0 01",  # a characteristic that is not written
        ):
            firmware.write(line)
        await firmware.until(lambda: firmware.log.count("was dropped") == 3)
        for line in (
            "write 9 01",
            "write 1 0",
            "write 1 zz",
            "write",
            "x" * 5000,
            "write 2 " + "00" * 513,
        ):
            firmware.write(line)
        firmware.write("write 1 01")
        await firmware.until(lambda: "actuate front_light 1" in firmware.lines)
    assert [line for line in firmware.lines if line.startswith(("actuate", "show"))] == [
        "actuate front_light 1"
    ]


async def test_a_sensor_that_gives_nothing_leaves_its_object_out(
    build: Path, tmp_path: Path
) -> None:
    firmware = terminal(build, tmp_path)
    firmware.measure(battery=130000, light=-3)
    async with VirtualRadio() as radio, on_the_air(firmware, radio, ADDRESS):
        await firmware.until(lambda: any("advertise" in line for line in firmware.lines))
    advertised = [line for line in firmware.lines if line.startswith("ble advertise")]
    assert advertised[0] == "ble advertise 0201060c16d2fc40" + "0000" + "01ff" + "05000000"
