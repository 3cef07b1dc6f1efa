"""Device drivers, one folder per protocol, found by the name of the protocol.

A folder holds two modules that others use:
- `driver.py` owns the protocol's library and gives
  `make(config, devices, clock) -> Sequence[Driver]`: the drivers of the devices given, all of which
  speak the protocol.
- `codec.py` is pure and gives `read_example(profile, example, received_at) -> Understood`: what the
  gateway makes of an example of a profile.
Nothing else in the gateway knows the name of a protocol.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from device_profiles.protocol import protocols
from edge.clock import Clock
from edge.config import Config, Device
from edge.driver import Driver


class Make(Protocol):
    """`make` of a protocol's `driver.py`."""

    def __call__(self, config: Config, devices: Sequence[Device], clock: Clock) -> Sequence[Driver]:
        """Return the drivers of the devices given."""


def make_drivers(config: Config, clock: Clock) -> list[Driver]:
    """Return the drivers of all devices; a protocol's library is loaded only if a device needs it.

    Raises ConfigError where a driver cannot be made from the configuration.
    """
    drivers: list[Driver] = []
    for name in protocols():
        devices = [d for d in config.devices.values() if d.profile.protocol == name]
        if devices:
            make = cast("Make", import_module(f"{__name__}.{name}.driver").make)
            drivers.extend(make(config, devices, clock))
    return drivers
