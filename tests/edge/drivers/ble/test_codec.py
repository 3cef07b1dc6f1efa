from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.protocols.ble import BlePoint, GattType
from device_profiles.reading import Value
from edge.drivers.ble import codec
from simulators.devices import ble_encode
from simulators.devices.point_values import raw_of, value_of
from tests.edge.drivers.ble.conftest import PAGE, READER, SERVICE

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
QUANTITY = {"bool": "switch", "utf8": "text"}
RAWS: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "uint8": st.integers(0, 0xFF),
    "int8": st.integers(-0x80, 0x7F),
    "uint16": st.integers(0, 0xFFFF),
    "int16": st.integers(-0x8000, 0x7FFF),
    "uint32": st.integers(0, 0xFFFFFFFF),
    "int32": st.integers(-0x80000000, 0x7FFFFFFF),
    "float32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "utf8": st.text(max_size=40).map(lambda text: text.rstrip("\0")),
}


def point(kind: str, **more: Any) -> BlePoint:
    return BlePoint.model_validate(
        {
            "service": SERVICE,
            "characteristic": PAGE,
            "type": kind,
            "quantity": QUANTITY.get(kind, "count"),
            **more,
        }
    )


@pytest.mark.parametrize("kind", get_args(GattType))
@given(data=st.data(), start=st.integers(0, 20))
def test_characteristic_values_come_back(kind: str, data: st.DataObject, start: int) -> None:
    scaled = point(kind, start=start)
    raw: Value = data.draw(RAWS[kind])
    value = ble_encode.characteristic_value([(scaled, raw)])
    expected = ble_encode.gatt_field(scaled.type, raw).value
    assert codec.raw_value(scaled, value) == expected
    readings, errors = codec.characteristic_readings("d", {"p": scaled}, value, NOW)
    assert [r.value for r in readings] == [value_of(scaled, expected)]
    assert not errors


@given(st.binary(max_size=8), st.sampled_from(get_args(GattType)), st.integers(0, 12))
def test_any_bytes_are_readings_or_errors(data: bytes, kind: str, start: int) -> None:
    readings, errors = codec.characteristic_readings(
        "d", {"p": point(kind, start=start)}, data, NOW
    )
    assert len(readings) + len(errors) <= 1
    assert all("\n" not in str(error) for error in errors)


def test_a_short_value_costs_only_the_points_it_does_not_reach() -> None:
    points = {name: READER.points[name] for name in ("page", "state")}
    readings, errors = codec.characteristic_readings("d", points, b"\x07\x00", NOW)
    assert [(r.point, r.value) for r in readings] == [("page", 7.0)]
    assert [str(e) for e in errors] == [
        "d: state: got 2 bytes, expected at least 3 for uint8 at byte 2"
    ]


def test_scale_and_offset_are_the_shared_ones() -> None:
    scaled = point("uint16", scale=0.1, offset=-40)
    raw = raw_of(scaled, 21.3)
    readings, _ = codec.characteristic_readings(
        "d", {"p": scaled}, ble_encode.characteristic_value([(scaled, raw)]), NOW
    )
    assert [r.value for r in readings] == [21.3]
