"""From the value of a point to the raw value that a protocol carries, and back. Pure.

Written from the profile format, apart from the gateway's conversion, so that one can be held
against the other.
"""

import math
import struct
from collections.abc import Iterable, Mapping
from decimal import Decimal

from device_profiles.model import Point
from device_profiles.reading import Value
from simulators.errors import EncodeError

SIMULATED = "what the simulator sends"
"""The source of an example that an encoder made."""


def raw_of(point: Point, value: Value, scale: float | None = None) -> Value:
    """Return the raw value of a point's value: scale, offset and `values` undone.

    A `scale` takes the place of the point's, here and in `value_of`.
    """
    if point.values is not None:
        for key, meaning in point.values.items():
            if meaning == value and isinstance(meaning, bool) == isinstance(value, bool):
                return _raw_key(key)
        raise EncodeError(
            f"{value!r} is not among the point's values {list(point.values.values())}"
        )
    if isinstance(value, bool | str):
        return value
    raw = (Decimal(str(float(value))) - Decimal(str(point.offset))) / Decimal(
        str(point.scale if scale is None else scale)
    )
    return float(raw)


def value_of(point: Point, raw: Value, scale: float | None = None) -> Value:
    """Return a point's value for the raw value that the bytes carry."""
    if point.values is not None:
        return next(v for k, v in point.values.items() if _raw_key(k) == raw)
    if isinstance(raw, bool | str):
        return raw
    factor = Decimal(str(point.scale if scale is None else scale))
    return float(Decimal(str(raw)) * factor + Decimal(str(point.offset)))


def shortest_float32(data: bytes) -> float:
    """Return the number of fewest digits that is the float32 of four big-endian bytes."""
    (number,) = struct.unpack(">f", data)
    texts = (f"{number:.{digits}g}" for digits in range(1, 10))
    return next(float(text) for text in texts if _float32(float(text)) == data)


def _float32(number: float) -> bytes:
    """Return the four bytes of a number, of infinity where rounding made it too large."""
    try:
        return struct.pack(">f", number)
    except OverflowError:
        return struct.pack(">f", math.inf)


def initial_values(
    points: Mapping[str, Point], examples: Iterable[Mapping[str, Value]]
) -> dict[str, Value]:
    """Return a value for every point: the examples' first, then nought, false or empty text."""
    values: dict[str, Value] = {}
    for readings in examples:
        for name, value in readings.items():
            values.setdefault(name, value)
    for name, point in points.items():
        if name in values:
            continue
        if point.values is not None:
            values[name] = next(iter(point.values.values()))
        else:
            nothing: dict[str, Value] = {"number": 0.0, "bool": False, "string": ""}
            values[name] = nothing[point.value_type]
    return values


def _raw_key(key: str) -> Value:
    if key in {"true", "false"}:
        return key == "true"
    try:
        return float(key)
    except ValueError:
        return key
