"""Echo, invented for a test: a device answers a line `power` with a line `power 85.0`. Pure."""

from typing import Literal

from pydantic import Field

from device_profiles.model import Command, Model, Name, Point, Port
from device_profiles.protocol import ProtocolSpec
from device_profiles.schema import DeviceProfile, Example


class EchoPoint(Point):
    """A point behind a word."""

    word: str = Field(description="The line that asks for it.")
    poll_s: float = Field(default=0.05, gt=0, description="Seconds between two questions.")


class EchoExample(Example):
    """One answered line."""

    line: str


class EchoProfile(DeviceProfile):
    """A device that answers lines."""

    protocol: Literal["echo"]
    points: dict[Name, EchoPoint] = Field(min_length=1, description="What it measures, by name.")
    commands: dict[Name, Command] = Field(default_factory=dict, description="None.")
    examples: tuple[EchoExample, ...] = Field(min_length=1, description="What it answered.")


class EchoAddress(Model):
    """Where the device listens."""

    host: str = "127.0.0.1"
    port: Port


class EchoSpec(ProtocolSpec[EchoProfile, EchoPoint, EchoExample, EchoAddress]):
    """Devices share nothing, so gateway.yaml has no section."""

    title = "Echo"
    profile = EchoProfile
    address = EchoAddress
    address_form = "{port: ...}"
    is_polled = True

    def address_text(self, point: EchoPoint) -> str:
        """Return the word."""
        return f"line {point.word}"

    def example_lines(self, example: EchoExample) -> list[str]:
        """Return the answered line."""
        return [example.line]

    def period_s(self, profile: EchoProfile, point: EchoPoint) -> float:
        """Return the seconds between two questions."""
        del profile
        return point.poll_s


PROTOCOL = EchoSpec()
