"""MQTT payloads to readings. Pure. Whatever a payload holds, it raises nothing.

Payloads come from anybody who may publish to the broker. One that is not what the profile promises
gives a `DecodeError` that names the topic and, where it is one value's fault, the point; the other
values of the same payload still count (`payload_json`). A payload that lacks some of the members is
a partial update and no error; one that has none of them is. A broken member that no point asks for
costs nothing.

A payload may state when its values were true. Where that cannot be read, or the device's clock was
never set, the time of arrival is used and the values are uncertain. Where it is further ahead of
the gateway's clock than `FURTHEST_AHEAD` the device's clock is wrong: the time of arrival is used
and the values are bad.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from device_profiles.play import Understood
from device_profiles.protocols.mqtt import (
    MqttExample,
    MqttPoint,
    MqttPresence,
    MqttProfile,
    MqttTime,
    path_steps,
)
from device_profiles.reading import Quality, Reading, Value
from device_profiles.schema import DeviceProfile, Example
from edge.drivers.conversion import ConversionError, excerpt, raw_key, value_of
from edge.drivers.mqtt.device import MqttDevice
from edge.drivers.mqtt.payload_json import Broken, PayloadError, parse, text_of
from edge.errors import DecodeError

MAX_PAYLOAD = 256 * 1024
"""Bytes; no device of a school sends more in one message."""
MAX_TEXT = 4096
"""Characters of one text value."""
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""A device clock before this has never been set."""
FURTHEST_AHEAD = timedelta(minutes=5)
"""A device clock further ahead of the gateway's is wrong."""

Routes = Mapping[str, Sequence[MqttDevice]]


class _Absent(Enum):
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one message means for one device."""

    readings: list[Reading] = field(default_factory=list)
    errors: list[DecodeError] = field(default_factory=list)
    is_online: bool | None = None
    """What a presence topic reports; None where the message is not about presence."""
    has_own_time: bool = False
    """The payload states when its values were true, so the message may be delivered twice."""


class _Unreadable(ValueError):
    """A payload, or its time, that is not what it should be."""


class _Implausible(ValueError):
    """A time that is readable and cannot be true."""


def topic_of(pattern: str, device: MqttDevice) -> str:
    """Return a topic of the profile with the device's own part filled in."""
    return pattern.replace("{device}", device.device)


def topics(device: MqttDevice) -> list[str]:
    """Return the topics on which the device speaks, each once."""
    patterns = [point.topic for point in device.profile.points.values()]
    if device.profile.presence is not None:
        patterns.append(device.profile.presence.topic)
    return list(dict.fromkeys(topic_of(pattern, device) for pattern in patterns))


def routes(devices: Iterable[MqttDevice]) -> dict[str, list[MqttDevice]]:
    """Return which devices each topic is about."""
    table: dict[str, list[MqttDevice]] = {}
    for device in devices:
        for topic in topics(device):
            table.setdefault(topic, []).append(device)
    return table


