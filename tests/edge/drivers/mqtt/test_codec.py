import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from device_profiles.protocols.mqtt import MqttProfile
from device_profiles.reading import Quality, Value
from edge.drivers.mqtt.codec import Decoded, decode, routes, split_path, topics
from edge.drivers.mqtt.device import MqttDevice

ARRIVED = datetime(2026, 9, 1, 2, 15, 30, tzinfo=UTC)
POINTS: dict[str, dict[str, Any]] = {
    "power": {"path": "power.now", "quantity": "power", "unit": "W"},
    "on": {"path": "on", "type": "bool", "quantity": "switch"},
    "state": {"path": "state", "type": "string", "quantity": "state"},
}


def device(points: dict[str, dict[str, Any]] | None = None, **keys: Any) -> MqttDevice:
    described = {
        name: {"topic": "t/{device}/state"} | point for name, point in (points or POINTS).items()
    }
    profile = MqttProfile.model_validate(
        {
            "id": "test-device",
            "vendor": "Test",
            "model": "Device",
            "title": {"en": "test device"},
            "category": "display",
            "source": "synthetic",
            "protocol": "mqtt",
            "points": described,
            "examples": [
                {"source": "synthetic", "topic": "t/{device}/state", "payload": {}, "readings": {}}
            ],
            **keys,
        }
    )
    return MqttDevice("display-1", profile, "d1")


def decoded_from(payload: Any, **keys: Any) -> Decoded:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    retained = keys.pop("retained", False)
    return decode(device(**keys), "t/d1/state", raw, ARRIVED, retained=retained)


def values(decoded: Decoded) -> dict[str, Value]:
    return {reading.point: reading.value for reading in decoded.readings}


def test_a_payload_becomes_readings_of_the_time_of_arrival() -> None:
    decoded = decoded_from({"power": {"now": 142.5, "max": 9}, "on": True, "state": "in_use"})
    assert values(decoded) == {"power": 142.5, "on": True, "state": "in_use"}
    assert {(r.device, r.observed_at, r.quality) for r in decoded.readings} == {
        ("display-1", ARRIVED, Quality.GOOD)
    }
    assert not decoded.has_own_time


def test_a_partial_update_and_null_are_no_errors() -> None:
    decoded = decoded_from({"on": False, "state": None})
    assert (values(decoded), decoded.errors) == ({"on": False}, [])


def test_topics_of_others_are_ignored() -> None:
    assert decode(device(), "t/d2/state", b"\xff", ARRIVED) == Decoded()


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("a", ["a"]),
        ("a.b.c", ["a", "b", "c"]),
        ('"switch:0".aenergy', ["switch:0", "aenergy"]),
        ("ENERGY.Power[1]", ["ENERGY", "Power", 1]),
        ("[2][0].a", [2, 0, "a"]),
        ('"a[1]".b', ["a[1]", "b"]),
        ('a."b.c".d', ["a", "b.c", "d"]),
    ],
)
def test_paths(path: str, names: list[str]) -> None:
    assert split_path(path) == tuple(names)


