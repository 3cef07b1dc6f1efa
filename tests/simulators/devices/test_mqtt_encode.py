import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.loader import load_catalogue
from device_profiles.protocols.mqtt import MqttProfile, MqttTime
from device_profiles.schema import DeviceProfile
from edge.drivers.mqtt import codec as mqtt_codec
from edge.drivers.mqtt.device import MqttDevice
from simulators.devices import mqtt_encode

PROFILES = load_catalogue()
MQTT = [p for p in PROFILES.values() if isinstance(p, MqttProfile)]
NOW = datetime(2026, 9, 1, 2, 15, 30, 250_499, tzinfo=UTC)


def name_of(profile: DeviceProfile) -> str:
    return profile.id


@pytest.mark.parametrize("profile", MQTT, ids=name_of)
def test_every_mqtt_example_is_encoded_as_it_was_captured(profile: MqttProfile) -> None:
    device = MqttDevice("d", profile, "dev-1")
    for example in profile.examples:
        message = mqtt_encode.message(profile, example.topic, "dev-1", example.readings, NOW)
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
    message = mqtt_encode.message(profile, example.topic, "dev-1", example.readings, NOW)
    if isinstance(example.payload, dict):
        assert set(json.loads(message.payload)) == set(example.payload)


def test_a_topic_of_plain_text() -> None:
    profile = PROFILES["tasmota-plug"]
    assert isinstance(profile, MqttProfile)
    messages = mqtt_encode.messages(profile, "plug-1", {"output": True, "active_power": 9.5}, NOW)
    assert [message.topic for message in messages] == ["tele/plug-1/SENSOR", "stat/plug-1/POWER"]
    assert messages[1].payload == b"ON"
    tree = json.loads(messages[0].payload)
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
    message = mqtt_encode.message(described, "campus/{device}/state", "d", {"power_on": True}, NOW)
    assert json.loads(message.payload)["t.s"] == {"now": shown}
    assert message.observed_at == stated


@given(st.lists(st.text("ab.", min_size=1).filter(lambda name: name.strip(".")), min_size=1))
def test_paths_split_as_the_gateway_splits_them(names: list[str]) -> None:
    path = ".".join(f'"{name}"' if "." in name else name for name in names)
    assert mqtt_encode.split_path(path) == list(mqtt_codec.split_path(path)) == names


def test_arrays_and_numbers_as_text_are_sent_as_the_gateway_reads_them() -> None:
    power = {"quantity": "power", "unit": "W", "topic": "t/{device}"}
    described = MqttProfile.model_validate(
        {
            "id": "test-two",
            "vendor": "Test",
            "model": "Two",
            "title": {"en": "two"},
            "category": "meter",
            "source": "synthetic",
            "protocol": "mqtt",
            "time": {"path": "Time", "zone": "Asia/Shanghai"},
            "points": {
                "power_1": power | {"path": "ENERGY.Power[0]"},
                "power_2": power | {"path": "ENERGY.Power[1]", "number": "text"},
            },
            "examples": [
                {"source": "synthetic", "topic": "t/{device}", "payload": {}, "readings": {}}
            ],
        }
    )
    values = {"power_1": 23.63, "power_2": 67.5}
    message = mqtt_encode.message(described, "t/{device}", "d", values, NOW)
    tree = json.loads(message.payload)
    assert tree["ENERGY"] == {"Power": [23.63, "67.5"]}
    assert tree["Time"] == "2026-09-01T10:15:30.250"
    decoded = mqtt_codec.decode(MqttDevice("d", described, "d"), "t/d", message.payload, NOW)
    assert {reading.point: reading.value for reading in decoded.readings} == values
    assert {reading.observed_at for reading in decoded.readings} == {message.observed_at}


def test_presence_is_encoded_in_its_own_place() -> None:
    display = PROFILES["campus-interactive-display"]
    assert isinstance(display, MqttProfile)
    assert display.presence is not None
    assert mqtt_encode.presence_payload(display.presence, is_online=False) == b"offline"
    nested = display.presence.model_copy(update={"path": "a.b", "online": 1})
    assert json.loads(mqtt_encode.presence_payload(nested, is_online=True)) == {"a": {"b": 1}}