def read_example(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
    """Return what the gateway makes of an example."""
    if not isinstance(profile, MqttProfile) or not isinstance(example, MqttExample):
        raise TypeError(f"{profile.id} is no MQTT profile")
    device = MqttDevice(profile.id, profile, "device")
    decoded = decode(device, topic_of(example.topic, device), example.text.encode(), received_at)
    return Understood(
        {reading.point: reading.value for reading in decoded.readings},
        {error.point: error.problem for error in decoded.errors},
        frozenset(reading.observed_at for reading in decoded.readings),
    )


def decode(
    device: MqttDevice, topic: str, payload: bytes, arrived: datetime, *, retained: bool = False
) -> Decoded:
    """Return what a message on `topic` means for the device.

    A retained message was true at some unknown time before: without a time of its own it gives
    no readings, only presence.
    """
    points = _points(device, topic)
    presence = device.profile.presence
    about_presence = presence is not None and topic == topic_of(presence.topic, device)
    decoded = Decoded()
    if not points and not about_presence:
        return decoded
    reads_json = any(point.path is not None for point in points.values())
    is_online = None
    try:
        _check_size(payload)
        if about_presence and presence is not None:
            is_online = _presence(presence, payload)
        text, tree = _content(payload, decoded.errors, device, topic, is_json=reads_json)
    except (_Unreadable, PayloadError) as error:
        return Decoded(errors=[_error(device, topic, str(error), raw=payload)], is_online=is_online)
    if not points:
        return Decoded(is_online=is_online)
    observed_at, quality, has_own_time = arrived, Quality.GOOD, False
    if device.profile.time is not None:
        try:
            observed_at = _time(device.profile.time, tree, arrived)
            has_own_time = True
        except (_Unreadable, _Implausible) as error:
            quality = Quality.BAD if isinstance(error, _Implausible) else Quality.UNCERTAIN
            decoded.errors.append(_error(device, topic, f"{error}; the time of arrival is used"))
    if retained and not has_own_time:
        return Decoded(is_online=is_online)
    values = _values(device, topic, points, text, tree, decoded.errors)
    readings = [
        Reading(device.id, name, value, observed_at, quality) for name, value in values.items()
    ]
    return Decoded(readings, decoded.errors, is_online, has_own_time)


@lru_cache(maxsize=1024)
def split_path(path: str) -> tuple[str | int, ...]:
    """Return the steps of a path: names of members, and places in arrays, counted from 0."""
    return tuple(path_steps(path))


def _points(device: MqttDevice, topic: str) -> dict[str, MqttPoint]:
    return {
        name: point
        for name, point in device.profile.points.items()
        if topic_of(point.topic, device) == topic
    }


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD:
        raise _Unreadable(f"the payload has {len(payload)} bytes, at most {MAX_PAYLOAD} are read")


def _content(
    payload: bytes, errors: list[DecodeError], device: MqttDevice, topic: str, *, is_json: bool
) -> tuple[str, Any]:
    """Return a payload as text, and the tree that it holds where it is to be JSON."""
    if not is_json:
        return text_of(payload), None
    parsed = parse(payload)
    if parsed.problem:
        errors.append(_error(device, topic, f"{parsed.problem}; what is sound in it was read"))
    return "", parsed.tree


def _member(tree: Any, path: str) -> Any:
    """Return what a path leads to: a value, `Broken`, or `ABSENT`."""
    node = tree
    for step in split_path(path):
        if isinstance(node, Broken):
            return node
        if isinstance(node, list):
            place = step if isinstance(step, int) else int(step) if step.isdecimal() else len(node)
            if place >= len(node):
                return _Absent.ABSENT
            node = node[place]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return _Absent.ABSENT
    return node


def _values(
    device: MqttDevice,
    topic: str,
    points: Mapping[str, MqttPoint],
    text: str,
    tree: Any,
    errors: list[DecodeError],
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    is_present = False
    for name, point in points.items():
        raw = text if point.path is None else _member(tree, point.path)
        if raw is _Absent.ABSENT:
            continue
        is_present = True
        if raw is None:
            continue
        try:
            if isinstance(raw, Broken):
                raise ConversionError(raw.problem)  # noqa: TRY301  one way for all that is wrong
            value = value_of(point, _raw(point, raw))
            if isinstance(value, str):
                _check_text(value)
        except ConversionError as error:
            place = name if point.path is None else f"{name} ({point.path})"
            errors.append(_error(device, topic, f"{place}: {error}", point=name, raw=raw))
            continue
        if value is not None:
            values[name] = value
    if not is_present and not any(error.point == "" for error in errors):
        wanted = ", ".join(str(point.path) for point in points.values())
        errors.append(_error(device, topic, f"the payload has none of {wanted}", raw=text or tree))
    return values


def _raw(point: MqttPoint, raw: Any) -> Value:
    if isinstance(raw, dict | list):
        kind = "an object" if isinstance(raw, dict) else "a list"
        raise ConversionError(f"got {kind}, expected a {point.type} value")
    is_bare = point.path is None or point.number == "text"
    if not is_bare or point.values is not None or not isinstance(raw, str):
        plain: Value = raw
        return plain.strip() if point.path is None and isinstance(plain, str) else plain
    return _plain(point, raw.strip())


def _plain(point: MqttPoint, text: str) -> Value:
    """Return the value of a text: a payload without JSON, or a number as text."""
    if point.type == "bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if point.type == "number" and text.isascii() and "_" not in text:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise ConversionError(f"got a text of {len(text)} characters, at most {MAX_TEXT} are kept")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConversionError("got half a character (a lone surrogate), expected text") from None


def _presence(presence: MqttPresence, payload: bytes) -> bool | None:
    """Return what a payload reports, as JSON or plain, whichever form the profile names.

    Devices change the form with their firmware: `online`, `"online"`, `{"state": "online"}`.
    """
    try:
        tree = parse(payload).tree
    except PayloadError:
        tree = text_of(payload).strip()
    if isinstance(tree, dict):
        named = _Absent.ABSENT if presence.path is None else _member(tree, presence.path)
        values = list(tree.values()) if named is _Absent.ABSENT else [named]
    else:
        values = [tree]
    keys = {raw_key(raw).casefold() for raw in values if isinstance(raw, str | int | float)}
    is_online = raw_key(presence.online).casefold() in keys
    is_offline = raw_key(presence.offline).casefold() in keys
    return is_online if is_online != is_offline else None


def _time(rule: MqttTime, tree: Any, arrived: datetime) -> datetime:
    raw = _member(tree, rule.path)
    if raw is _Absent.ABSENT:
        raise _Unreadable(f"the payload has no time ({rule.path})")
    if isinstance(raw, Broken):
        raise _Unreadable(f"{rule.path}: {raw.problem}, expected {rule.format}")
    try:
        at = _iso(raw, rule.zone_info) if rule.format == "iso8601" else _unix(raw, rule.format)
    except (ValueError, OverflowError, OSError, TypeError) as error:
        why = f" ({error})" if isinstance(error, _Unreadable) else ""
        raise _Unreadable(
            f"{rule.path}: {_shown(raw)} is not a time{why}, expected {rule.format}"
        ) from None
    if arrived < EARLIEST:
        raise _Unreadable(f"{rule.path}: the gateway's own clock is not set yet")
    wrong = f"{rule.path}: the device's clock is wrong, it shows {at:%Y-%m-%d %H:%M} UTC"
    if at < EARLIEST:
        raise _Unreadable(wrong)
    if at > arrived + FURTHEST_AHEAD:
        raise _Implausible(wrong)
    return at


def _iso(raw: Any, zone: ZoneInfo | timezone | None) -> datetime:
    if not isinstance(raw, str):
        raise _Unreadable("it is no text")
    at = datetime.fromisoformat(raw.strip())
    if at.tzinfo is None:
        if zone is None:
            raise _Unreadable("it has no time zone and the profile gives none; write time.zone")
        at = at.replace(tzinfo=zone)
        if at.utcoffset() != at.replace(fold=1).utcoffset():
            raise _Unreadable("the clocks were changed in this hour, it may mean two moments")
    return at.astimezone(UTC)


def _unix(raw: Any, unit: str) -> datetime:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise _Unreadable("it is no number")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (timedelta(seconds=raw) if unit == "unix_s" else timedelta(milliseconds=raw))


def _error(
    device: MqttDevice, topic: str, problem: str, *, point: str = "", raw: Any = ""
) -> DecodeError:
    return DecodeError(device.id, f"topic {topic}: {problem}", point=point, raw=_shown(raw))


def _shown(raw: Any) -> str:
    """Return a short picture of anything JSON can hold, without walking through it."""
    if isinstance(raw, bytes):
        return excerpt(raw[:200].decode("utf-8", "replace"))
    if isinstance(raw, str):
        return excerpt(raw[:200])
    if isinstance(raw, dict | list):
        return "an object" if isinstance(raw, dict) else "a list"
    return excerpt(raw)
