r"""Line protocol -> columns, as InfluxDB 2 reads it.

`measurement[,tag=v...] field=v[,field=v...] [timestamp]`, one point a line. Blank lines and lines
that start with `#` are ignored. In measurement, tags and field keys a backslash takes the meaning
from a following comma, space or equals sign (in the measurement only comma and space); any other
backslash is itself. Field values: `1`, `1.5e3` (float), `1i` (integer), `1u` (unsigned),
`t true True TRUE f ...` (boolean), `"..."` with `\"` and `\\` (string; commas, spaces and line ends
inside are its own).

Lines without backslash and quote take a fast path: split, with what comes again and again looked
up in a cache: the head of the line (measurement and tags, the same for every line of a device),
numbers and times. Every other line is read character by character. One bad line refuses the whole
batch, by its text.
"""

import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from cloud.errors import LineProtocolError

PRECISIONS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_MAX_TIME = 2**63 - 1
_CACHE_SIZE = 50_000
_LONGEST_KEPT = 32
"""Characters of a number; longer ones are not written by machines that write the same one again."""
_TRUE = frozenset({"t", "T", "true", "True", "TRUE"})
_FALSE = frozenset({"f", "F", "false", "False", "FALSE"})
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


class FieldType(StrEnum):
    """The types of InfluxDB; a field keeps the one it was first written with."""

    FLOAT = "float"
    INTEGER = "integer"
    UNSIGNED = "unsigned"
    BOOLEAN = "boolean"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What a point belongs to: a measurement and its tags, sorted by key."""

    measurement: str
    tags: tuple[tuple[str, str], ...]

    def tag(self, key: str) -> str:
        """Return the tag's value, empty where the series does not have it."""
        return next((value for name, value in self.tags if name == key), "")


