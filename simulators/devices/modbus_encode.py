"""What a Modbus device answers for its points: register words. Pure.

Written from the profile format, apart from the gateway's codec, so that one can be held against the
other. The encoder also returns the values that the words really carry: 21.337 in steps of 0.1 is
21.3 on the wire, and 21.3 is what a gateway must store.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from device_profiles.protocols.modbus import (
    ModbusExample,
    ModbusPoint,
    ModbusProfile,
    Register,
    SignRegister,
)
from device_profiles.reading import Value
from simulators.devices.point_values import SIMULATED, raw_of, shortest_float32, value_of
from simulators.errors import EncodeError

_INTEGERS = {
    "int16": (2, True),
    "uint16": (2, False),
    "int32": (4, True),
    "uint32": (4, False),
    "int64": (8, True),
    "uint64": (8, False),
}
_BITS = ("coil", "discrete")
_FINEST = -3
"""The exponent of a scale-factor register whose points are small enough for it."""


@dataclass(slots=True)
class Tables:
    """Register words (0 and 1 for coils and discrete inputs), and the values that they carry."""

    words: dict[Register, dict[int, int]] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)


def registers(points: Mapping[str, ModbusPoint], values: Mapping[str, Value]) -> Tables:
    """Return all registers of a device; points that have no value have no registers."""
    tables = Tables()
    exponents = _scale_factors(points, values)
    for name, point in points.items():
        if name not in values:
            continue
        exponent = exponents.get((point.register_, point.scale_factor_address), 0)
        words, tables.values[name] = words_of(point, values[name], exponent)
        table = tables.words.setdefault(point.register_, {})
        for offset, word in enumerate(words):
            address = point.address + offset
            # Several points may be bits of one register.
            table[address] = table.get(address, 0) | word if point.bit is not None else word
        if point.sign is not None:
            sign, address = _sign_word(point.sign, values[name]), point.sign.address
            is_bit = point.sign.bit is not None
            table[address] = table.get(address, 0) | sign if is_bit else sign
        if point.scale_factor_address is not None:
            table[point.scale_factor_address] = exponent & 0xFFFF
        if point.scale_by is not None:
            table[point.scale_by.address] = point.scale_by.words[0]
    return tables


def examples(profile: ModbusProfile, values: Mapping[str, Value]) -> list[ModbusExample]:
    """Return what a device answers, as examples of its profile: one for each register table."""
    sent = []
    tables = registers(profile.points, values)
    for register, words in tables.words.items():
        readings = {
            name: tables.values[name]
            for name, point in profile.points.items()
            if point.register_ == register and name in tables.values
        }
        is_bits = register in _BITS
        sent.append(
            ModbusExample(
                source=SIMULATED,
                registers={} if is_bits else {address: [word] for address, word in words.items()},
                coils={address: bool(bit) for address, bit in words.items()} if is_bits else {},
                readings=readings,
            )
        )
    return sent


def words_of(point: ModbusPoint, value: Value, exponent: int = 0) -> tuple[list[int], Value]:
    """Return the words of one value and the value that they carry, in steps of 10^exponent.

    The words of a sign or of a scale factor in another register are not among them.
    """
    scale = next(iter(point.scale_by.scales.values())) if point.scale_by else None
    raw = raw_of(point, value, scale)
    if point.register_ in _BITS:
        return [int(_truth(raw))], value_of(point, _truth(raw))
    if point.bit is not None and point.bit_count == 1:
        data = (int(_truth(raw)) << point.bit).to_bytes(2 * point.count, "big")
        return _words(data, point.byte_order), value_of(point, _truth(raw))
    if point.bit is not None:
        bits = min(max(int(float(raw)), 0), (1 << point.bit_count) - 1)
        data = (bits << point.bit).to_bytes(2 * point.count, "big")
        return _words(data, point.byte_order), value_of(point, bits)
    if point.type == "bool":
        return [int(_truth(raw))], value_of(point, _truth(raw))
    if point.type == "string":
        return _text_words(point, str(raw))
    if isinstance(raw, str):
        raise EncodeError(f"the text {raw!r} is not a number of type {point.type}")
    is_negative = point.sign is not None and raw < 0
    steps = Decimal(str(raw)).scaleb(-exponent)
    data, carried = _number(point, float(abs(steps) if point.sign is not None else steps))
    carried = float(Decimal(str(carried)).scaleb(exponent))
    return _words(data, point.byte_order), value_of(
        point, -carried if is_negative else carried, scale
    )


def _scale_factors(
    points: Mapping[str, ModbusPoint], values: Mapping[str, Value]
) -> dict[tuple[Register, int | None], int]:
    """Return the exponent of each scale-factor register: the finest that all its points fit."""
    exponents: dict[tuple[Register, int | None], int] = {}
    for name, point in points.items():
        if point.scale_factor_address is None or name not in values:
            continue
        key = point.register_, point.scale_factor_address
        raw = Decimal(str(raw_of(point, values[name])))
        raw = abs(raw) if point.sign is not None else raw
        least, most = _range(point)
        exponent = next(n for n in range(_FINEST, 11) if least <= raw.scaleb(-n) <= most)
        exponents[key] = max(exponents.get(key, _FINEST), exponent)
    return exponents


def _sign_word(sign: SignRegister, value: Value) -> int:
    is_negative = not isinstance(value, bool | str) and value < 0
    word = next(word for word in range(0x10000) if (word in sign.negative) is is_negative)
    return word if sign.bit is None else word << sign.bit


def _range(point: ModbusPoint) -> tuple[float, float]:
    """Return the least and the largest number that the point's registers hold."""
    if point.type.startswith("bcd"):
        return 0, 10 ** (4 * point.count) - 1
    if point.type not in _INTEGERS:
        return -math.inf, math.inf
    size, is_signed = _INTEGERS[point.type]
    return -(1 << (8 * size - 1)) if is_signed else 0, (1 << (8 * size - is_signed)) - 1


