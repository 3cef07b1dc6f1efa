import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.loader import load_catalogue
from device_profiles.protocols.modbus import ModbusPoint, ModbusProfile
from device_profiles.protocols.mqtt import MqttProfile, MqttTime
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile
from edge.drivers.modbus import codec as modbus_codec
from edge.drivers.mqtt import codec as mqtt_codec
from edge.drivers.mqtt.device import MqttDevice
from simulators.devices import encode
from simulators.errors import EncodeError

PROFILES = load_catalogue()
MODBUS = [p for p in PROFILES.values() if isinstance(p, ModbusProfile)]
MQTT = [p for p in PROFILES.values() if isinstance(p, MqttProfile)]
NOW = datetime(2026, 9, 1, 2, 15, 30, 250_499, tzinfo=UTC)
ORDERS = st.sampled_from(["ABCD", "CDAB", "BADC", "DCBA"])
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def name_of(profile: DeviceProfile) -> str:
    return profile.id


def decoded(point: ModbusPoint, words: list[int]) -> Value | None:
    table = {point.address + offset: word for offset, word in enumerate(words)}
    result = modbus_codec.decode("d", {"p": point}, {point.register_: table})
    assert result.errors == []
    return result.values.get("p")


def point_of(**keys: Any) -> ModbusPoint:
    return ModbusPoint.model_validate(
        {"address": 7, "quantity": "power", "unit": "W", "scale": 1.0} | keys
    )


@given(
    value=NUMBERS,
    kind=st.sampled_from(
        ["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
    ),
    order=ORDERS,
    scale=st.sampled_from([1.0, 0.1, 0.01, 0.001, 10.0]),
    offset=st.sampled_from([0.0, -40.0, 0.5]),
)
def test_a_gateway_decodes_the_number_that_was_said(
    value: float, kind: str, order: str, scale: float, offset: float
) -> None:
    point = point_of(type=kind, byte_order=order, scale=scale, offset=offset)
    words, said = encode.words_of(point, value)
    assert len(words) == point.count
    assert decoded(point, words) == said


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
@pytest.mark.parametrize("order", ["ABCD", "CDAB", "BADC", "DCBA"])
def test_a_gateway_decodes_the_text_that_was_said(order: str, text: str) -> None:
    text = text.strip()
    point = point_of(type="string", length=20, byte_order=order, quantity="text", unit="")
    words, said = encode.words_of(point, text)
    assert decoded(point, words) == (str(said).strip() or None)


@given(on=st.booleans(), bit=st.integers(0, 15), order=ORDERS)
def test_a_bit_of_a_register(on: bool, bit: int, order: str) -> None:
    point = point_of(quantity="switch", unit="", bit=bit)
    words, said = encode.words_of(point, on)
    assert said is on
    assert decoded(point, words) is on


def test_bits_of_one_register_stand_together() -> None:
    points = {
        name: point_of(quantity="switch", unit="", bit=bit)
        for name, bit in (("a", 0), ("b", 3), ("c", 5))
    }
    tables = encode.registers(points, {"a": True, "b": False, "c": True})
    assert tables.words == {"holding": {7: 0b100001}}


def test_a_number_is_clipped_and_never_the_word_for_nothing() -> None:
    point = point_of(type="uint16", invalid=[0xFFFF])
    assert encode.words_of(point, 1e9) == ([0xFFFE], 65534.0)
    signed = point_of(type="int16", invalid=[0x8000])
    assert encode.words_of(signed, -1e9) == ([0x8001], -32767.0)


def test_text_is_cut_between_characters() -> None:
    point = point_of(type="string", length=2, quantity="text", unit="")
    assert encode.words_of(point, "一二") == ([0xE4B8, 0x8000], "一")


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        ({"values": {"0": "idle"}, "quantity": "state", "unit": ""}, "off", "'off' is not among"),
        ({}, "much", "the text 'much' is not a number|could not convert"),
        ({"register": "coil", "quantity": "text", "unit": ""}, "on", "is not one bit"),
    ],
)
def test_what_cannot_be_said_is_refused(keys: dict[str, Any], value: Value, problem: str) -> None:
    with pytest.raises(EncodeError, match=problem):
        encode.words_of(point_of(**keys), value)


