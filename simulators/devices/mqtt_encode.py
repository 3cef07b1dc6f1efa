"""What an MQTT device publishes for its points: topics and payloads. Pure.

Written from the profile format, apart from the gateway's codec, so that one can be held against the
other. The encoder also returns the values that a payload really carries.
"""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from device_profiles.protocols.mqtt import (
    MqttExample,
    MqttPoint,
    MqttPresence,
    MqttProfile,
    MqttTime,
)
from device_profiles.reading import Value
from simulators.devices.point_values import SIMULATED, raw_of, value_of
from simulators.errors import EncodeError


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message, and the values it carries."""

    topic: str
    payload: bytes
    values: dict[str, Value]
    observed_at: datetime | None
    """The time that the payload states, as it states it; None where it states none."""


def messages(
    profile: MqttProfile, device: str, values: Mapping[str, Value], at: datetime
) -> list[Message]:
    """Return what a device publishes about all of its points: one message per topic."""
    topics = dict.fromkeys(point.topic for point in profile.points.values())
    return [message(profile, topic, device, values, at) for topic in topics]


def examples(profile: MqttProfile, values: Mapping[str, Value], at: datetime) -> list[MqttExample]:
    """Return what a device publishes, as examples of its profile: one for each topic."""
    return [
        MqttExample(
            source=SIMULATED,
            topic=sent.topic,
            payload=sent.payload.decode(),
            readings=sent.values,
            observed_at=None if sent.observed_at is None else sent.observed_at.isoformat(),
        )
        for sent in messages(profile, "{device}", values, at)
    ]


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
        raw = raw_of(point, values[name])
        plain_values = {name: value_of(point, raw)}
        return Message(where, _text(point, raw).encode(), plain_values, None)
    tree = _example(profile, topic)
    carried: dict[str, Value] = {}
    for name, point in points.items():
        raw = raw_of(point, values[name])
        _put(tree, str(point.path), _like(_get(tree, str(point.path)), point, raw))
        carried[name] = value_of(point, raw)
    stated = None
    if profile.time is not None:
        shown, stated = _time(profile.time, at)
        _put(tree, profile.time.path, shown)
    payload = json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Message(where, payload.encode(), carried, stated)


def split_path(path: str) -> list[str | int]:
    """Return the members and places that a path names; a member in double quotes may hold dots."""
    parts: list[str | int] = []
    for number, piece in enumerate(path.split('"')):
        if number % 2:
            parts.append(piece)
            continue
        parts.extend(
            int(part[1:-1]) if part.startswith("[") else part
            for part in piece.replace("[", ".[").split(".")
            if part
        )
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
    for step in split_path(path):
        if isinstance(step, int):
            tree = tree[step] if isinstance(tree, list) and step < len(tree) else None
        else:
            tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def _put(tree: Any, path: str, value: Any) -> None:
    steps = split_path(path)
    for step, following in pairwise([*steps, None]):
        if isinstance(step, int):
            tree.extend([None] * (step + 1 - len(tree)))
        if following is None:
            tree[step] = value
            return
        inner = tree[step] if isinstance(step, int) else tree.get(step)
        if not isinstance(inner, list if isinstance(following, int) else dict):
            inner = tree[step] = [] if isinstance(following, int) else {}
        tree = inner


def _like(example: Any, point: MqttPoint, raw: Value) -> Value:
    """Return a raw value in the type that the example shows: 1 or "1", as the device has it."""
    if isinstance(raw, (bool, str)):
        return raw
    if point.number == "text":
        return _text(point, raw)
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
    if rule.zone_info is not None:
        local = at.astimezone(rule.zone_info).replace(tzinfo=None)
        return local.isoformat(timespec="milliseconds"), at
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), at


def topics(profile: MqttProfile) -> Iterable[str]:
    """Return the topics with points, each once."""
    return dict.fromkeys(point.topic for point in profile.points.values())


def presence_payload(presence: MqttPresence, *, is_online: bool) -> bytes:
    """Return the payload of a presence topic."""
    state = presence.online if is_online else presence.offline
    if presence.path is None:
        return (state if isinstance(state, str) else json.dumps(state)).encode()
    tree: dict[str, Any] = {}
    _put(tree, presence.path, state)
    return json.dumps(tree).encode()
