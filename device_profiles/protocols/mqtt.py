"""MQTT: a point is a topic and a path into its payload. Pure.

`{device}` in a topic is replaced by the device's own part of it, given in the gateway's
configuration. A path names members of a JSON payload, joined by dots (`ENERGY.Power`), and places
in arrays, counted from 0 (`ENERGY.Power[1]`); a member whose own name holds a dot or a bracket is
put in double quotes. Without a path the whole payload is the raw value, as text.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta, timezone
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from device_profiles.model import Command, Model, Name, Point, Port, quantities_given
from device_profiles.protocol import CValue, ProtocolSpec
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example

TimeFormat = Literal["iso8601", "unix_s", "unix_ms"]
_TOPIC_PART = r"^[^+#\x00-\x1f\x7f-\x9f\uFDD0-\uFDEF\uFFFE\uFFFF]+$"
"""What brokers take in a topic: any text, with blanks, but for wildcards and control characters."""
_STEP = re.compile(r'"([^"]+)"|([^."\[\]]+)|\[(\d{1,4})\]')
_OFFSET = re.compile(r"([+-])(\d{2}):([0-5]\d)")


def path_steps(path: str) -> list[str | int]:
    """Return the steps of a path: names of members, and places in arrays, counted from 0.

    Raises ValueError where it is no path.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(path) or not steps:
        is_after_dot = bool(steps) and path[at] == "."
        step = _STEP.match(path, at + is_after_dot)
        is_place = step is not None and step[3] is not None
        if step is None or (bool(steps) and is_after_dot == is_place):
            raise ValueError(
                f"{path!r} is no path; use names joined by dots and places in brackets, "
                "such as ENERGY.Power[1]"
            )
        steps.append(int(step[3]) if is_place else step[1] or step[2])
        at = step.end()
    return steps


def _checked_path(path: str) -> str:
    path_steps(path)
    return path


Path = Annotated[str, AfterValidator(_checked_path)]
"""Where in a JSON payload a value is."""


class MqttPoint(Point):
    """A point in the payload of a topic."""

    topic: str = Field(min_length=1, max_length=512)
    path: Path | None = Field(
        default=None, description="Such as `ENERGY.Power[1]`; without one the payload is the value."
    )
    type: Literal["number", "bool", "string"] = Field(
        default="number",
        validate_default=True,
        description="Type of the value after `values` was applied.",
    )
    number: Literal["text"] | None = Field(
        default=None, description='`text`: the device sends its number as text, such as `"85.3"`.'
    )

    @field_validator("type")
    @classmethod
    def _type_of_quantity(cls, given: str, info: ValidationInfo) -> str:
        quantity = info.data.get("quantity", "")
        known = quantities_given(info).get(quantity)
        if known is not None and given != known.value_type:
            raise ValueError(f"{given} does not go with {quantity}; write type: {known.value_type}")
        return given

    @field_validator("number")
    @classmethod
    def _number_of_number(cls, given: str | None, info: ValidationInfo) -> str | None:
        if given is not None and info.data.get("type", "number") != "number":
            raise ValueError(f"goes with type: number; leave it out with {info.data['type']}")
        return given


class MqttTime(Model):
    """Where a payload states when its values were true; absent: the time of arrival."""

    path: Path
    format: TimeFormat = "iso8601"
    zone: str | None = Field(
        default=None,
        description="Of a time that states none: `Asia/Shanghai`, or an offset such as `+08:00`.",
    )

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None, info: ValidationInfo) -> str | None:
        if zone is None:
            return None
        if info.data.get("format", "iso8601") != "iso8601":
            raise ValueError(f"goes with iso8601; {info.data['format']} counts from 1970 in UTC")
        try:
            _zone(zone)
        except (ValueError, LookupError, OSError):
            raise ValueError(
                f"{zone!r} is no time zone; use a name such as Asia/Shanghai, or +08:00"
            ) from None
        return zone

    @cached_property
    def zone_info(self) -> ZoneInfo | timezone | None:
        """The zone of a time that states none."""
        return None if self.zone is None else _zone(self.zone)


def _zone(name: str) -> ZoneInfo | timezone:
    offset = _OFFSET.fullmatch(name)
    if offset is None:
        return ZoneInfo(name)
    ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return timezone(ahead if offset[1] == "+" else -ahead)


class MqttPresence(Model):
    """A last-will topic: whether the device is connected to the broker."""

    topic: str
    path: Path | None = None
    online: Value
    offline: Value


class MqttCommand(Command):
    """A message to the device."""

    topic: str
    payloads: dict[str, str] = Field(
        description="Name of the argument (or `value`) -> the payload sent, word for word."
    )


class MqttExample(Example):
    """A topic, with {device}, and a payload: text, or a tree that is sent as JSON."""

    topic: str
    payload: Any
    observed_at: str | None = Field(
        default=None, description="The time the payload states, ISO 8601 with Z."
    )

    @property
    def text(self) -> str:
        """The payload as it is sent."""
        if isinstance(self.payload, str):
            return self.payload
        return json.dumps(self.payload, ensure_ascii=False)


