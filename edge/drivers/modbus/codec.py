"""Register words to values: every type, byte order, bit and string of a Modbus profile. Pure."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from device_profiles.play import Understood
from device_profiles.protocols.modbus import (
    ByteOrder,
    ModbusExample,
    ModbusPoint,
    ModbusProfile,
    Register,
)
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example
from edge.drivers.conversion import ConversionError, excerpt, is_invalid, round_float32, value_of
from edge.errors import DecodeError

Tables = Mapping[Register, Mapping[int, int]]
"""What was read: per table, address -> register word (or 0 and 1 for coil and discrete)."""

_FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}
_BIT_TABLES = ("coil", "discrete")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The values that were there, and for every point that made no sense one error."""

    values: dict[str, Value] = field(default_factory=dict)
    errors: list[DecodeError] = field(default_factory=list)


def decode(device: str, points: Mapping[str, ModbusPoint], tables: Tables) -> Decoded:
    """Return the values of the points whose registers were all read; the others are left out."""
    decoded = Decoded()
    for name, point in points.items():
        table = tables.get(point.register_, {})
        words = [table.get(point.address + offset) for offset in range(point.count)]
        present = [word for word in words if word is not None]
        if len(present) < len(words):
            continue
        try:
            value = _value(point, present)
        except ConversionError as error:
            raw = " ".join(f"{word:04X}" for word in present)
            where = f"{name} ({point.register_} 0x{point.address:04X}, {point.type})"
            decoded.errors.append(
                DecodeError(device, f"{where}: {error}", point=name, raw=excerpt(raw))
            )
            continue
        if value is not None:
            decoded.values[name] = value
    return decoded


def read_example(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
    """Return what the gateway makes of an example; its words are in whichever table is read."""
    del received_at
    if not isinstance(profile, ModbusProfile) or not isinstance(example, ModbusExample):
        raise TypeError(f"{profile.id} is no Modbus profile")
    words = {
        first + offset: word
        for first, block in example.registers.items()
        for offset, word in enumerate(block)
    }
    bits = {address: int(bit) for address, bit in example.coils.items()}
    tables: Tables = {"holding": words, "input": words, "coil": bits, "discrete": bits}
    decoded = decode(profile.id, profile.points, tables)
    return Understood(decoded.values, {error.point: error.problem for error in decoded.errors})


def ordered_bytes(words: Sequence[int], byte_order: ByteOrder) -> bytes:
    """Return the bytes from the most significant on, whatever order the device sends them in."""
    if byte_order in {"CDAB", "DCBA"}:
        words = words[::-1]
    order = "little" if byte_order in {"BADC", "DCBA"} else "big"
    return b"".join(word.to_bytes(2, "little" if order == "little" else "big") for word in words)


def _value(point: ModbusPoint, words: Sequence[int]) -> Value | None:
    if point.register_ in _BIT_TABLES:
        return value_of(point, bool(words[0]))
    if point.type == "string":
        return _text(point, words)
    data = ordered_bytes(words, point.byte_order)
    if point.bit is not None:
        return value_of(point, bool(int.from_bytes(data, "big") >> point.bit & 1))
    if point.type == "bool":
        return value_of(point, any(data))
    if point.type.startswith("int") and is_invalid(point, int.from_bytes(data, "big")):
        return None  # manuals write a signed register's sentinel as 0x8000 as often as -32768
    (raw,) = struct.unpack(_FORMATS[point.type], data)
    return value_of(point, round_float32(raw) if point.type == "float32" else raw)


def _text(point: ModbusPoint, words: Sequence[int]) -> Value | None:
    swapped = point.byte_order in {"BADC", "DCBA"}
    data = ordered_bytes(words, "BADC" if swapped else "ABCD")
    try:
        text = data.split(b"\0", 1)[0].decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ConversionError("got bytes that are not UTF-8, expected text") from None
    return value_of(point, text) if text else None
