"""Bluetooth Low Energy: a point is in an advertisement, or behind a GATT service. Pure.

Exactly one of `bthome` (a BTHome v2 object of an advertisement, https://bthome.io/format) and
`characteristic` (with its `service`) is given.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field, model_validator

from device_profiles.model import Command, Model, Name, Point
from device_profiles.protocol import CValue, Hex, Key, ProtocolSpec
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_BYTES = r"^([0-9a-f]{2})+$"
_SOME_BYTES = r"^([0-9a-f]{2})*$"
_ADDRESS = r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"
_KEY = r"^[0-9A-Fa-f]{32}$"
Uuid = Annotated[str, Field(pattern=_UUID)]
GattType = Literal["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "utf8"]


class BlePoint(Point):
    """A point in an advertisement, or behind a characteristic."""

    bthome: int | None = Field(default=None, ge=0, le=0xFF, description="BTHome v2 object id.")
    index: int = Field(
        default=0, ge=0, le=7, description="Which one, where an advertisement repeats an object id."
    )
    service: Uuid | None = None
    characteristic: Uuid | None = None
    access: Literal["notify", "read"] = "notify"
    type: GattType = Field(default="uint8", description="Little-endian, from byte `start` on.")
    start: int = Field(default=0, ge=0, le=511)
    poll_s: float = Field(default=60.0, gt=0, description="Seconds between two reads.")

    @model_validator(mode="after")
    def _one_address(self) -> "BlePoint":
        if (self.bthome is None) == (self.characteristic is None):
            raise ValueError("give either bthome (an object id) or service and characteristic")
        if (self.service is None) != (self.characteristic is None):
            raise ValueError("service and characteristic go together")
        return self


class BleCommand(Command):
    """A write to a characteristic."""

    service: Uuid
    characteristic: Uuid
    type: GattType | Literal["bytes"] = "uint8"


class BleExample(Example):
    """BTHome service data, or a characteristic's value, both in hex."""

    service_data: str | None = Field(default=None, pattern=_BYTES)
    characteristic: str | None = None
    value: str | None = Field(default=None, pattern=_SOME_BYTES)

    @model_validator(mode="after")
    def _one_source(self) -> "BleExample":
        if (self.service_data is None) == (self.characteristic is None):
            raise ValueError("give either service_data or characteristic and value")
        return self


class BleProfile(DeviceProfile):
    """A device that advertises BTHome v2, offers a GATT service, or both."""

    protocol: Literal["ble"]
    bthome_encrypted: bool = Field(
        default=False, description="Advertisements are encrypted; the gateway needs a bind key."
    )
    points: dict[Name, BlePoint] = Field(min_length=1, description="What it measures, by name.")
    commands: dict[Name, BleCommand] = Field(
        default_factory=dict, description="What it can be made to do, by name."
    )
    examples: tuple[BleExample, ...] = Field(
        min_length=1, description="What it sent and what that means; each is a test."
    )


class BleAddress(Model):
    """The peripheral's address, and its key where its advertisements are encrypted."""

    address: str = Field(pattern=_ADDRESS)
    bind_key: str | None = Field(default=None, pattern=_KEY, repr=False)


class BleConfig(Model):
    """The radio: BlueZ's adapter, or a controller reached over HCI."""

    adapter: str | None = None
    hci: str | None = Field(default=None, description="Such as tcp-client:127.0.0.1:9001.")

    @model_validator(mode="after")
    def _one_radio(self) -> "BleConfig":
        if self.adapter is not None and self.hci is not None:
            raise ValueError("give either adapter (BlueZ) or hci (a controller of its own)")
        return self


class BleSpec(ProtocolSpec[BleProfile, BlePoint, BleExample, BleAddress]):
    """BTHome v2 and GATT; the section of gateway.yaml is the radio."""

    title = "BLE"
    wire = "蓝牙 · Bluetooth"
    profile = BleProfile
    address = BleAddress
    address_form = "{address: ...}"
    section = BleConfig | None
    section_noun = "the radio"
    forms: ClassVar = {
        _BYTES: "use pairs of hex digits in lower case, such as 0a1b",
        _SOME_BYTES: "use pairs of hex digits in lower case, such as 0a1b",
        _UUID: "use the full UUID in lower case, such as 0000fcd2-0000-1000-8000-00805f9b34fb",
        _ADDRESS: "use six pairs of hex digits, such as F0:00:00:00:00:07",
        _KEY: "use 32 hex digits",
    }

    def address_text(self, point: BlePoint) -> str:
        """Return the BTHome object, or the characteristic, of a point."""
        if point.bthome is not None:
            return f"BTHome 0x{point.bthome:02X}" + (
                f" no. {point.index + 1}" if point.index else ""
            )
        return f"GATT {point.characteristic} {point.access} {point.type}"

    def example_lines(self, example: BleExample) -> list[str]:
        """Return the service data, or the characteristic and its value."""
        if example.service_data is not None:
            return [f"service data fcd2: {example.service_data}"]
        return [f"{example.characteristic}: {example.value or ''}"]

    def c_point(self, point: BlePoint) -> Mapping[str, CValue]:
        """Return the BTHome object of a point, or its characteristic and where it is in there."""
        if point.bthome is not None:
            return {"bthome": Hex(point.bthome), "index": point.index}
        place: dict[str, CValue] = {"type": point.type, "start": point.start}
        return {**_c_address(point.service, point.characteristic), "access": point.access, **place}

    def c_command(self, command: Command) -> Mapping[str, CValue]:
        """Return the characteristic that a command is written to."""
        if not isinstance(command, BleCommand):
            raise TypeError(f"{command!r} is no BLE command")
        return {**_c_address(command.service, command.characteristic), "type": command.type}

    def c_raw(self, raw: Value) -> CValue:
        """Return a raw value as the number that it is."""
        number = float(raw)
        return int(number) if number.is_integer() else number

    def identity(self, address: BleAddress) -> tuple[Any, str]:
        """Return the peripheral's address, whatever its case."""
        return address.address.upper(), address.address

    def device_faults(
        self, section: BleConfig, profile: BleProfile, address: BleAddress
    ) -> Iterator[tuple[Key, str]]:
        """Yield a bind key that is missing."""
        del section
        if profile.bthome_encrypted and address.bind_key is None:
            yield (
                (),
                f"{profile.id} encrypts what it advertises; give its bind_key (32 hex digits)",
            )


def _c_address(service: str | None, characteristic: str | None) -> dict[str, CValue]:
    """Return both identifiers as text and as the bytes of the air, least significant first."""
    defined: dict[str, CValue] = {}
    for name, uuid in (("service", service), ("characteristic", characteristic)):
        if uuid is not None:
            defined[f"{name}_uuid"] = uuid
            defined[f"{name}_uuid_bytes"] = UUID(uuid).bytes[::-1]
    return defined


PROTOCOL = BleSpec()
