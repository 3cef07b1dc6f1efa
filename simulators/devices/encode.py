"""What a Modbus or MQTT device sends for its points: registers and payloads.

Written from the profile format, apart from the gateway's codecs, so that one can be held against
the other. Every encoder also returns the values that the words or the payload really carry: 21.337
in steps of 0.1 is 21.3 on the wire, and 21.3 is what a gateway must store.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from device_profiles.model import Point
from device_profiles.protocols.modbus import ModbusPoint, Register
from device_profiles.protocols.mqtt import MqttPoint, MqttPresence, MqttProfile, MqttTime
from device_profiles.reading import Value
from simulators.devices.ble_encode import raw_of, value_of
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


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message, and what it says."""

    topic: str
    payload: bytes
    values: dict[str, Value]
    observed_at: datetime | None
    """The time that the payload states, as it states it; None where it states none."""


# Modbus


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


def words_of(point: ModbusPoint, value: Value) -> tuple[list[int], Value]:
    """Return the words of one value and the value that they carry."""
    raw = _raw(point, value)
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


def _raw(point: Point, value: Value) -> Value:
    try:
        return raw_of(point, value)
    except ValueError as error:
        raise EncodeError(str(error)) from None


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


# MQTT


def messages(
    profile: MqttProfile, device: str, values: Mapping[str, Value], at: datetime
) -> list[Message]:
    """Return what a device says about all of its points: one message per topic."""
    topics = dict.fromkeys(point.topic for point in profile.points.values())
    return [message(profile, topic, device, values, at) for topic in topics]


def message(
    profile: MqttProfile, topic: str, device: str, values: Mapping[str, Value], at: datetime
) -> Message:
    """Return one message on a topic of the profile, in the form of the profile's example."""
    points = {
        name: point
        for name, point in profile.points.items()
        if point.topic == topic and name in values
    }
    where = topic.replace("{device}", device)
    plain = {name: point for name, point in points.items() if point.path is None}
    if plain:
        if len(points) > 1:
            raise EncodeError(f"{topic}: one plain payload cannot hold {', '.join(points)}")
        ((name, point),) = plain.items()
        raw = _raw(point, values[name])
        said = {name: value_of(point, raw)}
        return Message(where, _text(point, raw).encode(), said, None)
    tree = _example(profile, topic)
    carried: dict[str, Value] = {}
    for name, point in points.items():
        raw = _raw(point, values[name])
        _put(tree, str(point.path), _like(_get(tree, str(point.path)), point, raw))
        carried[name] = value_of(point, raw)
    stated = None
    if profile.time is not None:
        shown, stated = _time(profile.time, at)
        _put(tree, profile.time.path, shown)
    payload = json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Message(where, payload.encode(), carried, stated)


def split_path(path: str) -> list[str]:
    """Return the members that a path names; a member in double quotes may hold dots."""
    parts: list[str] = []
    for number, piece in enumerate(path.split('"')):
        if number % 2:
            parts.append(piece)
        else:
            parts.extend(part for part in piece.split(".") if part)
    return parts


def _example(profile: MqttProfile, topic: str) -> dict[str, Any]:
    for example in profile.examples:
        if example.topic != topic:
            continue
        payload = example.payload
        if isinstance(payload, str):
            try:
                payload = json.loads(payload)
            except ValueError:
                continue
        if isinstance(payload, dict):
            return deepcopy(payload)
    return {}


def _get(tree: Any, path: str) -> Any:
    for name in split_path(path):
        if not isinstance(tree, dict):
            return None
        tree = tree.get(name)
    return tree


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = split_path(path)
    for name in parents:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            inner = tree[name] = {}
        tree = inner
    tree[last] = value


def _like(example: Any, point: MqttPoint, raw: Value) -> Value:
    """Return a raw value in the type that the example shows: 1 or "1", as the device has it."""
    if isinstance(raw, (bool, str)):
        return raw
    if point.values is not None and isinstance(example, str):
        return _text(point, raw)
    return int(raw) if float(raw).is_integer() else raw


def _text(point: MqttPoint, raw: Value) -> str:
    if isinstance(raw, bool):
        if point.values is not None:
            return "true" if raw else "false"
        return json.dumps(raw)
    if isinstance(raw, str):
        return raw
    return str(int(raw)) if float(raw).is_integer() else repr(float(raw))


def _time(rule: MqttTime, at: datetime) -> tuple[str | int, datetime]:
    """Return a moment as the payload states it, and the moment that it then states."""
    at = at.astimezone(UTC)
    if rule.format == "unix_s":
        at = at.replace(microsecond=0)
        return int(at.timestamp()), at
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    if rule.format == "unix_ms":
        return int(at.timestamp()) * 1000 + at.microsecond // 1000, at
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), at


def topics(profile: MqttProfile) -> Iterable[str]:
    """Return the topics with points, each once."""
    return dict.fromkeys(point.topic for point in profile.points.values())


def presence_payload(presence: MqttPresence, *, is_online: bool) -> bytes:
    """Return what a presence topic says."""
    said = presence.online if is_online else presence.offline
    if presence.path is None:
        return (said if isinstance(said, str) else json.dumps(said)).encode()
    tree: dict[str, Any] = {}
    _put(tree, presence.path, said)
    return json.dumps(tree).encode()
