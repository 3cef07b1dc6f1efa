from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.loader import load_catalogue
from device_profiles.protocols.modbus import ModbusPoint, ModbusProfile
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile
from edge.drivers.modbus import codec as modbus_codec
from simulators.devices import modbus_encode
from simulators.errors import EncodeError

MODBUS = [p for p in load_catalogue().values() if isinstance(p, ModbusProfile)]
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
def test_a_gateway_decodes_the_number_that_was_encoded(
    value: float, kind: str, order: str, scale: float, offset: float
) -> None:
    point = point_of(type=kind, byte_order=order, scale=scale, offset=offset)
    words, encoded = modbus_encode.words_of(point, value)
    assert len(words) == point.count
    assert decoded(point, words) == encoded


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
@pytest.mark.parametrize("order", ["ABCD", "CDAB", "BADC", "DCBA"])
def test_a_gateway_decodes_the_text_that_was_encoded(order: str, text: str) -> None:
    text = text.strip()
    point = point_of(type="string", length=20, byte_order=order, quantity="text", unit="")
    words, encoded = modbus_encode.words_of(point, text)
    assert decoded(point, words) == (str(encoded).strip() or None)


@given(on=st.booleans(), bit=st.integers(0, 15), order=ORDERS)
def test_a_bit_of_a_register(on: bool, bit: int, order: str) -> None:
    point = point_of(quantity="switch", unit="", bit=bit)
    words, encoded = modbus_encode.words_of(point, on)
    assert encoded is on
    assert decoded(point, words) is on


def test_bits_of_one_register_are_encoded_together() -> None:
    points = {
        name: point_of(quantity="switch", unit="", bit=bit)
        for name, bit in (("a", 0), ("b", 3), ("c", 5))
    }
    tables = modbus_encode.registers(points, {"a": True, "b": False, "c": True})
    assert tables.words == {"holding": {7: 0b100001}}


def test_a_number_is_clipped_and_never_the_word_for_nothing() -> None:
    point = point_of(type="uint16", invalid=[0xFFFF])
    assert modbus_encode.words_of(point, 1e9) == ([0xFFFE], 65534.0)
    signed = point_of(type="int16", invalid=[0x8000])
    assert modbus_encode.words_of(signed, -1e9) == ([0x8001], -32767.0)


def test_text_is_cut_between_characters() -> None:
    point = point_of(type="string", length=2, quantity="text", unit="")
    assert modbus_encode.words_of(point, "一二") == ([0xE4B8, 0x8000], "一")


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        ({"values": {"0": "idle"}, "quantity": "state", "unit": ""}, "off", "'off' is not among"),
        ({}, "much", "the text 'much' is not a number|could not convert"),
        ({"register": "coil", "quantity": "text", "unit": ""}, "on", "is not one bit"),
    ],
)
def test_what_cannot_be_encoded_is_refused(
    keys: dict[str, Any], value: Value, problem: str
) -> None:
    with pytest.raises(EncodeError, match=problem):
        modbus_encode.words_of(point_of(**keys), value)


@pytest.mark.parametrize("profile", MODBUS, ids=name_of)
def test_every_modbus_example_is_encoded_as_it_was_captured(profile: ModbusProfile) -> None:
    for example in profile.examples:
        tables = modbus_encode.registers(profile.points, example.readings)
        assert tables.values == example.readings
        result = modbus_codec.decode("d", profile.points, tables.words)
        assert {name: result.values[name] for name in example.readings} == example.readings


@given(value=st.floats(-30_000, 30_000), scale=st.sampled_from([1.0, 0.1]))
@pytest.mark.parametrize(
    "keys",
    [
        {"type": "bcd32", "sign": {"address": 40}},
        {"type": "uint32", "sign": {"address": 40, "bit": 3, "negative": [0]}},
        {"type": "int16", "scale_factor_address": 40},
        {"type": "uint16", "scale_factor_address": 40, "sign": {"address": 41}},
        {"type": "int32", "scale_by": {"address": 40, "scales": {"7-9": 0.01, "3": 1}}},
    ],
    ids=str,
)
def test_a_gateway_decodes_a_number_whose_sign_or_scale_is_elsewhere(
    keys: dict[str, Any], value: float, scale: float
) -> None:
    points = {"p": point_of(**keys, scale=scale)}
    tables = modbus_encode.registers(points, {"p": value})
    result = modbus_codec.decode("d", points, tables.words)
    assert (result.values, result.errors) == (tables.values, [])
    finest = 0.5 * max(1.0, abs(value) / 3000)
    assert tables.values["p"] == pytest.approx(value, abs=finest * 1.01)


@given(bits=st.integers(0, 31), order=ORDERS)
def test_a_gateway_decodes_a_field_of_several_bits(bits: int, order: str) -> None:
    point = point_of(
        type="uint32", bit=14, bit_count=5, byte_order=order, quantity="count", unit=""
    )
    words, encoded = modbus_encode.words_of(point, bits)
    assert decoded(point, words) == encoded == bits
