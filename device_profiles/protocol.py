"""Everything a profile must know of a protocol: what a module of `protocols/` gives. Pure.

Each module there is a protocol. Its name is that of `protocol:` in a profile and of its part of
gateway.yaml. It holds one instance of `ProtocolSpec` named `PROTOCOL`. The modules are found by
their folder: nothing else names them. The same name leads to the other two sides,
`edge/drivers/<name>/` and `simulators/devices/<name>.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar, cast

from device_profiles import protocols as _folder
from device_profiles.model import Command, Model, Point
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example

ProfileT = TypeVar("ProfileT", bound=DeviceProfile)
PointT = TypeVar("PointT", bound=Point)
ExampleT = TypeVar("ExampleT", bound=Example)
AddressT = TypeVar("AddressT", bound=Model)
Key = tuple[str | int, ...]
CValue = str | int | float | bytes
"""What a macro of a C header means: a text, a number, or the initializer of an array."""


class Hex(int):
    """A number that is written in hexadecimal: an address, an identifier."""


class ProtocolSpec(ABC, Generic[ProfileT, PointT, ExampleT, AddressT]):
    """One protocol, as profiles, the reference pages and gateway.yaml need it."""

    title: ClassVar[str]
    """As people write it: Modbus, MQTT."""
    wire: ClassVar[str] = ""
    """What an installer connects, in Chinese and English; empty: the title is enough."""
    profile: type[ProfileT]
    """The model of a profile file; its `points`, `commands` and `examples` are the protocol's."""
    address: type[AddressT]
    """How gateway.yaml names one device, under the protocol's name."""
    address_form: ClassVar[str]
    """The same, as a hint to a person: `{bus: ..., unit_id: ...}`."""
    section: ClassVar[Any] = None
    """Type of the protocol's own section of gateway.yaml, for pydantic; None: there is none."""
    section_default: ClassVar[Any] = None
    """Its value where gateway.yaml has no such section; None: devices need the section."""
    section_noun: ClassVar[str] = ""
    """What the section names, as a hint to a person: `the broker`."""
    forms: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Pattern of a text -> how to write it; completes the message of a wrong form."""
    is_polled: ClassVar[bool] = False
    """The gateway asks when it wants to; the others push, at their simulation's `period_s`."""

    @property
    def name(self) -> str:
        """The name of the protocol: that of its module."""
        return type(self).__module__.rsplit(".", 1)[1]

    @abstractmethod
    def address_text(self, point: PointT) -> str:
        """Return where a point is in the protocol, on one line."""

    @abstractmethod
    def example_lines(self, example: ExampleT) -> list[str]:
        """Return what an example sends, line by line; without the readings."""

    def profile_lines(self, profile: ProfileT) -> list[str]:
        """Return what the page of a model lists under its name besides the common facts."""
        del profile
        return []

    def point_details(self, point: PointT) -> list[str]:
        """Return what the page of a model shows of a point besides scale and values."""
        del point
        return []

    def c_profile(self, profile: ProfileT) -> Mapping[str, CValue]:
        """Return the macros of a C header that hold for the whole device, without their prefix."""
        del profile
        return {}

    def c_point(self, point: PointT) -> Mapping[str, CValue]:
        """Return the macros of a C header for where a point is, without their prefix."""
        del point
        return {}

    def c_command(self, command: Command) -> Mapping[str, CValue]:
        """Return the macros of a C header for a command, without their prefix."""
        del command
        return {}

    def c_raw(self, raw: Value) -> CValue:
        """Return a raw value of a point as firmware sends it."""
        return str(raw)

    def period_s(self, profile: ProfileT, point: PointT) -> float | None:
        """Return the seconds between two readings of a point; None where it is not known."""
        del point
        return profile.simulation.period_s if profile.simulation is not None else None

    def identity(self, address: AddressT) -> tuple[Any, str]:
        """Return what two devices of one profile must not share, and that in words."""
        shown = " ".join(str(value) for value in address.model_dump().values())
        return shown, f"{self.name} {shown}"

    def section_names(self, section: Any) -> Iterator[tuple[Key, str]]:
        """Yield (key below the section, name) for every name that may be given only once."""
        del section
        return iter(())

    def device_faults(
        self, section: Any, profile: ProfileT, address: AddressT
    ) -> Iterator[tuple[Key, str]]:
        """Yield (key below the device's address, what is wrong) where the parts contradict."""
        del section, profile, address
        return iter(())


AnySpec = ProtocolSpec[Any, Any, Any, Any]


@cache
def protocols() -> Mapping[str, AnySpec]:
    """Return every protocol of the folder, by name."""
    return MappingProxyType(
        {
            name: cast("AnySpec", import_module(f"{_folder.__name__}.{name}").PROTOCOL)
            for name in _folder.names()
        }
    )


def protocol_of(profile: DeviceProfile) -> AnySpec:
    """Return the protocol that a profile's device speaks."""
    return protocols()[profile.protocol]


def part(spec: AnySpec, field: str) -> type[Model]:
    """Return the model of one of the profile's `points`, `commands` or `examples`."""
    inner = spec.profile.model_fields[field].annotation.__args__
    return cast("type[Model]", next(kind for kind in inner if hasattr(kind, "model_fields")))