def _truth(raw: Value) -> bool:
    if isinstance(raw, str):
        raise EncodeError(f"the text {raw!r} is not one bit")
    return bool(raw)


def _number(point: ModbusPoint, raw: float) -> tuple[bytes, float]:
    if point.type == "float64":
        return struct.pack(">d", raw), raw
    if point.type == "float32":
        data = struct.pack(">f", raw)
        return data, shortest_float32(data)
    least, most = _range(point)
    steps = int(Decimal(str(raw)).to_integral_value(ROUND_HALF_EVEN))
    steps = int(min(most, max(least, steps)))
    if point.type.startswith("bcd"):
        return bytes.fromhex(f"{steps:0{4 * point.count}d}"), steps
    size, is_signed = _INTEGERS[point.type]
    while _is_sentinel(point, steps, 8 * size):
        steps += -1 if steps > 0 else 1
    return steps.to_bytes(size, "big", signed=is_signed), steps


def _is_sentinel(point: ModbusPoint, steps: int, bits: int) -> bool:
    return any(
        not isinstance(invalid, (bool, str)) and invalid in {steps, steps % (1 << bits)}
        for invalid in point.invalid
    )


def _words(data: bytes, byte_order: str) -> list[int]:
    if byte_order in {"BADC", "DCBA"}:
        data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
    words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
    return words[::-1] if byte_order in {"CDAB", "DCBA"} else words


def _text_words(point: ModbusPoint, text: str) -> tuple[list[int], Value]:
    size = 2 * point.count
    data = text.encode(point.encoding, "replace")[:size]
    text = data.decode(point.encoding, "ignore")  # a character that was cut in two is left out
    data = text.encode(point.encoding).ljust(size, b"\0")
    if point.byte_order in {"BADC", "DCBA"}:
        data = b"".join(data[i : i + 2][::-1] for i in range(0, size, 2))
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, size, 2)], value_of(
        point, text
    )
