"""How a point is addressed in MQTT: a topic and a path into its payload.

`{device}` in a topic stands for the device's own part of it, given in the gateway's configuration.
A path names members of a JSON payload, joined by dots (`ENERGY.Power`); a member whose own name
holds a dot is put in double quotes. Without a path the whole payload is the raw value, as text.
"""

from typing import Literal

from pydantic import Field

from device_profiles.protocols.base import Model, Point
from device_profiles.reading import Value

TimeFormat = Literal["iso8601", "unix_s", "unix_ms"]


class MqttPoint(Point):
    """A point in the payload of a topic."""

    topic: str = Field(min_length=1, max_length=512)
    path: str | None = None
    type: Literal["number", "bool", "string"] = Field(
        default="number", description="Type of the value after `values` was applied."
    )


class MqttTime(Model):
    """Where a payload says when its values were true; absent: the time of arrival."""

    path: str
    format: TimeFormat = "iso8601"


class MqttPresence(Model):
    """A last-will topic: whether the device is connected to the broker."""

    topic: str
    path: str | None = None
    online: Value
    offline: Value


class MqttCommand(Model):
    """A message to the device."""

    topic: str
    payloads: dict[str, str] = Field(
        description="Name of the argument (or `value`) -> the payload sent, word for word."
    )
    title: dict[Literal["zh", "en"], str] | None = None