HOSTILE: list[tuple[str, bytes, str]] = [
    ("empty", b"", "the payload is not JSON: Expecting value"),
    ("no JSON", b"hello", "the payload is not JSON: Expecting value"),
    ("half", b'{"on": tru', "the payload is not JSON: Expecting value"),
    ("two", b"{} {}", "the payload is not JSON: Extra data"),
    ("no UTF-8", b'{"state": "\xff"}', "state (state): got a text that is not UTF-8"),
    ("no UTF-8 at all", b"\xff\x00", "the payload is not UTF-8 at byte 0"),
    ("NaN", b'{"power": {"now": NaN}}', "power (power.now): got NaN, which is not a value"),
    ("Infinity", b'{"power": {"now": -Infinity}}', "power (power.now): got -Infinity, which is"),
    ("overflow", b'{"power": {"now": 1e999}}', "power (power.now): got inf, expected a finite"),
    ("twice", b'{"on": true, "on": false}', "on (on): the payload has the member 'on' twice"),
    ("cut after a comma", b'{"on": true, "state": "in', "the payload is not JSON"),
    ("crossed brackets", b'{"on": true, "x": [1}, "y": 2]', "the payload is not JSON"),
    ("a name without quotes", b"{on: true}", "what is sound in it was read"),
    ("deep list", b"[" * 200_000, "the payload is nested too deeply"),
    ("deep object", b'{"a":' * 40_000, "the payload is nested too deeply"),
    ("huge", b'{"on": true, "x": "' + b"x" * 300_000 + b'"}', "the payload has 300021 bytes"),
    ("long number", b'{"power": {"now": ' + b"9" * 5000 + b"}}", "got a number that is too long"),
    ("large number", b'{"power": {"now": ' + b"9" * 400 + b"}}", "power (power.now): got a number"),
    ("bool", b'{"power": {"now": true}}', "power (power.now): got true, expected a number"),
    ("text", b'{"power": {"now": "12"}}', "power (power.now): got the text '12', expected a num"),
    ("number", b'{"on": 1}', "on (on): got the number 1, expected true or false"),
    ("object", b'{"state": {"a": 1}}', "state (state): got an object, expected a string value"),
    ("list", b'{"state": []}', "state (state): got a list, expected a string value"),
    ("surrogate", b'{"state": "\\ud800"}', "state (state): got half a character"),
    ("long text", b'{"state": "' + b"x" * 5000 + b'"}', "state (state): got a text of 5000 char"),
    ("nothing known", b'{"other": 1}', "the payload has none of power.now, on, state"),
    ("a list of all", b"[1, 2]", "the payload has none of power.now, on, state"),
    ("a number", b"7", "the payload has none of power.now, on, state"),
]


