"""Advertisements and characteristic values to readings. Pure."""

import struct
from collections.abc import Iterable, Mapping
from datetime import datetime

from device_profiles.play import Understood
from device_profiles.protocols.ble import BleExample, BlePoint, BleProfile
from device_profiles.reading import Reading, Value
from device_profiles.schema import DeviceProfile, Example
from edge.drivers.ble.bthome import BthomeError, Packet, decode
from edge.drivers.conversion import ConversionError, round_float32, value_of
from edge.errors import DecodeError

_FORMATS = {
    "bool": "<B",
    "uint8": "<B",
    "int8": "<b",
    "uint16": "<H",
    "int16": "<h",
    "uint32": "<I",
    "int32": "<i",
    "float32": "<f",
}
_ANY_ADDRESS = "00:00:00:00:00:00"
"""Of whom plain service data comes does not matter."""
Decoded = tuple[list[Reading], list[DecodeError]]
"""Readings, and one error for each point that had none because of what came."""


def packet_readings(
    device_id: str, points: Mapping[str, BlePoint], packet: Packet, observed_at: datetime
) -> Decoded:
    """Return the readings of an advertisement."""
    raws = (
        (name, point, packet.value(point.bthome, point.index))
        for name, point in points.items()
        if point.bthome is not None
    )
    return _readings(device_id, raws, observed_at)


def characteristic_readings(
    device_id: str, points: Mapping[str, BlePoint], value: bytes, observed_at: datetime
) -> Decoded:
    """Return the readings of a characteristic's value; `points` are those behind it."""
    raws: list[tuple[str, BlePoint, Value | None]] = []
    errors = []
    for name, point in points.items():
        try:
            raws.append((name, point, raw_value(point, value)))
        except ConversionError as error:
            errors.append(_error(device_id, name, str(error), value.hex()))
    readings, more = _readings(device_id, raws, observed_at)
    return readings, [*errors, *more]


def read_example(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
    """Return what the gateway makes of an example: plain service data, or a characteristic."""
    if not isinstance(profile, BleProfile) or not isinstance(example, BleExample):
        raise TypeError(f"{profile.id} is no BLE profile")
    if example.service_data is not None:
        try:
            packet = decode(bytes.fromhex(example.service_data), address=_ANY_ADDRESS)
        except BthomeError as error:
            return Understood({}, {"": str(error)})
        readings, errors = packet_readings(profile.id, profile.points, packet, received_at)
    else:
        points = {
            name: point
            for name, point in profile.points.items()
            if point.characteristic == example.characteristic
        }
        value = bytes.fromhex(example.value or "")
        readings, errors = characteristic_readings(profile.id, points, value, received_at)
    return Understood(
        {reading.point: reading.value for reading in readings},
        {error.point: error.problem for error in errors},
    )


def raw_value(point: BlePoint, value: bytes) -> Value:
    """Return the raw value at the point's place in a characteristic's value."""
    content = value[point.start :]
    if point.type == "utf8":
        if point.start > len(value):
            raise ConversionError(f"got {len(value)} bytes, expected text from byte {point.start}")
        try:
            return content.decode().removesuffix("\0")
        except UnicodeDecodeError:
            raise ConversionError("got bytes that are not UTF-8, expected text") from None
    size = struct.calcsize(_FORMATS[point.type])
    if len(content) < size:
        raise ConversionError(
            f"got {len(value)} bytes, expected at least {point.start + size} "
            f"for {point.type} at byte {point.start}"
        )
    (number,) = struct.unpack_from(_FORMATS[point.type], content)
    if point.type == "bool":
        return bool(number)
    return round_float32(number) if point.type == "float32" else float(number)


def _readings(
    device_id: str, raws: Iterable[tuple[str, BlePoint, Value | None]], observed_at: datetime
) -> Decoded:
    readings: list[Reading] = []
    errors: list[DecodeError] = []
    for name, point, raw in raws:
        if raw is None:
            continue
        try:
            value = value_of(point, raw)
        except ConversionError as error:
            errors.append(_error(device_id, name, str(error), str(raw)))
        else:
            if value is not None:
                readings.append(Reading(device_id, name, value, observed_at))
    return readings, errors


def _error(device_id: str, point: str, problem: str, raw: str) -> DecodeError:
    return DecodeError(device_id, f"{point}: {problem}", point=point, raw=raw[:64])
