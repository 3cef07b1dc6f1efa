"""The seam between the drivers and the rest of the gateway.

A driver turns one protocol's speech into `Delivery`s and hands them to a `Sink`. `Sink.deliver`
returns once everything in the delivery is on disk, in one transaction: only then does a driver
acknowledge to its device or broker. `checkpoints` are a driver's own memory, written in that same
transaction: what it needs after a crash to distinguish a repeated message from a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from device_profiles.reading import Reading
from edge.errors import DeviceError, DriverUnavailable


@dataclass(frozen=True, slots=True)
class Delivery:
    """Readings that are kept together or not at all, and the driver's memory of them."""

    readings: Sequence[Reading]
    checkpoints: Mapping[str, str | None] = field(default_factory=dict)
    """Key -> text to keep, or None to forget. Keys begin with the driver's name and a slash."""
    departed: Sequence[tuple[str, datetime]] = ()
    """(device, when its network reported that it left): unobserved until its next reading."""


class Sink(Protocol):
    """Where a driver's findings go."""

    async def deliver(self, delivery: Delivery) -> None:
        """Return once the delivery is on disk; wait as long as that takes."""

    def checkpoints(self, prefix: str) -> Mapping[str, str]:
        """Return the checkpoints kept so far whose key begins with `prefix`."""

    def device_failed(self, error: DeviceError) -> None:
        """Count a device's failure and keep its text for the health report."""

    def device_answered(self, device_id: str) -> None:
        """Note that a device is alive although it had nothing new to report."""

    def driver_failed(self, error: DriverUnavailable) -> None:
        """Count a driver's failure and keep its text for the health report."""

    def driver_ready(self, driver: str) -> None:
        """Note that a driver's way to its devices is open."""


class Driver(Protocol):
    """One connection (a broker, a Modbus bus or host, a radio) and the devices behind it."""

    name: str

    async def run(self, sink: Sink) -> None:
        """Talk to the devices until cancelled; never raise for what a device or a line does."""
