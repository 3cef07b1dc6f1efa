import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.loader import load_catalogue
from device_profiles.protocols.modbus import ByteOrder, ModbusPoint, ModbusProfile
from device_profiles.reading import Value
from edge.drivers.modbus.codec import decode, ordered_bytes

ORDERS: tuple[ByteOrder, ...] = ("ABCD", "CDAB", "BADC", "DCBA")
FORMATS = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
RANGES = {
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}


def words(data: bytes, order: ByteOrder) -> list[int]:
    """Lay out big-endian bytes as a device of that byte order sends them."""
    if order == "DCBA":
        data = data[::-1]
    pairs = [data[at : at + 2] for at in range(0, len(data), 2)]
    if order == "CDAB":
        pairs.reverse()
    if order == "BADC":
        pairs = [pair[::-1] for pair in pairs]
    return [int.from_bytes(pair, "big") for pair in pairs]


def point(**keys: Any) -> ModbusPoint:
    return ModbusPoint.model_validate({"quantity": "power", "unit": "W", "address": 10, **keys})


def decoded(described: ModbusPoint, registers: list[int]) -> Value | None:
    table = dict(enumerate(registers, described.address))
    result = decode("m", {"p": described}, {described.register_: table})
    assert result.errors == []
    return result.values.get("p")


@pytest.mark.parametrize(
    ("id_", "model", "current"),
    [("riden-rd6012", 60121, 3.5), ("riden-rd6006", 60062, 0.35), ("riden-rd6006", 60121, None)],
)
def test_case_rd6012_the_model_number_gives_the_scale_of_the_current(
    id_: str, model: int, current: float | None
) -> None:
    profile = load_catalogue()[id_]
    assert isinstance(profile, ModbusProfile)
    points = {"current_out": profile.points["current_out"]}
    result = decode("supply", points, {"holding": {0: model, 11: 350}})
    assert result.values.get("current_out") == current
    assert bool(result.errors) == (current is None)


@given(st.sampled_from(sorted(RANGES)), st.sampled_from(ORDERS), st.data())
def test_every_integer_comes_back_in_every_byte_order(
    kind: str, order: ByteOrder, data: st.DataObject
) -> None:
    value = data.draw(st.integers(*RANGES[kind]))
    sent = words(struct.pack(f">{FORMATS[kind]}", value), order)
    assert decoded(point(type=kind, byte_order=order), sent) == float(value)


@given(st.sampled_from(ORDERS), st.floats(allow_nan=False, allow_infinity=False))
def test_every_float64_comes_back(order: ByteOrder, value: float) -> None:
    sent = words(struct.pack(">d", value), order)
    assert decoded(point(type="float64", byte_order=order), sent) == value


@given(st.sampled_from(ORDERS), st.integers(-9_999_999, 9_999_999), st.integers(0, 4))
def test_a_float32_of_seven_digits_comes_back_exactly(
    order: ByteOrder, digits: int, decimals: int
) -> None:
    value = round(digits / 10**decimals, decimals)
    sent = words(struct.pack(">f", value), order)
    assert decoded(point(type="float32", byte_order=order), sent) == value


@pytest.mark.parametrize(
    ("order", "sent"),
    [
        ("ABCD", [0x0102, 0x0304]),
        ("CDAB", [0x0304, 0x0102]),
        ("BADC", [0x0201, 0x0403]),
        ("DCBA", [0x0403, 0x0201]),
    ],
)
def test_byte_orders_are_those_of_the_vocabulary(order: ByteOrder, sent: list[int]) -> None:
    assert ordered_bytes(sent, order) == b"\1\2\3\4"


@pytest.mark.parametrize(
    ("keys", "registers", "value"),
    [
        ({"type": "uint16", "scale": 0.1}, [2302], 230.2),
        ({"type": "uint16", "bit": 3, "quantity": "switch", "unit": ""}, [8], True),
        ({"type": "uint16", "bit": 3, "quantity": "switch", "unit": ""}, [0xFFF7], False),
        ({"type": "bool", "quantity": "switch", "unit": ""}, [1], True),
        ({"register": "coil", "type": "bool", "quantity": "switch", "unit": ""}, [0], False),
        ({"type": "uint16", "quantity": "state", "unit": "", "values": {"2": "idle"}}, [2], "idle"),
        ({"type": "uint16", "quantity": "state", "unit": "", "values": {"2": "idle"}}, [3], None),
        (
            {"type": "string", "length": 3, "quantity": "text", "unit": ""},
            [0x4142, 0x4300, 0],
            "ABC",
        ),
        (
            {"type": "string", "length": 1, "byte_order": "BADC", "quantity": "text", "unit": ""},
            [0x4241],
            "AB",
        ),
        ({"type": "string", "length": 2, "quantity": "text", "unit": ""}, [0, 0], None),
        ({"type": "int16", "invalid": [0x8000]}, [0x8000], None),
        ({"type": "int16", "invalid": [-0x8000]}, [0x8000], None),
        ({"type": "uint16", "invalid": [0xFFFF]}, [0xFFFF], None),
        ({"type": "float32"}, [0x7FC0, 0], None),
    ],
)
def test_what_registers_mean(
    keys: dict[str, Any], registers: list[int], value: Value | None
) -> None:
    assert decoded(point(**keys), registers) == value


SIGNED = {"type": "uint16", "sign": {"address": 11}}
SUNSPEC = {"type": "int16", "scale_factor_address": 11}
BY_MODEL = {"scale_by": {"address": 11, "scales": {"60060-60064": 0.001, 60121: 0.01}}}


