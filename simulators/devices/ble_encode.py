"""What a BLE device sends for its points: BTHome v2 service data and characteristic values.

Written from the BTHome v2 format (https://bthome.io/format), apart from the gateway's codec, so
that one can be held against the other. Every encoder also returns the value that the bytes really
carry: 21.337 °C in steps of 0.01 is 21.34 on the air. Pure.
"""

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from device_profiles.protocols.ble import BleExample, BlePoint, BleProfile, GattType
from device_profiles.reading import Value
from simulators.devices.point_values import SIMULATED, raw_of, shortest_float32, value_of
from simulators.errors import EncodeError

PLAIN = 0x40
ENCRYPTED = 0x41
PACKET_ID = 0x00
TEXT = 0x53
RAW = 0x54
_VERSIONS = {0xF1: 4, 0xF2: 3}

# Object ids by the number format they share: "u2" is an unsigned number of two bytes.
_FORMATS: dict[tuple[str, str], tuple[int, ...]] = {
    ("u1", "1"): (0x00, 0x01, 0x09, *range(0x0F, 0x12), *range(0x15, 0x30), 0x3A, 0x60, 0x64, 0x65),
    ("u1", "0.1"): (0x46,),
    ("s1", "1"): (0x57, 0x59),
    ("s1", "0.35"): (0x58,),
    ("u2", "1"): (0x0D, 0x0E, 0x12, 0x13, 0x3D, 0x40, 0x48, 0x56, 0x61, 0xF0),
    ("u2", "0.1"): (0x41, 0x47, 0x4A, 0x5F),
    ("u2", "0.01"): (0x03, 0x06, 0x07, 0x14, 0x44, 0x5E),
    ("u2", "0.001"): (0x0C, 0x43, 0x49, 0x51, 0x52),
    ("s2", "1"): (0x5A,),
    ("s2", "0.1"): (0x3F, 0x45),
    ("s2", "0.01"): (0x02, 0x08),
    ("s2", "0.001"): (0x5D,),
    ("u3", "0.01"): (0x04, 0x05, 0x0B),
    ("u3", "0.001"): (0x0A, 0x42, 0x4B),
    ("u4", "1"): (0x3E, 0x50),
    ("u4", "0.001"): (0x4C, 0x4D, 0x4E, 0x4F, 0x55),
    ("s4", "1"): (0x5B,),
    ("s4", "0.01"): (0x5C,),
    ("s4", "0.000001"): (0x62, 0x63),
}
_OBJECTS = {
    object_id: (form, Decimal(factor))
    for (form, factor), ids in _FORMATS.items()
    for object_id in ids
}
_TRUE_OR_FALSE = frozenset((*range(0x0F, 0x12), *range(0x15, 0x2E)))

