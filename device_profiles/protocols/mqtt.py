"""MQTT: a point is a topic and a path into its payload. Pure.

`{device}` in a topic is replaced by the device's own part of it, given in the gateway's
configuration. A path names members of a JSON payload, joined by dots (`ENERGY.Power`); a member
whose own name holds a dot is put in double quotes. Without a path the whole payload is the raw
value, as text.
"""

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from device_profiles.model import Command, Model, Name, Point, Port, quantities_given
from device_profiles.protocol import ProtocolSpec
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example

TimeFormat = Literal["iso8601", "unix_s", "unix_ms"]
_TOPIC_PART = r"^[^+#\s]+$"


class MqttPoint(Point):
    """A point in the payload of a topic."""

    topic: str = Field(min_length=1, max_length=512)
    path: str | None = None
    type: Literal["number", "bool", "string"] = Field(
        default="number",
        validate_default=True,
        description="Type of the value after `values` was applied.",
    )

    @field_validator("type")
    @classmethod
    def _type_of_quantity(cls, given: str, info: ValidationInfo) -> str:
        quantity = info.data.get("quantity", "")
        known = quantities_given(info).get(quantity)
        if known is not None and given != known.value_type:
            raise ValueError(f"{given} does not go with {quantity}; write type: {known.value_type}")
        return given


class MqttTime(Model):
    """Where a payload states when its values were true; absent: the time of arrival."""

    path: str
    format: TimeFormat = "iso8601"


class MqttPresence(Model):
    """A last-will topic: whether the device is connected to the broker."""

    topic: str
    path: str | None = None
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

    device: Annotated[str, Field(min_length=1, pattern=_TOPIC_PART)]


class MqttConfig(Model):
    """The school's broker."""

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    client_id: str | None = Field(default=None, description="By default the gateway's name.")
    receive_maximum: int = Field(default=200, ge=1, le=65535)
    keepalive_s: int = Field(default=30, ge=5, le=3600)


class MqttSpec(ProtocolSpec[MqttProfile, MqttPoint, MqttExample, MqttAddress]):
    """MQTT 5 or 3.1.1; the section of gateway.yaml is the broker."""

    title = "MQTT"
    profile = MqttProfile
    address = MqttAddress
    address_form = "{device: ...}"
    section = MqttConfig | None
    section_noun = "the broker"
    forms: ClassVar = {
        _TOPIC_PART: "use the device's own part of its topics, without '+', '#' and blanks"
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
            lines.append(f"- Time of its own: `{profile.time.path}`, {profile.time.format}")
        return lines

    def identity(self, address: MqttAddress) -> tuple[Any, str]:
        """Return the device's part of its topics."""
        return address.device, f"mqtt device {address.device!r}"


PROTOCOL = MqttSpec()