@pytest.mark.parametrize(
    ("keys", "registers", "value"),
    [
        ({"type": "bcd16"}, [0x1234], 1234.0),
        ({"type": "bcd32", "scale": 0.01}, [0x0012, 0x3456], 1234.56),
        ({"type": "bcd32", "byte_order": "CDAB"}, [0x3456, 0x0012], 123456.0),
        ({"type": "bcd16", "invalid": [0xFFFF]}, [0xFFFF], None),
        ({"type": "uint16", "bit": 4, "bit_count": 3}, [0xFFDF], 5.0),
        ({"type": "uint32", "bit": 30, "bit_count": 2}, [0x8000, 0], 2.0),
        ({"type": "uint32", "bit": 17, "quantity": "switch", "unit": ""}, [2, 0], True),
        (
            {
                "bit": 0,
                "bit_count": 2,
                "quantity": "state",
                "unit": "",
                "values": {"2": "idle"},
            },
            [0xFFFE],
            "idle",
        ),
        (SIGNED, [31, 1], -31.0),
        (SIGNED, [31, 0], 31.0),
        ({**SIGNED, "sign": {"address": 11, "bit": 3, "negative": [0]}}, [31, 8], 31.0),
        (SUNSPEC, [2302, 0xFFFF], 230.2),
        (SUNSPEC, [0x10000 - 5, 3], -5000.0),
        (SUNSPEC, [2302, 0x8000], None),
        ({**SUNSPEC, "invalid": [0x8000]}, [0x8000, 0], None),
        (BY_MODEL, [350, 60121], 3.5),
        (BY_MODEL, [350, 60062], 0.35),
        (
            {
                "type": "string",
                "length": 2,
                "encoding": "gbk",
                "quantity": "text",
                "unit": "",
            },
            [0xB5E7, 0xCAD3],
            "电视",
        ),
        ({"type": "string", "length": 2, "quantity": "text", "unit": ""}, [0x4142, 0xFFFF], "AB"),
        ({"type": "float32"}, [0x4640, 0xE6B6], 12345.678),
        ({"type": "float32"}, [0x4640, 0xE6BA], 12345.682),
    ],
)
def test_case_types(keys: dict[str, Any], registers: list[int], value: Value | None) -> None:
    assert decoded(point(**keys), registers) == value


def test_two_float32_are_never_one_value() -> None:
    values = {decoded(point(type="float32"), [0x4640, low]) for low in range(0xE600, 0xE700)}
    assert len(values) == 0x100


@pytest.mark.parametrize("register", [{}, {11: 1}, {10: 31}])
def test_a_point_whose_other_register_was_not_read_is_left_out(register: dict[int, int]) -> None:
    result = decode("m", {"p": point(**SIGNED)}, {"holding": register})
    assert (result.values, result.errors) == ({}, [])


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"bit_count": 2}, "bit_count needs bit"),
        ({"bit": 15, "bit_count": 2}, "uint16 has the bits 0 to 15"),
        ({"type": "float32", "bit": 3}, "float32 has no bits"),
        ({"type": "string", "length": 2, "sign": {"address": 1}}, "sign goes with a number"),
        ({"scale_by": {"address": 1, "scales": {"x": 1}}}, "'x' is no word"),
    ],
)
def test_keys_that_do_not_go_together_are_named(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        point(**keys)


def test_a_point_not_wholly_read_is_left_out() -> None:
    result = decode("m", {"p": point(type="float32")}, {"holding": {10: 1}})
    assert (result.values, result.errors) == ({}, [])


@pytest.mark.parametrize(
    ("keys", "registers", "message"),
    [
        (
            {"type": "float32"},
            [0x7F80, 0],
            "m: p (holding 0x000A, float32): got inf, expected a finite number",
        ),
        (
            {"type": "string", "length": 1, "quantity": "text", "unit": ""},
            [0xFFFE],
            "m: p (holding 0x000A, string): got bytes that are not UTF-8, expected text",
        ),
        (
            {"type": "uint16", "quantity": "switch", "unit": ""},
            [1],
            "m: p (holding 0x000A, uint16): got the number 1, expected true or false",
        ),
        (
            {"type": "bcd16"},
            [0x12A4],
            "m: p (holding 0x000A, bcd16): got 0x12A4, expected decimal digits (BCD)",
        ),
        (
            SUNSPEC,
            [1, 11],
            "m: p (holding 0x000A, int16): got the scale factor 11, expected -10 to 10",
        ),
        (
            BY_MODEL,
            [350, 7],
            (
                "m: p (holding 0x000A, uint16): got 7 in 0x000B, which gives no scale; "
                "it is 60060-60064, 60121"
            ),
        ),
    ],
)
def test_nonsense_is_an_error_of_its_point_alone(
    keys: dict[str, Any], registers: list[int], message: str
) -> None:
    points = {"p": point(**keys), "q": point(address=20)}
    result = decode("m", points, {"holding": {**dict(enumerate(registers, 10)), 20: 7}})
    assert result.values == {"q": 7.0}
    assert [str(error) for error in result.errors] == [message]
    assert result.errors[0].point == "p"


@given(st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4), st.sampled_from(sorted(FORMATS)))
def test_no_registers_raise(registers: list[int], kind: str) -> None:
    result = decode("m", {"p": point(type=kind)}, {"holding": dict(enumerate(registers, 10))})
    for value in result.values.values():
        assert isinstance(value, float)
        assert math.isfinite(value)
