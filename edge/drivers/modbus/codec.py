"""Register words to values: every type, byte order, bit and string of a Modbus profile. Pure."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

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
_NO_SCALE_FACTOR = 0x8000
_MOST_EXPONENT = 10


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
        words = [table.get(address) for span in point.spans for address in range(*span)]
        present = [word for word in words if word is not None]
        if len(present) < len(words):
            continue
        try:
            value = _value(point, present[: point.count], table)
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


def _value(point: ModbusPoint, words: Sequence[int], table: Mapping[int, int]) -> Value | None:
    if point.register_ in _BIT_TABLES:
        return value_of(point, bool(words[0]))
    if point.type == "string":
        return _text(point, words)
    data = ordered_bytes(words, point.byte_order)
    if point.bit is not None:
        bits = int.from_bytes(data, "big") >> point.bit & (1 << point.bit_count) - 1
        return value_of(point, bits if point.bit_count > 1 else bool(bits))
    if point.type == "bool":
        return value_of(point, any(data))
    return _measured(point, data, table)


def _measured(point: ModbusPoint, data: bytes, table: Mapping[int, int]) -> Value | None:
    """Return a number, with the sign and the power of ten that other registers give it."""
    if point.type.startswith("int") and is_invalid(point, int.from_bytes(data, "big")):
        return None  # manuals write a signed register's sentinel as 0x8000 as often as -32768
    raw = _number(point, data)
    if raw is None or is_invalid(point, raw):
        return None
    if point.sign is not None and point.sign.is_negative(table[point.sign.address]):
        raw = -raw
    if point.scale_factor_address is not None:
        word = table[point.scale_factor_address]
        if word == _NO_SCALE_FACTOR:
            return None
        raw = _scaled(raw, word - (word >> 15 << 16))
    return value_of(point, raw, _scale(point, table))


def _scale(point: ModbusPoint, table: Mapping[int, int]) -> float | None:
    """Return the scale that another register chooses; None where none does."""
    if point.scale_by is None:
        return None
    word = table[point.scale_by.address]
    scale = point.scale_by.scale(word)
    if scale is None:
        known, where = ", ".join(point.scale_by.scales), f"0x{point.scale_by.address:04X}"
        raise ConversionError(f"got {word} in {where}, which gives no scale; it is {known}")
    return scale


def _number(point: ModbusPoint, data: bytes) -> float | None:
    if point.type.startswith("bcd"):
        digits = data.hex()
        if digits.isdecimal():
            return int(digits)
        if is_invalid(point, int(digits, 16)):
            return None
        raise ConversionError(f"got 0x{digits.upper()}, expected decimal digits (BCD)")
    (raw,) = struct.unpack(_FORMATS[point.type], data)
    return round_float32(raw) if point.type == "float32" else raw


def _scaled(raw: float, exponent: int) -> float:
    """Return raw * 10^exponent, exact in decimals; SunSpec's factors lie within -10 and 10."""
    if not -_MOST_EXPONENT <= exponent <= _MOST_EXPONENT:
        raise ConversionError(f"got the scale factor {exponent}, expected -10 to 10")
    return float(Decimal(str(raw)).scaleb(exponent)) if math.isfinite(raw) else raw


def _text(point: ModbusPoint, words: Sequence[int]) -> Value | None:
    swapped = point.byte_order in {"BADC", "DCBA"}
    data = ordered_bytes(words, "BADC" if swapped else "ABCD")
    try:
        text = data.split(b"\0", 1)[0].rstrip(b"\xff").decode(point.encoding).strip()
    except UnicodeDecodeError:
        name = point.encoding.upper()
        raise ConversionError(f"got bytes that are not {name}, expected text") from None
    return value_of(point, text) if text else None