@dataclass(slots=True)
class Batch:
    """The values of a write, column by column, in the order of the lines.

    A number, or a boolean as 0 or 1, is in `numbers` (and None in `texts`); a string the other
    way round.
    """

    series: list[SeriesKey] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    types: list[FieldType] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    numbers: list[float | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    lines: int = 0

    def __len__(self) -> int:
        return len(self.series)


class Parser:
    """Parses bodies; keeps the heads of lines and the numbers it has met."""

    def __init__(self) -> None:
        self._heads: dict[str, SeriesKey] = {}
        self._numbers: dict[str, tuple[FieldType, float]] = {}

    def parse(self, body: bytes, *, precision: str = "ns", now_ns: int) -> Batch:
        """Return the points of a body; those without a time get `now_ns`.

        Raises LineProtocolError for the first line that cannot be parsed.
        """
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            number = body.count(b"\n", 0, error.start) + 1
            line = body.split(b"\n")[number - 1].decode(errors="replace")
            raise LineProtocolError(number, line, "not UTF-8") from None
        unit = PRECISIONS[precision]
        now_ns -= now_ns % unit
        batch = Batch()
        times = {"": now_ns}
        for number, line in _lines(text):
            try:
                self._line(line, unit, times, batch)
            except _Bad as bad:
                raise LineProtocolError(number, line, str(bad)) from None
            batch.lines += 1
        return batch

    def _line(self, line: str, unit: int, times: dict[str, int], batch: Batch) -> None:
        if "\\" in line or '"' in line:
            key, fields, stamp = _scan(line)
        else:
            parts = line.split(" ")
            if "" in parts:
                parts = [part for part in parts if part]
            if len(parts) < 2:
                self._series(parts[0])
                raise _Bad("missing fields")
            if len(parts) > 3:
                raise _Bad("bad timestamp")
            key = self._series(parts[0])
            fields = _split_fields(parts[1])
            stamp = parts[2] if len(parts) == 3 else ""
        time_ns = times.get(stamp)
        if time_ns is None:
            time_ns = times[stamp] = _time(stamp, unit)
        for name, raw in fields:
            if isinstance(raw, _Text):
                batch.types.append(FieldType.STRING)
                batch.numbers.append(None)
                batch.texts.append(str(raw))
            else:
                known = self._numbers.get(raw) or self._number(raw)
                batch.types.append(known[0])
                batch.numbers.append(known[1])
                batch.texts.append(None)
            batch.fields.append(name)
        batch.series += [key] * len(fields)
        batch.times += [time_ns] * len(fields)

    def _number(self, raw: str) -> tuple[FieldType, float]:
        number = _number(raw)
        if len(raw) <= _LONGEST_KEPT:
            if len(self._numbers) >= _CACHE_SIZE:
                self._numbers.clear()
            self._numbers[raw] = number
        return number

    def _series(self, head: str) -> SeriesKey:
        key = self._heads.get(head)
        if key is None:
            measurement, *pairs = head.split(",")
            key = _series_key(measurement, [_pair(pair.split("=")) for pair in pairs])
            if len(self._heads) >= _CACHE_SIZE:
                self._heads.clear()
            self._heads[head] = key
        return key


class _Bad(Exception):
    """Why a line is refused, in InfluxDB's words."""


class _Text(str):
    """A field's value that was in quotes."""

    __slots__ = ()


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the lines to be read, with their numbers; quoted line ends do not end one."""
    lines: list[tuple[int, str]] = []
    quoted: list[str] = []
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        if quoted:
            quoted.append(raw)
            if _closes(raw, inside=True):
                lines.append((start, "\n".join(quoted)))
                quoted = []
            continue
        line = raw.strip(" \r\t")
        if not line or line[0] == "#":
            continue
        if '"' in line and not _closes(line, inside=False):
            quoted, start = [raw.lstrip(" \t")], number
            continue
        lines.append((number, line))
    if quoted:
        lines.append((start, "\n".join(quoted).rstrip("\n")))
    return lines


def _closes(line: str, *, inside: bool) -> bool:
    """Whether every quoted string that is open in the line is closed by its end.

    A quote opens a string only where a field's value begins: after an equals sign in the fields.
    """
    in_fields = inside
    position, end = 0, len(line)
    while position < end:
        character = line[position]
        if character == "\\":
            position += 2
            continue
        if character == '"' and (inside or (in_fields and line[position - 1 : position] == "=")):
            inside = not inside
        elif character == " " and not inside:
            in_fields = True
        position += 1
    return not inside


def _split_fields(text: str) -> list[tuple[str, "str | _Text"]]:
    fields: list[tuple[str, str | _Text]] = []
    for part in text.split(","):
        name, equals, raw = part.partition("=")
        if not name:
            raise _Bad("missing field key")
        if not equals or not raw:
            raise _Bad("missing field value")
        if "=" in raw:
            raise _Bad("invalid field format")
        fields.append((name, raw))
    return fields


def _scan(line: str) -> tuple[SeriesKey, list[tuple[str, "str | _Text"]], str]:
    """Read a line character by character: the whole syntax."""
    measurement, at = _word(line, 0, ", ", ", ")
    pairs: list[tuple[str, str]] = []
    while at < len(line) and line[at] == ",":
        name, at = _word(line, at + 1, ",= ", ",= ")
        if at >= len(line) or line[at] != "=":
            raise _Bad("missing tag value" if name else "missing tag key")
        value, at = _word(line, at + 1, ",= ", ",= ")
        if at < len(line) and line[at] == "=":
            raise _Bad("invalid tag format")
        pairs.append(_pair([name, value]))
    key = _series_key(measurement, pairs)
    at = _skip_spaces(line, at)
    if at >= len(line):
        raise _Bad("missing fields")
    fields: list[tuple[str, str | _Text]] = []
    while True:
        name, at = _word(line, at, ",= ", ",= ")
        if not name:
            raise _Bad("missing field key")
        if at >= len(line) or line[at] != "=":
            raise _Bad("missing field value")
        value, at = _value(line, at + 1)
        fields.append((name, value))
        if at >= len(line) or line[at] != ",":
            break
        at += 1
    if at < len(line) and line[at] != " ":
        raise _Bad("invalid field format")
    return key, fields, line[at:].strip(" \r\t")


def _word(line: str, at: int, stops: str, special: str) -> tuple[str, int]:
    """Read up to an unescaped character of `stops`; return the text without escapes, and where."""
    text: list[str] = []
    end = len(line)
    while at < end:
        character = line[at]
        if character == "\\" and at + 1 < end and line[at + 1] in special:
            text.append(line[at + 1])
            at += 2
            continue
        if character in stops:
            break
        text.append(character)
        at += 1
    return "".join(text), at


def _value(line: str, at: int) -> tuple["str | _Text", int]:
    if line[at : at + 1] != '"':
        value, at = _word(line, at, ", ", "")
        if not value:
            raise _Bad("missing field value")
        return value, at
    text: list[str] = []
    at += 1
    while at < len(line):
        character = line[at]
        if character == "\\" and line[at + 1 : at + 2] in {'"', "\\"}:
            text.append(line[at + 1])
            at += 2
        elif character == '"':
            return _Text("".join(text)), at + 1
        else:
            text.append(character)
            at += 1
    raise _Bad("unbalanced quotes")


def _skip_spaces(line: str, at: int) -> int:
    while at < len(line) and line[at] == " ":
        at += 1
    return at


def _pair(parts: list[str]) -> tuple[str, str]:
    if not parts[0]:
        raise _Bad("missing tag key")
    if len(parts) == 1 or not parts[1]:
        raise _Bad("missing tag value")
    if len(parts) > 2:
        raise _Bad("invalid tag format")
    return parts[0], parts[1]


def _series_key(measurement: str, pairs: list[tuple[str, str]]) -> SeriesKey:
    if not measurement:
        raise _Bad("missing measurement")
    pairs.sort()
    for (name, _), (following, _) in pairwise(pairs):
        if name == following:
            raise _Bad("duplicate tags")
    return SeriesKey(measurement, tuple(pairs))


def _number(raw: str) -> tuple[FieldType, float]:
    last = raw[-1]
    if last in "iu":
        return _whole(raw[:-1], FieldType.INTEGER if last == "i" else FieldType.UNSIGNED)
    if _FLOAT.fullmatch(raw):
        number = float(raw)
        if math.isinf(number):
            raise _Bad("invalid number")
        return FieldType.FLOAT, number
    if raw in _TRUE:
        return FieldType.BOOLEAN, 1.0
    if raw in _FALSE:
        return FieldType.BOOLEAN, 0.0
    raise _Bad("invalid boolean" if raw[0] in "tTfF" else "invalid number")


def _whole(digits: str, kind: FieldType) -> tuple[FieldType, float]:
    if not _WHOLE.fullmatch(digits) or len(digits) > 20:
        raise _Bad("invalid number")
    value = int(digits)
    low, high = (-(2**63), 2**63 - 1) if kind is FieldType.INTEGER else (0, 2**64 - 1)
    if not low <= value <= high:
        raise _Bad("value out of range")
    return kind, float(value)


def _time(stamp: str, unit: int) -> int:
    if not _WHOLE.fullmatch(stamp) or len(stamp) > 20:
        raise _Bad("bad timestamp")
    time_ns = int(stamp) * unit
    if abs(time_ns) > _MAX_TIME:
        raise _Bad("time outside range")
    return time_ns
