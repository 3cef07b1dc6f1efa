"""What a Modbus device answers for its points: register words. Pure.

Written from the profile format, apart from the gateway's codec, so that one can be held against the
other. The encoder also returns the values that the words really carry: 21.337 in steps of 0.1 is
21.3 on the wire, and 21.3 is what a gateway must store.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from device_profiles.protocols.modbus import ModbusExample, ModbusPoint, ModbusProfile, Register
from device_profiles.reading import Value
from simulators.devices.point_values import SIMULATED, raw_of, value_of
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


@dataclass(slots=True)
class Tables:
    """Register words (0 and 1 for coils and discrete inputs), and the values that they carry."""

    words: dict[Register, dict[int, int]] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)


def registers(points: Mapping[str, ModbusPoint], values: Mapping[str, Value]) -> Tables:
    """Return all registers of a device; points that have no value have no registers."""
    tables = Tables()
    for name, point in points.items():
        if name not in values:
            continue
        words, tables.values[name] = words_of(point, values[name])
        table = tables.words.setdefault(point.register_, {})
        for offset, word in enumerate(words):
            address = point.address + offset
            # Several points may be bits of one register.
            table[address] = table.get(address, 0) | word if point.bit is not None else word
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


def words_of(point: ModbusPoint, value: Value) -> tuple[list[int], Value]:
    """Return the words of one value and the value that they carry."""
    raw = raw_of(point, value)
    if point.register_ in _BITS:
        return [int(_truth(raw))], value_of(point, _truth(raw))
    if point.bit is not None:
        return [int(_truth(raw)) << point.bit], value_of(point, _truth(raw))
    if point.type == "bool":
        return [int(_truth(raw))], value_of(point, _truth(raw))
    if point.type == "string":
        return _text_words(point, str(raw))
    data, carried = _number(point, raw)
    return _words(data, point.byte_order), value_of(point, carried)


def _truth(raw: Value) -> bool:
    if isinstance(raw, str):
        raise EncodeError(f"the text {raw!r} is not one bit")
    return bool(raw)


def _number(point: ModbusPoint, raw: Value) -> tuple[bytes, Value]:
    if isinstance(raw, str):
        raise EncodeError(f"the text {raw!r} is not a number of type {point.type}")
    if point.type == "float64":
        return struct.pack(">d", raw), float(raw)
    if point.type == "float32":
        data = struct.pack(">f", float(f"{float(raw):.7g}"))
        return data, float(f"{struct.unpack('>f', data)[0]:.7g}")
    size, signed = _INTEGERS[point.type]
    least = -(1 << (8 * size - 1)) if signed else 0
    most = (1 << (8 * size - signed)) - 1
    steps = int(Decimal(str(raw)).to_integral_value(ROUND_HALF_EVEN))
    steps = min(most, max(least, steps))
    while _is_sentinel(point, steps, 8 * size):
        steps += -1 if steps > 0 else 1
    return steps.to_bytes(size, "big", signed=signed), steps


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
    data = text.encode()[:size]
    text = data.decode("utf-8", "ignore")  # a character that was cut in two is left out
    data = text.encode().ljust(size, b"\0")
    if point.byte_order in {"BADC", "DCBA"}:
        data = b"".join(data[i : i + 2][::-1] for i in range(0, size, 2))
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, size, 2)], value_of(
        point, text
    )