@pytest.mark.parametrize(
    ("payload", "message"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_a_hostile_payload_is_one_clear_sentence(payload: bytes, message: str) -> None:
    decoded = decoded_from(payload)
    assert decoded.readings == []
    (error,) = decoded.errors
    assert str(error).startswith("display-1: topic t/d1/state: ")
    assert message in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 250
    assert len(error.raw) < 70


def test_one_bad_value_does_not_cost_the_others() -> None:
    decoded = decoded_from({"power": {"now": "a lot"}, "on": True})
    assert values(decoded) == {"on": True}
    assert [error.point for error in decoded.errors] == ["power"]


PLAIN = {
    "power": {"quantity": "power", "unit": "W"},
    "on": {"quantity": "switch", "type": "bool", "values": {"ON": True, "OFF": False}},
}


@pytest.mark.parametrize(
    ("payload", "point", "value"),
    [
        (b"12.5", "power", 12.5),
        (b" 7\n", "power", 7.0),
        (b"ON", "on", True),
        (b"OFF", "on", False),
    ],
)
def test_a_payload_without_a_path_is_the_value(payload: bytes, point: str, value: Value) -> None:
    assert values(decoded_from(payload, points={point: PLAIN[point]})) == {point: value}


@pytest.mark.parametrize("payload", [b"nan", b"inf", b"1_000", "٣".encode(), b"twelve", b""])
def test_a_plain_payload_that_is_no_number_gives_no_number(payload: bytes) -> None:
    assert decoded_from(payload, points={"power": PLAIN["power"]}).readings == []


@pytest.mark.parametrize(
    ("form", "stated", "meant"),
    [
        ("iso8601", "2026-09-01T10:15:30.250+08:00", "2026-09-01T02:15:30.250000+00:00"),
        ("iso8601", "2026-09-01T02:15:30.250Z", "2026-09-01T02:15:30.250000+00:00"),
        ("unix_s", 1788228930.5, "2026-09-01T02:15:30.500000+00:00"),
        ("unix_ms", 1788228930500, "2026-09-01T02:15:30.500000+00:00"),
    ],
)
def test_a_payload_may_state_when_its_values_were_true(form: str, stated: Any, meant: str) -> None:
    decoded = decoded_from({"on": True, "ts": stated}, time={"path": "ts", "format": form})
    assert [r.observed_at for r in decoded.readings] == [datetime.fromisoformat(meant)]
    assert [r.quality for r in decoded.readings] == [Quality.GOOD]
    assert decoded.has_own_time
    assert decoded.errors == []


@pytest.mark.parametrize(
    ("form", "stated", "message"),
    [
        ("iso8601", "1970-01-01T00:00:12Z", "the device's clock is wrong, it shows 1970-01-01"),
        ("iso8601", "2026-09-01T02:15:30", "it has no time zone"),
        ("iso8601", "yesterday", "ts: yesterday is not a time, expected iso8601"),
        ("iso8601", 12, "it is no text"),
        ("iso8601", "0001-01-01T00:00:00+08:00", "is not a time"),
        ("unix_s", True, "it is no number"),
        ("unix_s", "1788228930", "it is no number"),
        ("unix_s", 1e300, "is not a time, expected unix_s"),
        ("unix_ms", 10**400, "is not a time, expected unix_ms"),
        ("unix_s", {"a": 1}, "an object is not a time"),
        ("unix_s", None, "it is no number"),
    ],
)
def test_a_wrong_device_time_gives_way_to_that_of_arrival(
    form: str, stated: Any, message: str
) -> None:
    decoded = decoded_from({"on": True, "ts": stated}, time={"path": "ts", "format": form})
    assert [(r.observed_at, r.quality) for r in decoded.readings] == [(ARRIVED, Quality.UNCERTAIN)]
    assert not decoded.has_own_time
    (error,) = decoded.errors
    assert message in str(error)
    assert "the time of arrival is used" in str(error)


@pytest.mark.parametrize(
    ("form", "stated"),
    [
        ("iso8601", "2026-09-01T10:15:30Z"),  # local time of China, labelled UTC
        ("iso8601", "2026-09-01T02:21:00Z"),
        ("iso8601", "2036-02-07T06:28:16Z"),
        ("unix_s", 1788228930 + 8 * 3600),  # seconds of local time
        ("unix_ms", 4_294_967_295_000),
    ],
)
def test_t1a_a_device_clock_ahead_is_bad_quality_under_the_time_of_arrival(
    form: str, stated: Any
) -> None:
    decoded = decoded_from({"on": True, "ts": stated}, time={"path": "ts", "format": form})
    assert [(r.observed_at, r.quality) for r in decoded.readings] == [(ARRIVED, Quality.BAD)]
    assert not decoded.has_own_time
    (error,) = decoded.errors
    assert "the device's clock is wrong, it shows" in str(error)


def test_a_device_clock_five_minutes_ahead_is_believed() -> None:
    stated = (ARRIVED + timedelta(minutes=5)).isoformat()
    decoded = decoded_from({"on": True, "ts": stated}, time={"path": "ts"})
    assert [(r.observed_at, r.quality) for r in decoded.readings] == [
        (ARRIVED + timedelta(minutes=5), Quality.GOOD)
    ]


def test_a_device_time_cannot_be_judged_before_the_gateways_own_clock_is_set() -> None:
    boot = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    described = device(time={"path": "ts"})
    decoded = decode(described, "t/d1/state", b'{"on":true,"ts":"2026-09-01T02:15:30Z"}', boot)
    assert [(r.observed_at, r.quality) for r in decoded.readings] == [(boot, Quality.UNCERTAIN)]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "+08:00"])
@pytest.mark.parametrize(
    "stated", ["2026-09-01T10:15:30", "2026-09-01 10:15:30", "2026-09-01T02:15:30Z"]
)
def test_naive_local_time_is_read_by_the_profiles_zone(zone: str, stated: str) -> None:
    rule = {"path": "ts", "zone": zone}
    decoded = decoded_from({"on": True, "ts": stated}, time=rule)
    assert [(r.observed_at, r.quality) for r in decoded.readings] == [(ARRIVED, Quality.GOOD)]


def test_a_local_time_that_may_mean_two_moments_is_not_guessed() -> None:
    rule = {"path": "ts", "zone": "Europe/Berlin"}
    decoded = decoded_from({"on": True, "ts": "2025-10-26T02:30:00"}, time=rule)
    assert [r.quality for r in decoded.readings] == [Quality.UNCERTAIN]
    assert "it may mean two moments" in str(decoded.errors[0])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"zone": "Asia/Shangai"}, "is no time zone; use a name such as Asia/Shanghai, or +08:00"),
        ({"zone": "../etc/passwd"}, "is no time zone"),
        ({"zone": "+08:00", "format": "unix_s"}, "unix_s counts from 1970 in UTC"),
    ],
)
def test_a_wrong_zone_is_refused(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        device(time={"path": "ts", **keys})


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "a[", "a[x]", "a[-1]", "a[1]b", 'a"b"'])
def test_a_wrong_path_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="is no path; use names joined by dots"):
        device({"on": {"path": path, "type": "bool", "quantity": "switch"}})


