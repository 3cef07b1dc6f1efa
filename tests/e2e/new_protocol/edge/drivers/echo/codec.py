"""Answered lines to values. Pure."""

from collections.abc import Mapping
from datetime import datetime

from device_profiles.protocols.echo import EchoExample, EchoPoint

from device_profiles.play import Understood
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example
from edge.drivers.conversion import value_of


def decode(points: Mapping[str, EchoPoint], line: str) -> dict[str, Value]:
    """Return the value of the point that a line answers."""
    word, _, number = line.partition(" ")
    values = {
        name: value_of(point, float(number)) for name, point in points.items() if point.word == word
    }
    return {name: value for name, value in values.items() if value is not None}


def read_example(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
    """Return what the gateway makes of an answered line."""
    del received_at
    assert isinstance(example, EchoExample)
    return Understood(decode(profile.points, example.line))