_GATT: dict[str, str] = {
    "bool": "<?",
    "uint8": "<B",
    "int8": "<b",
    "uint16": "<H",
    "int16": "<h",
    "uint32": "<I",
    "int32": "<i",
    "float32": "<f",
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes for the air, and the value that they carry."""

    data: bytes
    value: Value


def bthome_object(object_id: int, raw: Value) -> Encoded:
    """Return one object, its id first; numbers are rounded and clipped to what it can hold."""
    if object_id in {TEXT, RAW}:
        return _text_object(object_id, str(raw))
    if object_id in _VERSIONS:
        parts = [int(part) for part in str(raw).split(".")]
        if len(parts) != _VERSIONS[object_id]:
            raise EncodeError(f"{raw!r} is not a version of {_VERSIONS[object_id]} numbers")
        return Encoded(bytes([object_id, *reversed(parts)]), str(raw))
    if object_id not in _OBJECTS:
        raise EncodeError(f"0x{object_id:02X} is not a BTHome object id that can be sent")
    form, factor = _OBJECTS[object_id]
    size, signed = int(form[1]), form[0] == "s"
    steps = _clipped(Decimal(str(float(raw))) / factor, size, signed=signed)
    data = bytes([object_id]) + steps.to_bytes(size, "little", signed=signed)
    if object_id in _TRUE_OR_FALSE:
        return Encoded(data, bool(steps))
    return Encoded(data, float(steps * factor))


def objects(
    points: Mapping[str, BlePoint], values: Mapping[str, Value]
) -> tuple[list[bytes], dict[str, Value]]:
    """Return the BTHome objects of all advertised points in order, and the values they carry."""
    fields: dict[tuple[int, int], Encoded] = {}
    carried: dict[str, Value] = {}
    for name, point in points.items():
        if point.bthome is not None:
            encoded = bthome_object(point.bthome, raw_of(point, values[name]))
            field = fields.setdefault((point.bthome, point.index), encoded)
            carried[name] = value_of(point, field.value)
    for object_id, index in list(fields):
        for lower in range(index):
            fields.setdefault((object_id, lower), bthome_object(object_id, 0.0))
    return [fields[key].data for key in sorted(fields)], carried


def characteristic(
    points: Mapping[str, BlePoint], values: Mapping[str, Value]
) -> tuple[bytes, dict[str, Value]]:
    """Return the value of the characteristic that these points are behind, and their values."""
    raws = {name: raw_of(point, values[name]) for name, point in points.items()}
    carried = {
        name: value_of(point, gatt_field(point.type, raws[name]).value)
        for name, point in points.items()
    }
    return characteristic_value((point, raws[name]) for name, point in points.items()), carried


def examples(profile: BleProfile, values: Mapping[str, Value]) -> list[BleExample]:
    """Return what a device sends, as examples of its profile; advertisements are not encrypted."""
    sent = []
    advertised, carried = objects(profile.points, values)
    if advertised:
        data = service_data(advertised, 0).hex()
        sent.append(BleExample(source=SIMULATED, service_data=data, readings=carried))
    behind: dict[str, dict[str, BlePoint]] = {}
    for name, point in profile.points.items():
        if point.characteristic is not None:
            behind.setdefault(point.characteristic, {})[name] = point
    for uuid, points in behind.items():
        value, carried = characteristic(points, values)
        sent.append(
            BleExample(source=SIMULATED, characteristic=uuid, value=value.hex(), readings=carried)
        )
    return sent


def service_data(objects: Iterable[bytes], packet_id: int | None = None) -> bytes:
    """Return plain service data: the device information byte, the packet id, the objects."""
    head = bytes([PLAIN])
    if packet_id is not None:
        head += bytes([PACKET_ID, packet_id & 0xFF])
    return head + b"".join(objects)


def encrypted(plain: bytes, *, address: str, bind_key: str, counter: int) -> bytes:
    """Return encrypted service data for plain service data (AES-CCM, a tag of four bytes)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM  # noqa: PLC0415 - rarely needed

    count = (counter & 0xFFFFFFFF).to_bytes(4, "little")
    nonce = bytes.fromhex(address.replace(":", "")) + b"\xd2\xfc" + bytes([ENCRYPTED]) + count
    sealed = AESCCM(bytes.fromhex(bind_key), tag_length=4).encrypt(nonce, plain[1:], None)
    return bytes([ENCRYPTED]) + sealed[:-4] + count + sealed[-4:]


def advertisement(data: bytes) -> bytes:
    """Return advertising data: the flags, and BTHome's service data under 0xFCD2."""
    return b"\x02\x01\x06" + bytes([len(data) + 3, 0x16, 0xD2, 0xFC]) + data


def gatt_field(kind: GattType, raw: Value) -> Encoded:
    """Return a value as a characteristic carries it, little-endian."""
    if kind == "utf8":
        return Encoded(str(raw).encode(), str(raw))
    if kind == "bool":
        return Encoded(struct.pack("<?", bool(raw)), bool(raw))
    if kind == "float32":
        data = struct.pack("<f", float(raw))
        return Encoded(data, shortest_float32(data[::-1]))
    size = struct.calcsize(_GATT[kind])
    steps = _clipped(Decimal(str(float(raw))), size, signed=kind.startswith("int"))
    return Encoded(struct.pack(_GATT[kind], steps), float(steps))


def characteristic_value(fields: Iterable[tuple[BlePoint, Value]]) -> bytes:
    """Return a characteristic's value: each raw value at its point's `start`."""
    value = bytearray()
    for point, raw in sorted(fields, key=lambda pair: pair[0].start):
        data = gatt_field(point.type, raw).data
        value.extend(bytes(max(0, point.start + len(data) - len(value))))
        value[point.start : point.start + len(data)] = data
    return bytes(value)


def _text_object(object_id: int, raw: str) -> Encoded:
    content = raw.encode() if object_id == TEXT else bytes.fromhex(raw)
    return Encoded(bytes([object_id, len(content)]) + content, raw)


def _clipped(steps: Decimal, size: int, *, signed: bool) -> int:
    if not math.isfinite(steps):
        raise EncodeError(f"{steps} cannot be sent as a number of {size} bytes")
    least = -(1 << (8 * size - 1)) if signed else 0
    most = (1 << (8 * size - signed)) - 1
    return min(most, max(least, int(steps.to_integral_value(ROUND_HALF_EVEN))))