def test_a_missing_time_is_reported() -> None:
    decoded = decoded_from({"on": True}, time={"path": "ts"})
    assert "the payload has no time (ts)" in str(decoded.errors[0])


def test_retained_state_counts_only_with_a_time_of_its_own() -> None:
    assert decoded_from({"on": True}, retained=True).readings == []
    stated = {"on": True, "ts": (ARRIVED - timedelta(hours=5)).isoformat()}
    decoded = decoded_from(stated, time={"path": "ts"}, retained=True)
    assert [r.observed_at for r in decoded.readings] == [ARRIVED - timedelta(hours=5)]


@pytest.mark.parametrize(
    ("payload", "is_online"),
    [(b"online", True), (b"offline", False), (b"asleep", None), (b"", None)],
)
def test_presence(payload: bytes, is_online: bool | None) -> None:
    present = device(
        presence={"topic": "t/{device}/presence", "online": "online", "offline": "offline"}
    )
    decoded = decode(present, "t/d1/presence", payload, ARRIVED, retained=True)
    assert (decoded.is_online, decoded.readings, decoded.errors) == (is_online, [], [])


def test_presence_in_json() -> None:
    present = device(
        presence={"topic": "t/{device}/lwt", "path": "up", "online": True, "offline": False}
    )
    assert decode(present, "t/d1/lwt", b'{"up": true}', ARRIVED).is_online is True
    assert decode(present, "t/d1/lwt", b'{"up": false}', ARRIVED).is_online is False
    assert decode(present, "t/d1/lwt", b'{"up": [1]}', ARRIVED).is_online is None
    assert decode(present, "t/d1/lwt", b"{", ARRIVED) == Decoded()


@pytest.mark.parametrize("path", [None, "state"])
@pytest.mark.parametrize(
    ("payload", "is_online"),
    [
        (b"online", True),
        (b" Offline\n", False),
        (b'"online"', True),
        (b'{"state": "offline"}', False),
        (b'{"state": "online", "since": 5}', True),
        (b'{"availability": "online"}', True),
        (b'{"is": "online", "was": "offline"}', None),
        (b"[]", None),
        (b"1", None),
        (b"\xff", None),
    ],
)
def test_q4a_presence_is_read_plain_and_in_json_whichever_the_profile_names(
    path: str | None, payload: bytes, is_online: bool | None
) -> None:
    keys = {"online": "online", "offline": "offline", "path": path}
    present = device(presence={"topic": "t/{device}/availability"} | keys)
    decoded = decode(present, "t/d1/availability", payload, ARRIVED)
    assert decoded.is_online is is_online
    assert (decoded.errors == []) is (payload != b"\xff")


def test_every_topic_is_asked_for_once() -> None:
    present = device(
        presence={"topic": "t/{device}/presence", "online": "online", "offline": "offline"}
    )
    assert topics(present) == ["t/d1/state", "t/d1/presence"]
    assert routes([present]) == {"t/d1/state": [present], "t/d1/presence": [present]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["power", "now", "on", "state", "ts"]) | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.binary(max_size=300) | JSON.map(lambda tree: json.dumps(tree).encode()), st.booleans())
def test_no_payload_raises(payload: bytes, retained: bool) -> None:
    decoded = decoded_from(payload, time={"path": "ts", "format": "unix_s"}, retained=retained)
    for reading in decoded.readings:
        assert isinstance(reading.value, {"power": float, "on": bool, "state": str}[reading.point])
        str(reading.value).encode()
    for error in decoded.errors:
        str(error).encode()


@given(st.binary(max_size=100))
def test_no_plain_payload_raises(payload: bytes) -> None:
    decoded_from(payload, points=PLAIN)
