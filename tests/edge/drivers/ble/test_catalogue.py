"""Every BLE profile of the catalogue: its examples decode, and its simulator is understood."""

import pytest

from device_profiles.loader import load_catalogue
from device_profiles.protocols.ble import BleProfile
from edge.drivers.ble import bthome, codec
from edge.drivers.ble.device import BleDevice
from simulators.devices.ble_peripheral import SimulatedBlePeripheral
from simulators.virtual_radio import VirtualRadio
from tests._parts.sink import MemorySink
from tests.edge.drivers.ble.conftest import KEY, Delivered, address_of, hasty, running
from tests.edge.drivers.ble.test_codec import NOW

PROFILES = [p for p in load_catalogue().values() if isinstance(p, BleProfile)]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
def test_examples_decode(profile: BleProfile) -> None:
    for example in profile.examples:
        if example.service_data is not None:
            packet = bthome.decode(bytes.fromhex(example.service_data), address=address_of(1))
            readings, errors = codec.packet_readings("d", profile.points, packet, NOW)
        else:
            points = {
                name: point
                for name, point in profile.points.items()
                if point.characteristic == example.characteristic
            }
            value = bytes.fromhex(example.value or "")
            readings, errors = codec.characteristic_readings("d", points, value, NOW)
        assert not errors
        assert {r.point: r.value for r in readings} == example.readings


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
async def test_the_simulated_device_is_understood(profile: BleProfile, radio: VirtualRadio) -> None:
    delivered = Delivered()
    key = KEY if profile.bthome_encrypted else None
    peripheral = SimulatedBlePeripheral(
        profile, address_of(1), radio, delivered, bind_key=key, interval_s=0.03
    )
    await peripheral.start()
    device = BleDevice("d", profile, address_of(1), key)
    async with running(hasty(radio), [device], MemorySink()) as sink:
        await sink.until(lambda s: {r.point for r in s.readings} == set(profile.points))
        await peripheral.stop()
    values = {name: value for line in delivered.lines for name, value in line["values"].items()}
    assert {r.point: r.value for r in sink.readings} == values
    assert not sink.device_errors