class MqttProfile(DeviceProfile):
    """A device that publishes to the school's broker."""

    protocol: Literal["mqtt"]
    time: MqttTime | None = None
    presence: MqttPresence | None = None
    points: dict[Name, MqttPoint] = Field(min_length=1, description="What it measures, by name.")
    commands: dict[Name, MqttCommand] = Field(
        default_factory=dict, description="What it can be made to do, by name."
    )
    examples: tuple[MqttExample, ...] = Field(
        min_length=1, description="What it sent and what that means; each is a test."
    )


class MqttAddress(Model):
    """The device's own part of its topics."""

    device: Annotated[str, Field(min_length=1, max_length=512, pattern=_TOPIC_PART)]


FileName = Annotated[str, Field(min_length=1)]
"""The name of a file, relative to gateway.yaml."""


class MqttTls(Model):
    """TLS to the broker; the files are PEM, relative to gateway.yaml."""

    ca_file: FileName | None = Field(
        default=None, description="Who vouches for the broker; by default those the system trusts."
    )
    cert_file: FileName | None = Field(default=None, description="The gateway's own certificate.")
    key_file: FileName | None = Field(
        default=None, description="Its key; by default in the same file."
    )

    @model_validator(mode="after")
    def _key_of_certificate(self) -> "MqttTls":
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("key_file goes with cert_file; give both")
        return self


class MqttConfig(Model):
    """The school's broker."""

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    client_id: str | None = Field(default=None, description="By default the gateway's name.")
    receive_maximum: int = Field(default=200, ge=1, le=65535)
    keepalive_s: int = Field(default=30, ge=5, le=3600)
    tls: MqttTls | None = Field(default=None, description="`{}` is enough for a known authority.")


class MqttSpec(ProtocolSpec[MqttProfile, MqttPoint, MqttExample, MqttAddress]):
    """MQTT 5 or 3.1.1; the section of gateway.yaml is the broker."""

    title = "MQTT"
    wire = "校园网 · school network"
    profile = MqttProfile
    address = MqttAddress
    address_form = "{device: ...}"
    section = MqttConfig | None
    section_noun = "the broker"
    forms: ClassVar = {
        _TOPIC_PART: (
            "use the device's own part of its topics, without '+', '#' and control characters"
        )
    }

    def address_text(self, point: MqttPoint) -> str:
        """Return the topic of a point, and the path into its payload."""
        return point.topic + (f" → {point.path}" if point.path else "")

    def example_lines(self, example: MqttExample) -> list[str]:
        """Return the topic, the payload, and the time it states."""
        stated = [] if example.observed_at is None else [f"= at {example.observed_at}"]
        return [example.topic, example.text, *stated]

    def profile_lines(self, profile: MqttProfile) -> list[str]:
        """Return where the device reports its presence and its time."""
        lines = []
        if profile.presence is not None:
            lines.append(f"- Presence: `{profile.presence.topic}`")
        if profile.time is not None:
            zone = f", {profile.time.zone}" if profile.time.zone else ""
            lines.append(f"- Time of its own: `{profile.time.path}`, {profile.time.format}{zone}")
        return lines

    def c_profile(self, profile: MqttProfile) -> Mapping[str, CValue]:
        """Return the topic and the payloads of presence, and the member that holds the time."""
        defined: dict[str, CValue] = {}
        if profile.presence is not None:
            presence = profile.presence
            defined["presence_topic"] = _c_topic(presence.topic)
            defined["presence_online"] = json.dumps(presence.online).strip('"')
            defined["presence_offline"] = json.dumps(presence.offline).strip('"')
        if profile.time is not None:
            defined["time_path"] = profile.time.path
        return defined

    def c_point(self, point: MqttPoint) -> Mapping[str, CValue]:
        """Return the topic of a point, and its path where its payload is JSON."""
        path = {} if point.path is None else {"path": point.path}
        return {"topic": _c_topic(point.topic), **path}

    def c_command(self, command: Command) -> Mapping[str, CValue]:
        """Return the topic of a command, and each payload word for word."""
        if not isinstance(command, MqttCommand):
            raise TypeError(f"{command!r} is no MQTT command")
        payloads = {f"payload_{name}": payload for name, payload in command.payloads.items()}
        return {"topic": _c_topic(command.topic), **payloads}

    def identity(self, address: MqttAddress) -> tuple[Any, str]:
        """Return the device's part of its topics."""
        return address.device, f"mqtt device {address.device!r}"


def _c_topic(topic: str) -> str:
    """Return a topic as a format of printf: `{device}` becomes `%s`."""
    return topic.replace("%", "%%").replace("{device}", "%s")


PROTOCOL = MqttSpec()
