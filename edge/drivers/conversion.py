"""From the raw value a protocol carried to the value of a point: the same rules everywhere.

In this order: `invalid` raw values and NaN are no value; `values` translates, and what it does not
list is no value; numbers get `scale` and `offset`; the result must have the type of the point's
quantity. Arithmetic is decimal, so a register of 2302 at scale 0.1 is 230.2 and not
230.20000000000002: scaled integers have exactly the scale's decimals.
"""

import contextlib
import math
import struct
from decimal import Decimal

from device_profiles.model import Point
from device_profiles.quantities import ValueType
from device_profiles.reading import Value

_NAMES: dict[ValueType, str] = {
    "number": "a number",
    "bool": "true or false",
    "string": "text",
}
_EXCERPT = 60
_FLOAT32 = struct.Struct(">f")
_SMALLEST_NORMAL = 2.0**-126


class ConversionError(ValueError):
    """A raw value that cannot be a value of its point; the text names what came and what should."""


def value_of(point: Point, raw: Value, scale: float | None = None) -> Value | None:
    """Return the point's value, or None where the raw value means that there is none.

    A `scale` takes the place of the point's.
    """
    if is_invalid(point, raw):
        return None
    if point.values is not None:
        return _typed(point, point.values.get(raw_key(raw)))
    wanted = point.value_type
    if wanted == "number" and _is_number(raw):
        return _scaled(point, raw, point.scale if scale is None else scale)
    return _typed(point, raw)


def is_invalid(point: Point, raw: Value) -> bool:
    """Return whether a raw value means 'no value'; 1.0 equals 1, true does not."""
    if isinstance(raw, float) and math.isnan(raw):
        return True
    return bool(point.invalid) and any(
        isinstance(raw, bool) == isinstance(invalid, bool) and raw == invalid
        for invalid in point.invalid
    )


def raw_key(raw: Value) -> str:
    """Return a raw value as the keys of `values` spell it: 1 and 1.0 are '1', True is 'true'."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw).removesuffix(".0")


def round_float32(value: float) -> float:
    """Return the number of fewest digits that is the same float32: 230.2 and not 230.19999.

    Six digits keep every text of six digits, nine are always enough (IEEE 754-2019,
    5.12.2). Numbers below the smallest normal one have fewer digits.
    """
    if not math.isfinite(value):
        return value
    data = _FLOAT32.pack(value)
    for digits in range(6 if abs(value) >= _SMALLEST_NORMAL else 1, 9):
        short = float(f"{value:.{digits}g}")
        with contextlib.suppress(OverflowError):  # rounded up beyond the largest float32
            if _FLOAT32.pack(short) == data:
                return short
    return float(f"{value:.9g}")


def excerpt(raw: object) -> str:
    """Return a short one-line picture of a value for an error message."""
    text = raw if isinstance(raw, str) else repr(raw)
    text = "".join(c if c.isprintable() else " " for c in text[: _EXCERPT + 1])
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


def _is_number(raw: Value) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool)


def _scaled(point: Point, raw: Value, scale: float) -> float:
    try:
        number = float(raw)
    except OverflowError:
        raise ConversionError("got a number that is too large for any measurement") from None
    if (scale != 1 or point.offset != 0) and math.isfinite(number):
        number = float(Decimal(str(raw)) * Decimal(str(scale)) + Decimal(str(point.offset)))
    if not math.isfinite(number):
        raise ConversionError(f"got {number}, expected a finite number")
    return number + 0.0  # -0.0 becomes 0.0


def _typed(point: Point, value: Value | None) -> Value | None:
    if value is None:
        return None
    wanted = point.value_type
    if wanted == "bool" and isinstance(value, bool):
        return value
    if wanted == "string" and isinstance(value, str):
        return value
    if wanted == "number" and _is_number(value):
        return float(value)
    raise ConversionError(f"got {_described(value)}, expected {_NAMES[wanted]}")


def _described(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {excerpt(value)!r}"
    return f"the number {excerpt(value)}"
