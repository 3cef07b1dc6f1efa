import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from device_profiles.model import Point
from device_profiles.reading import Value
from edge.drivers.conversion import ConversionError, excerpt, raw_key, round_float32, value_of

POWER = Point(quantity="power", unit="W")
SWITCH = Point(quantity="switch")
STATE = Point(quantity="state")


@pytest.mark.parametrize(
    ("raw", "scale", "offset", "value"),
    [
        (2302, 0.1, 0.0, 230.2),
        (1, 0.001, 0.0, 0.001),
        (3, 0.1, 0.0, 0.3),
        (-55, 0.1, -40.0, -45.5),
        (230.2, 0.1, 0.0, 23.02),
        (7, 1.0, 0.0, 7.0),
        (-0.0, 1.0, 0.0, 0.0),
    ],
)
def test_a_scaled_integer_has_exactly_the_decimals_of_its_scale(
    raw: float, scale: float, offset: float, value: float
) -> None:
    point = Point(quantity="power", unit="W", scale=scale, offset=offset)
    assert repr(value_of(point, raw)) == repr(value)


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_scaling_by_a_power_of_ten_is_exact(raw: int, decimals: int) -> None:
    point = Point(quantity="power", unit="W", scale=float(f"1e-{decimals}"))
    assert value_of(point, raw) == round(raw / 10**decimals, decimals)


@pytest.mark.parametrize("raw", [math.nan, 0xFFFF, 65535.0])
def test_a_sentinel_is_no_value(raw: float) -> None:
    point = Point(quantity="power", unit="W", scale=0.1, invalid=(0xFFFF,))
    assert value_of(point, raw) is None


def test_true_is_not_the_sentinel_one() -> None:
    point = Point(quantity="switch", invalid=(1,))
    assert value_of(point, True) is True


@pytest.mark.parametrize(
    ("raw", "value"), [("ON", True), ("OFF", False), (1, True), (1.0, True), ("what", None)]
)
def test_a_value_map_translates_and_knows_nothing_else(raw: Value, value: Value | None) -> None:
    point = Point(quantity="switch", values={"ON": True, "OFF": False, "1": True})
    assert value_of(point, raw) is value


@pytest.mark.parametrize(
    ("point", "raw", "message"),
    [
        (POWER, True, "got true, expected a number"),
        (POWER, "12", "got the text '12', expected a number"),
        (POWER, math.inf, "got inf, expected a finite number"),
        (POWER, 10**400, "got a number that is too large for any measurement"),
        (SWITCH, 1, "got the number 1, expected true or false"),
        (SWITCH, "on", "got the text 'on', expected true or false"),
        (STATE, 3.5, "got the number 3.5, expected text"),
        (STATE, False, "got false, expected text"),
    ],
)
def test_a_value_of_the_wrong_type_is_one_sentence(point: Point, raw: Value, message: str) -> None:
    with pytest.raises(ConversionError) as caught:
        value_of(point, raw)
    assert str(caught.value) == message


def test_a_float32_is_the_number_it_stands_for() -> None:
    assert round_float32(230.1999969482422) == 230.2
    assert round_float32(85.0) == 85.0


def test_keys_are_spelled_as_in_a_profile() -> None:
    assert [raw_key(raw) for raw in (True, False, 1, 2.0, 2.5, "x")] == [
        "true",
        "false",
        "1",
        "2",
        "2.5",
        "x",
    ]


def test_an_excerpt_is_short_and_printable() -> None:
    assert excerpt("a\nb\ud800c") == "a b c"
    assert len(excerpt("x" * 1000)) == 61


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(2.0**-149)
@example(float.fromhex("0x1.fffffep+127"))
def test_case_types_float_the_shortest_text_gives_the_same_float32_back(value: float) -> None:
    def packed(number: float) -> bytes:
        return struct.pack(">f", number) if abs(number) < 3.4028236e38 else b""

    short = round_float32(value)
    assert packed(short) == packed(value)
    digits = len(f"{abs(short):.8e}".split("e")[0].replace(".", "").rstrip("0"))
    assert all(packed(float(f"{value:.{n}e}")) != packed(value) for n in range(digits - 1))