@pytest.mark.parametrize("profile", MODBUS, ids=name_of)
def test_every_modbus_example_is_said_as_it_was_captured(profile: ModbusProfile) -> None:
    for example in profile.examples:
        tables = encode.registers(profile.points, example.readings)
        assert tables.values == example.readings
        result = modbus_codec.decode("d", profile.points, tables.words)
        assert {name: result.values[name] for name in example.readings} == example.readings


@pytest.mark.parametrize("profile", MQTT, ids=name_of)
def test_every_mqtt_example_is_said_as_it_was_captured(profile: MqttProfile) -> None:
    device = MqttDevice("d", profile, "dev-1")
    for example in profile.examples:
        message = encode.message(profile, example.topic, "dev-1", example.readings, NOW)
        result = mqtt_codec.decode(device, message.topic, message.payload, NOW)
        assert result.errors == []
        values = {reading.point: reading.value for reading in result.readings}
        assert message.values == example.readings
        assert {name: values[name] for name in example.readings} == example.readings
        stated = message.observed_at or NOW
        assert {reading.observed_at for reading in result.readings} == {stated}


@pytest.mark.parametrize("profile", MQTT, ids=name_of)
def test_a_payload_looks_like_the_example(profile: MqttProfile) -> None:
    example = profile.examples[0]
    message = encode.message(profile, example.topic, "dev-1", example.readings, NOW)
    if isinstance(example.payload, dict):
        assert set(json.loads(message.payload)) == set(example.payload)


def test_a_topic_of_plain_text() -> None:
    profile = PROFILES["tasmota-plug"]
    assert isinstance(profile, MqttProfile)
    said = encode.messages(profile, "plug-1", {"output": True, "active_power": 9.5}, NOW)
    assert [message.topic for message in said] == ["tele/plug-1/SENSOR", "stat/plug-1/POWER"]
    assert said[1].payload == b"ON"
    tree = json.loads(said[0].payload)
    assert tree["ENERGY"]["Power"] == 9.5
    assert tree["ENERGY"]["Yesterday"] == 0.054


@pytest.mark.parametrize(
    ("form", "shown", "stated"),
    [
        ("iso8601", "2026-09-01T02:15:30.250Z", NOW.replace(microsecond=250_000)),
        ("unix_s", 1788228930, NOW.replace(microsecond=0)),
        ("unix_ms", 1788228930250, NOW.replace(microsecond=250_000)),
    ],
)
def test_a_time_is_stated_as_the_profile_says(
    form: str, shown: str | int, stated: datetime
) -> None:
    display = PROFILES["campus-interactive-display"]
    assert isinstance(display, MqttProfile)
    rule = MqttTime.model_validate({"path": '"t.s".now', "format": form})
    described = display.model_copy(update={"time": rule})
    message = encode.message(described, "campus/{device}/state", "d", {"power_on": True}, NOW)
    assert json.loads(message.payload)["t.s"] == {"now": shown}
    assert message.observed_at == stated


@given(st.lists(st.text("ab.", min_size=1).filter(lambda name: name.strip(".")), min_size=1))
def test_paths_split_as_the_gateway_splits_them(names: list[str]) -> None:
    path = ".".join(f'"{name}"' if "." in name else name for name in names)
    assert encode.split_path(path) == list(mqtt_codec.split_path(path)) == names


def test_presence_is_said_in_its_own_place() -> None:
    display = PROFILES["campus-interactive-display"]
    assert isinstance(display, MqttProfile)
    assert display.presence is not None
    assert encode.presence_payload(display.presence, is_online=False) == b"offline"
    nested = display.presence.model_copy(update={"path": "a.b", "online": 1})
    assert json.loads(encode.presence_payload(nested, is_online=True)) == {"a": {"b": 1}}
