"""A broken member is lost alone; nothing is guessed. Cases Q1a, Q1b, Q2a, Q2b and their kinds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.loader import load_catalogue
from device_profiles.protocols.mqtt import MqttProfile
from device_profiles.reading import Value
from edge.drivers.mqtt.codec import Decoded, decode
from edge.drivers.mqtt.device import MqttDevice
from edge.drivers.mqtt.payload_json import Broken, PayloadError, parse, text_of
from tests.edge.drivers.mqtt.test_codec import ARRIVED, decoded_from, values

POWER: dict[str, Any] = {"path": "power", "quantity": "power", "unit": "W"}
STATE: dict[str, Any] = {"path": "state", "type": "string", "quantity": "state"}
BOTH = {"power": POWER, "state": STATE}


def tasmota(payload: bytes) -> Decoded:
    profile = load_catalogue()["tasmota-plug"]
    assert isinstance(profile, MqttProfile)
    return decode(MqttDevice("tas", profile, "tas"), "tele/tas/SENSOR", payload, ARRIVED)


@pytest.mark.parametrize(
    "broken",
    [
        b"nan",
        b"-nan",
        b"NaN",
        b"inf",
        b"-Infinity",
        b"None",
        b"undefined",
        b"N/A",
        b"",
        b"007",
        b"+1",
        b".5",
        b"1.",
        b"0x1F",
        b"'text'",
        b'"a\nb"',
        b'"\\x41"',
        "温度".encode("gbk"),
        b'"' + "温度".encode("gbk") + b'"',
        b'"' + "誠".encode("gbk") + b'"',  # its second byte is a backslash
        b'{"a" 1}',
        b"[1 2]",
        b'{"a": [{"b": nan, c}]}',
        b"9" * 5000,
    ],
)
def test_q1a_one_broken_member_does_not_cost_the_others(broken: bytes) -> None:
    for payload in (
        b'{"SI7021-02":{"Temperature":%b,"Humidity":%b},"ENERGY":{"Total":215.6,"Power":70}}',
        b'{"ENERGY":{"Total":215.6,"Power":70},"Other":%b,"More":[1,%b]}',
        b'{ "Time" : %b , "ENERGY" : { "Total" : 215.6 , "Period" : %b , "Power" : 70 } }',
    ):
        decoded = tasmota(payload % (broken, broken))
        read = values(decoded)
        assert (read["active_power"], read["energy_import"]) == (70.0, 215.6), payload % (
            broken,
            broken,
        )


def test_q1a_a_broken_member_that_a_point_asks_for_is_named() -> None:
    decoded = decoded_from(b'{"power": nan, "state": "on"}', points=BOTH)
    assert values(decoded) == {"state": "on"}
    (error,) = decoded.errors
    assert error.point == "power"
    assert "power (power): got nan, which is not JSON" in str(error)


@pytest.mark.parametrize(
    "twice",
    [
        b'{"power": 1, "power": 2, "state": "on"}',
        b'{"power": 1, "state": "on", "power": 1}',
        b'{"power": nan, "power": 2, "state": "on"}',
    ],
)
def test_q1a_a_member_that_is_given_twice_is_lost_alone(twice: bytes) -> None:
    decoded = decoded_from(twice, points=BOTH)
    assert values(decoded) == {"state": "on"}
    assert "the payload has the member 'power' twice" in str(decoded.errors[0])


def test_what_is_broken_without_a_name_is_reported_and_the_rest_read() -> None:
    decoded = decoded_from(b'{power: 5, "state": "on"}', points=BOTH)
    assert values(decoded) == {"state": "on"}
    assert "what is sound in it was read" in str(decoded.errors[0])


def test_a_decimal_comma_is_not_taken_for_the_end_of_a_number() -> None:
    decoded = decoded_from(b'{"power": 12,5, "state": "on"}', points=BOTH)
    assert values(decoded) == {"state": "on"}
    assert {error.point for error in decoded.errors} == {"", "power"}


def test_a_name_that_is_not_utf_8_is_no_name() -> None:
    payload = b'{"' + "功率".encode("gbk") + b'": 5, "state": "on"}'
    assert values(decoded_from(payload, points=BOTH)) == {"state": "on"}


def test_utf_8_next_to_gbk_is_read() -> None:
    payload = b'{"name": "' + "教室".encode("gbk") + '", "state": "使用中"}'.encode()
    assert values(decoded_from(payload, points={"state": STATE})) == {"state": "使用中"}


@pytest.mark.parametrize(
    "payload",
    [
        b'\xef\xbb\xbf{"power":12,"voltage":234.5}',
        b'{"power":12,"voltage":234.5}\0',
        b'{"power":12,"voltage":234.5}\r\n\0\0',
        b'{"power":12,"voltage":234.5,}',
        '\ufeff{"power":12,"voltage":234.5}'.encode("utf-16-le"),
        '\ufeff{"power":12,"voltage":234.5}'.encode("utf-16-be"),
    ],
)
def test_q1b_what_surrounds_the_json_costs_nothing(payload: bytes) -> None:
    decoded = decoded_from(payload, points={"power": POWER})
    assert (values(decoded), decoded.errors) == ({"power": 12.0}, [])


def test_q1b_a_bare_value_may_have_a_mark_too() -> None:
    assert text_of(b"\xef\xbb\xbf12.5\0") == "12.5"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("85.3", 85.3),
        (" 85.3 ", 85.3),
        ("-1e2", -100.0),
        (85.3, 85.3),
        ("", None),
        ("85,3", None),
        ("85.3 W", None),
        ("1_0", None),
        ("８５", None),
        ("nan", None),
        ("inf", None),
        ("0x1", None),
    ],
)
def test_q2a_a_number_as_text_counts_where_the_profile_says_so(
    sent: Any, read: Value | None
) -> None:
    as_text = {"power": POWER | {"number": "text"}}
    expected = {} if read is None else {"power": read}
    assert values(decoded_from({"power": sent}, points=as_text)) == expected
    if isinstance(sent, str):
        assert values(decoded_from({"power": sent}, points={"power": POWER})) == {}


def test_q2a_scale_and_invalid_hold_for_a_number_as_text() -> None:
    as_text = {"power": POWER | {"number": "text", "scale": 0.1, "invalid": [9999]}}
    assert values(decoded_from({"power": "853"}, points=as_text)) == {"power": 85.3}
    assert values(decoded_from({"power": "9999"}, points=as_text)) == {}


@pytest.mark.parametrize(
    "paths", [("ENERGY.Power[0]", "ENERGY.Power[1]"), ("ENERGY.Power.0", "ENERGY.Power.1")]
)
def test_q2b_both_channels_of_an_array_are_read(paths: tuple[str, str]) -> None:
    points = {
        f"power_{number}": {"path": path, "quantity": "power", "unit": "W"}
        for number, path in enumerate(paths, start=1)
    }
    payload = {"ENERGY": {"Power": [23.63, 67.17], "Voltage": 229.3}}
    assert values(decoded_from(payload, points=points)) == {"power_1": 23.63, "power_2": 67.17}


def test_a_place_beyond_the_array_is_absent_and_a_broken_one_is_broken() -> None:
    points = {
        "power_1": {"path": "p[0]", "quantity": "power", "unit": "W"},
        "power_2": {"path": "p[1]", "quantity": "power", "unit": "W"},
        "power_3": {"path": "p[2]", "quantity": "power", "unit": "W"},
    }
    decoded = decoded_from(b'{"p": [nan, 5]}', points=points)
    assert values(decoded) == {"power_2": 5.0}
    assert [error.point for error in decoded.errors] == ["power_1"]


def test_one_device_may_be_several_by_its_channels() -> None:
    first, second = (
        {"power": {"path": f"p[{place}]", "quantity": "power", "unit": "W"}} for place in (0, 1)
    )
    payload = {"p": [1.5, 2.5]}
    assert values(decoded_from(payload, points=first)) == {"power": 1.5}
    assert values(decoded_from(payload, points=second)) == {"power": 2.5}


@pytest.mark.parametrize(
    "payload",
    [
        b'{"power": 12',
        b'{"power": 12, "state": "o',
        b'{"power": 12}{"power": 13}',
        b"{]",
        b'{"p": [1}',
        b"",
    ],
)
def test_a_payload_that_is_cut_or_doubled_is_refused_whole(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        parse(payload)


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=5), TREES, max_size=5), st.sampled_from(["nan", "", "N/A"]))
def test_sound_members_are_read_as_json_reads_them(tree: dict[str, Any], broken: str) -> None:
    tree.pop("broken", None)
    sound = json.dumps(tree, ensure_ascii=False)
    head = '{"broken": ' + broken + (", " if tree else "")
    parsed = parse((head + sound[1:]).encode("utf-8", "surrogatepass"))
    assert isinstance(parsed.tree.pop("broken"), Broken)
    assert parsed.tree == tree
    assert not parsed.problem
