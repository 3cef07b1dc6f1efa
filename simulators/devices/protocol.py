"""What a module `simulators/devices/<protocol>.py` gives: one class, `Simulator`.

The modules are found by the names of the protocols in `device_profiles.protocols`; nothing else
names them. One `Simulator` serves all devices of a protocol in one simulated school.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, cast

from device_profiles import protocols as _folder
from device_profiles import yaml_tree
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example
from simulators.audit.truth import TruthLog
from simulators.devices.actor import Actor, SimulatedDevice
from simulators.errors import SimulatorError
from simulators.school.planned import School, SchoolPlan


class Simulator(ABC):
    """One protocol, seen from the devices' side.

    The order of calls: the constructor, `device` for every device of the protocol, `start`, the
    devices' own `run`, `stop`.
    """

    sections: ClassVar[Mapping[str, Any]]
    """The protocol's keys of school.yaml -> (type, default), for pydantic's `create_model`."""
    transports: ClassVar[tuple[str, ...]]
    """The names under which the truth log and the audit count the protocol's devices."""
    needs_subscriber: ClassVar[bool] = False
    """What devices report is lost as long as no gateway has subscribed to it."""

    def __init__(self, school: School, truth: TruthLog) -> None:
        self.school = school
        self.truth = truth

    @abstractmethod
    def device(self, actor: Actor) -> SimulatedDevice:
        """Return the device that an actor plays; opens nothing yet."""

    async def start(self) -> None:  # noqa: B027  most protocols open nothing
        """Open what devices are reached by; raises SimulatorError where that is taken."""

    async def stop(self) -> None:  # noqa: B027  as above
        """Close it."""

    @classmethod
    def device_fault(
        cls, plan: SchoolPlan, device: str, address: Any
    ) -> tuple[yaml_tree.Path, str] | None:
        """Return which key of a planned device is wrong and how, or None."""
        del plan, device, address
        return None

    @classmethod
    def transport(cls, plan: SchoolPlan, address: Any) -> str:
        """Return the one of `transports` by which a device is reached."""
        del plan, address
        return cls.transports[0]

    @classmethod
    def bus(cls, address: Any) -> str | None:
        """Return the name under which the truth log notes the device's connections, if it does."""
        del address
        return None

    @classmethod
    @abstractmethod
    def examples(
        cls, profile: DeviceProfile, values: Mapping[str, Value], at: datetime
    ) -> Sequence[Example]:
        """Return what a device with these values sends, as examples of its profile.

        The `readings` of each are the values that the bytes really carry.
        """

    # The plan of a school that is made up: see `simulators.school.plan`.

    @classmethod
    @abstractmethod
    def planned_address(cls, transport: str, number: int, device: str) -> Any:
        """Return the address of the `number`-th device of a transport, counted from 1."""

    @classmethod
    @abstractmethod
    def planned_sections(cls, port: int) -> Mapping[str, Any]:
        """Return the protocol's keys of school.yaml, for devices on this machine."""

    @classmethod
    @abstractmethod
    def planned_gateway(cls, port: int, folder: Path) -> Any:
        """Return the protocol's section of gateway.yaml that reaches those devices, or None."""

    @classmethod
    def with_noise(cls, sections: Mapping[str, Any], loss: float) -> Mapping[str, Any]:
        """Return planned sections in which a share of what goes over serial lines is lost."""
        del loss
        return sections

    @classmethod
    def only(cls, sections: Mapping[str, Any], address: Any, folder: Path) -> Mapping[str, Any]:
        """Return the keys of school.yaml that one device needs; `folder` is that of the plan."""
        del address, folder
        return sections


async def opened(start: Awaitable[None], what: str) -> None:
    """Await the opening of a port or a line; raises SimulatorError where it cannot be opened."""
    try:
        await start
    except OSError as error:
        raise SimulatorError(f"{what} cannot be opened: {error.strerror or error}") from error


@cache
def simulators() -> Mapping[str, type[Simulator]]:
    """Return the simulator of every protocol, by the protocol's name."""
    return MappingProxyType({name: _simulator(name) for name in _folder.names()})


def transports() -> tuple[str, ...]:
    """Return the names under which devices are counted, of all protocols."""
    return tuple(name for kind in simulators().values() for name in kind.transports)


def simulator_of(protocol: str) -> type[Simulator]:
    """Return the simulator of a protocol."""
    return simulators()[protocol]


def _simulator(protocol: str) -> type[Simulator]:
    module = import_module(f"{__package__}.{protocol}")
    return cast("type[Simulator]", module.Simulator)
