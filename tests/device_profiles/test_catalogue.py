"""Every profile and every example of it, found by walking the catalogue.

A new file in the catalogue gets these tests without a line written here. `CAMPUS_PROFILES` names a
further folder, so that a maker of devices can run them over files of their own.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device_profiles.loader import CATALOG, Catalogue, check_catalogue
from device_profiles.protocols.ble import BleExample, BleProfile
from device_profiles.protocols.modbus import ModbusExample, ModbusProfile
from device_profiles.protocols.mqtt import MqttExample, MqttProfile
from device_profiles.reading import Reading, Value
from device_profiles.schema import DeviceProfile, Example
from device_profiles.usage import reachable_states, state_of
from edge.drivers.ble.bthome import decode as decode_bthome
from edge.drivers.ble.codec import characteristic_readings, packet_readings
from edge.drivers.modbus.codec import decode as decode_modbus
from edge.drivers.mqtt.codec import decode as decode_mqtt
from edge.drivers.mqtt.codec import topic_of
from edge.drivers.mqtt.device import MqttDevice
from tests._parts.mqtt_payload import sent_as

ARRIVED = datetime(2026, 9, 1, 2, 15, 30, tzinfo=UTC)


def catalogue() -> Catalogue:
    further = os.environ.get("CAMPUS_PROFILES")
    found, faults = check_catalogue(CATALOG, *([Path(further)] if further else []))
    assert not faults, "\n".join(map(str, faults))
    return found


PROFILES = catalogue()
EXAMPLES = [
    pytest.param(profile, example, id=f"{profile.id}-{number}")
    for profile in PROFILES.values()
    for number, example in enumerate(profile.examples)
]


def values_of(readings: Iterable[Reading]) -> dict[str, Value]:
    return {reading.point: reading.value for reading in readings}


def decoded(profile: DeviceProfile, example: Example) -> tuple[dict[str, Value], list[Exception]]:
    """Return what the gateway's own codec makes of an example."""
    if isinstance(profile, ModbusProfile):
        assert isinstance(example, ModbusExample)
        words = {
            start + offset: word
            for start, block in example.registers.items()
            for offset, word in enumerate(block)
        }
        bits = {address: int(bit) for address, bit in example.coils.items()}
        tables = {"holding": words, "input": words, "coil": bits, "discrete": bits}
        told = decode_modbus("d", profile.points, tables)  # type: ignore[arg-type]  # literal keys
        return told.values, list(told.errors)
    if isinstance(profile, MqttProfile):
        assert isinstance(example, MqttExample)
        device = MqttDevice("d", profile, "the-device")
        topic = topic_of(example.topic, device)
        heard = decode_mqtt(device, topic, sent_as(example.payload), ARRIVED)
        stated = example.observed_at
        moment = ARRIVED if stated is None else datetime.fromisoformat(stated)
        assert {reading.observed_at for reading in heard.readings} == {moment}
        return values_of(heard.readings), list(heard.errors)
    assert isinstance(profile, BleProfile)
    assert isinstance(example, BleExample)
    if example.service_data is not None:
        packet = decode_bthome(bytes.fromhex(example.service_data), address="F0:00:00:00:00:01")
        readings, errors = packet_readings("d", profile.points, packet, ARRIVED)
    else:
        behind = {
            name: point
            for name, point in profile.points.items()
            if point.characteristic == example.characteristic
        }
        readings, errors = characteristic_readings(
            "d", behind, bytes.fromhex(example.value or ""), ARRIVED
        )
    return values_of(readings), list(errors)


@pytest.mark.parametrize(("profile", "example"), EXAMPLES)
def test_the_gateway_reads_every_example_as_it_is_written(
    profile: DeviceProfile, example: Example
) -> None:
    values, errors = decoded(profile, example)
    assert errors == []
    assert values == example.readings
    assert {name: type(v) for name, v in values.items()} == {
        name: type(v) for name, v in example.readings.items()
    }


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_every_point_has_an_example(profile: DeviceProfile) -> None:
    shown = {name for example in profile.examples for name in example.readings}
    assert set(profile.points) == shown


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_every_profile_has_both_titles_and_can_be_played(profile: DeviceProfile) -> None:
    assert set(profile.title) == {"zh", "en"}
    assert profile.simulation is not None
    if profile.protocol != "modbus":
        assert profile.simulation.period_s is not None


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_the_simulation_shows_the_states_that_the_rule_can_tell(profile: DeviceProfile) -> None:
    rule = profile.usage
    if rule is None or profile.simulation is None:
        return
    played = profile.simulation.points[rule.point]
    assert isinstance(played, dict)
    for state in reachable_states(rule) - {"unobserved"}:
        given = played[state]  # type: ignore[index]  # unobserved was taken out
        for value in given if isinstance(given, list) else [given]:
            spoken = (
                float(value) if isinstance(value, int) and not isinstance(value, bool) else value
            )
            assert state_of(rule, spoken) == state


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_silence_is_noticed_but_not_at_every_hiccup(profile: DeviceProfile) -> None:
    """A device may miss two messages, and no more than eleven minutes, before it is unobserved."""
    rule = profile.usage
    if rule is None:
        return
    point = profile.points[rule.point]
    period = getattr(point, "poll_s", None) if profile.protocol == "modbus" else None
    if period is None and profile.simulation is not None:
        period = profile.simulation.period_s
    assert period is not None
    assert 3 * period <= rule.max_gap_s <= 900


def test_the_catalogue_is_as_large_and_as_wide_as_promised() -> None:
    assert len(PROFILES) >= 16
    assert {p.category for p in PROFILES.values()} == {
        "display",
        "recorder",
        "instrument",
        "epaper",
        "meter",
        "environment",
        "computer",
    }
    assert {p.protocol for p in PROFILES.values()} == {"mqtt", "modbus", "ble"}
