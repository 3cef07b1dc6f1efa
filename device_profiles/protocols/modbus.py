"""Modbus: a point is a register table, an address and a type. Pure.

Addresses are zero-based protocol addresses, as sent on the wire (Modbus Application Protocol
V1.1b3, section 4.4), not the "40001" of manuals.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from device_profiles.model import Command, Identifier, Model, Name, Point, Port
from device_profiles.protocol import CValue, Hex, Key, ProtocolSpec
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example
from device_profiles.sentence import value_text

Register = Literal["coil", "discrete", "holding", "input"]
RegisterType = Literal[
    "bool",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
    "bcd16",
    "bcd32",
    "bcd64",
    "string",
]
ByteOrder = Literal["ABCD", "CDAB", "BADC", "DCBA"]
Framing = Literal["tcp", "rtu", "ascii"]

REGISTERS_PER_TYPE: dict[str, int] = {
    "bool": 1,
    "int16": 1,
    "uint16": 1,
    "int32": 2,
    "uint32": 2,
    "float32": 2,
    "int64": 4,
    "uint64": 4,
    "float64": 4,
    "bcd16": 1,
    "bcd32": 2,
    "bcd64": 4,
}
_WHOLE = frozenset({"uint16", "uint32", "uint64", "int16", "int32", "int64"})
_READ_FUNCTION: dict[Register, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
_WRITE_FUNCTION = {"coil": 5, "holding": 6}
_TEXTUAL = frozenset({"bool", "string"})


class SignRegister(Model):
    """A register next to a magnitude that holds its sign."""

    address: int = Field(ge=0, le=0xFFFF)
    bit: int | None = Field(
        default=None, ge=0, le=15, description="One bit of the register is the sign."
    )
    negative: tuple[int, ...] = Field(
        default=(1,), min_length=1, description="Words (or bits) that mean 'below zero'."
    )

    def is_negative(self, word: int) -> bool:
        """Return whether a word of the register makes the value negative."""
        return (word if self.bit is None else word >> self.bit & 1) in self.negative


class ScaleRegister(Model):
    """A register whose word chooses the scale: a model number, a range, a decimal point."""

    address: int = Field(ge=0, le=0xFFFF)
    scales: dict[str, float] = Field(
        min_length=1,
        description="Word, or first-last -> scale, in place of the point's. Another word gives no "
        "reading and is an error that names it.",
    )

    @field_validator("scales", mode="before")
    @classmethod
    def _words_as_text(cls, scales: Any) -> Any:
        return {str(k): v for k, v in scales.items()} if isinstance(scales, dict) else scales

    @field_validator("scales")
    @classmethod
    def _are_words(cls, scales: dict[str, float]) -> dict[str, float]:
        for key in scales:
            first, _, last = key.partition("-")
            if not (first.isdecimal() and (last or first).isdecimal()):
                raise ValueError(f"{key!r} is no word; give one such as 3, or a range such as 1-4")
        return scales

    @property
    def words(self) -> tuple[int, ...]:
        """The first word of each entry."""
        return tuple(int(key.partition("-")[0]) for key in self.scales)

    def scale(self, word: int) -> float | None:
        """Return the scale that a word chooses; None for one that is not listed."""
        for key, scale in self.scales.items():
            first, _, last = key.partition("-")
            if int(first) <= word <= int(last or first):
                return scale
        return None


class ModbusPoint(Point):
    """A point in a register table."""

    register_: Register = Field(default="holding", alias="register")
    address: int = Field(ge=0, le=0xFFFF)
    type: RegisterType = "uint16"
    byte_order: ByteOrder = Field(
        default="ABCD",
        description="Order of the bytes A (most significant) to D as they are on the wire; "
        "eight-byte types follow the same pattern (BADC swaps the bytes in every register, CDAB "
        "reverses the registers, DCBA does both).",
    )
    bit: int | None = Field(
        default=None,
        ge=0,
        le=63,
        description="One bit of a whole number, or the lowest of several.",
    )
    bit_count: int = Field(
        default=1, ge=1, le=32, description="From `bit` on; more than one give a number."
    )
    sign: SignRegister | None = Field(
        default=None, description="The register that holds the sign, where it is another one."
    )
    scale_factor_address: int | None = Field(
        default=None,
        ge=0,
        le=0xFFFF,
        description="A register (int16) whose value n means raw * 10^n, before scale and offset; "
        "0x8000 means 'no value' (SunSpec's scale factors).",
    )
    scale_by: ScaleRegister | None = Field(
        default=None, description="The register that chooses the scale, where one does."
    )
    length: int | None = Field(
        default=None, ge=1, le=125, description="Registers of a string, two bytes each."
    )
    encoding: Literal["utf-8", "gbk", "latin-1"] = Field(
        default="utf-8", description="How a string's bytes are read."
    )
    poll_s: float = Field(default=10.0, gt=0, description="Seconds between two reads.")

    @property
    def count(self) -> int:
        """Registers (or bits, for coil and discrete) the point takes up."""
        if self.type == "string":
            return self.length or 1
        return REGISTERS_PER_TYPE[self.type]

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The registers the point needs, as (first, behind the last): its own come first."""
        further = (
            self.sign.address if self.sign else None,
            self.scale_factor_address,
            self.scale_by.address if self.scale_by else None,
        )
        return (
            (self.address, self.address + self.count),
            *((address, address + 1) for address in further if address is not None),
        )

    @model_validator(mode="after")
    def _keys_fit_the_type(self) -> "ModbusPoint":
        if self.bit is None and self.bit_count > 1:
            raise ValueError("bit_count needs bit, the lowest of the bits")
        if self.bit is not None:
            if self.type not in _WHOLE:
                raise ValueError(f"{self.type} has no bits; use bit with a whole number, uint16")
            if self.bit + self.bit_count > 16 * self.count:
                last = 16 * self.count - 1
                raise ValueError(f"{self.type} has the bits 0 to {last}; lower bit or bit_count")
        is_number = self.type not in _TEXTUAL and self.register_ not in {"coil", "discrete"}
        for key in ("sign", "scale_factor_address", "scale_by"):
            if getattr(self, key) is not None and (not is_number or self.bit is not None):
                raise ValueError(f"{key} goes with a number; leave it out")
        return self


class ModbusCommand(Command):
    """A write of one value to one register or coil."""

    register_: Literal["coil", "holding"] = Field(default="holding", alias="register")
    address: int = Field(ge=0, le=0xFFFF)
    type: RegisterType = "uint16"
    byte_order: ByteOrder = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    value: Value | None = Field(default=None, description="Fixed value; absent: the caller's.")


class ModbusLimits(Model):
    """What the device can take, where it is less than the specification allows."""

    max_block: int = Field(default=125, ge=1, le=125, description="Registers in one request.")
    max_gap: int = Field(
        default=16, ge=0, le=124, description="Unused registers a read may run across."
    )
    holes: tuple[tuple[int, int], ...] = Field(
        default=(), description="Address ranges (first, last) the device refuses to read."
    )
    pause_ms: int = Field(default=0, ge=0, description="Silence the device needs between requests.")
    answer_unit: int | None = Field(
        default=None, ge=0, le=255, description="The unit that its answers name, where not its own."
    )


class ModbusExample(Example):
    """Register words by address, and coils; the words are in whichever table a point names."""

    registers: dict[int, list[int]]
    coils: dict[int, bool] = Field(default_factory=dict)


class ModbusProfile(DeviceProfile):
    """A device that answers Modbus TCP or RTU."""

    protocol: Literal["modbus"]
    limits: ModbusLimits = ModbusLimits()
    points: dict[Name, ModbusPoint] = Field(min_length=1, description="What it measures, by name.")
    commands: dict[Name, ModbusCommand] = Field(
        default_factory=dict, description="What it can be made to do, by name."
    )
    examples: tuple[ModbusExample, ...] = Field(
        min_length=1, description="What it sent and what that means; each is a test."
    )


class ModbusAddress(Model):
    """The bus and the unit on it."""

    bus: Identifier
    unit_id: int = Field(ge=0, le=255)
    poll_s: float | None = Field(
        default=None, gt=0, le=86_400, description="In place of the profile's, for every point."
    )
    timeout_s: float | None = Field(
        default=None, gt=0, le=60, description="In place of the bus's, for a slow device."
    )
    retries: int | None = Field(default=None, ge=0, le=10, description="In place of the bus's.")
    answer_unit: int | None = Field(
        default=None, ge=0, le=255, description="In place of the profile's."
    )


class BusConfig(Model):
    """A host (Modbus TCP, or another framing over TCP), or a serial line."""

    bus: Identifier
    host: str | None = None
    port: Port = 502
    serial: str | None = None
    framing: Framing | None = Field(
        default=None, description="By default tcp for a host and rtu for a serial line."
    )
    baudrate: int = Field(default=9600, ge=300, le=4_000_000)
    bytesize: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    timeout_s: float = Field(
        default=1.0, gt=0, le=60, description="How long a device may take to begin its answer."
    )
    retries: int = Field(
        default=2,
        ge=0,
        le=10,
        description="Further tries before the next poll, on time that is free.",
    )
    pause_ms: int = Field(default=0, ge=0, le=10_000, description="Silence between two requests.")

    @model_validator(mode="after")
    def _one_way(self) -> "BusConfig":
        if (self.host is None) == (self.serial is None):
            raise ValueError("give either host (Modbus TCP) or serial (Modbus RTU)")
        if self.serial is not None and self.framing == "tcp":
            raise ValueError("framing: tcp needs host; a serial line has rtu or ascii")
        return self


class ModbusSpec(ProtocolSpec[ModbusProfile, ModbusPoint, ModbusExample, ModbusAddress]):
    """Modbus TCP and RTU; the section of gateway.yaml lists the buses."""

    title = "Modbus"
    wire = "RS-485 或网线 · RS-485 or network"
    profile = ModbusProfile
    address = ModbusAddress
    address_form = "{bus: ..., unit_id: ...}"
    section = tuple[BusConfig, ...]
    section_default = ()
    section_noun = "the buses"
    is_polled = True

    def address_text(self, point: ModbusPoint) -> str:
        """Return the table, the address and the type of a point."""
        order = f" {point.byte_order}" if point.count > 1 and point.type != "string" else ""
        parts = [f"{point.register_} 0x{point.address:04X} {point.type}{order}"]
        if point.bit is not None:
            last = point.bit + point.bit_count - 1
            parts.append(f"bit {point.bit}" if last == point.bit else f"bits {point.bit}-{last}")
        if point.sign is not None:
            parts.append(f"sign in 0x{point.sign.address:04X}")
        if point.scale_factor_address is not None:
            parts.append(f"scale factor in 0x{point.scale_factor_address:04X}")
        if point.scale_by is not None:
            parts.append(f"scale by 0x{point.scale_by.address:04X}")
        return ", ".join(parts)

    def example_lines(self, example: ModbusExample) -> list[str]:
        """Return the words of each block, and the coils."""
        return [
            *(
                f"0x{address:04X}: " + " ".join(f"{word:04X}" for word in words)
                for address, words in example.registers.items()
            ),
            *(f"coil 0x{a:04X}: {value_text(bit)}" for a, bit in example.coils.items()),
        ]

    def point_details(self, point: ModbusPoint) -> list[str]:
        """Return how often the point is read."""
        return [f"every {point.poll_s:g} s"]

    def c_profile(self, profile: ModbusProfile) -> Mapping[str, CValue]:
        """Return how long each register table is, from address 0."""
        ends: dict[str, int] = {}
        for point in profile.points.values():
            last = max(end for _, end in point.spans)
            ends[point.register_] = max(ends.get(point.register_, 0), last)
        for command in profile.commands.values():
            end = command.address + REGISTERS_PER_TYPE.get(command.type, 1)
            ends[command.register_] = max(ends.get(command.register_, 0), end)
        return {f"{table}_count": end for table, end in sorted(ends.items())}

    def c_point(self, point: ModbusPoint) -> Mapping[str, CValue]:
        """Return the function that reads a point, its address and how many registers it has."""
        place = {"function": _READ_FUNCTION[point.register_], "address": Hex(point.address)}
        return {**place, "registers": point.count, "type": point.type}

    def c_command(self, command: Command) -> Mapping[str, CValue]:
        """Return the function that writes one value, and its address."""
        if not isinstance(command, ModbusCommand):
            raise TypeError(f"{command!r} is no Modbus command")
        function = _WRITE_FUNCTION[command.register_]
        if REGISTERS_PER_TYPE.get(command.type, 1) > 1:
            function = 16
        return {"function": function, "address": Hex(command.address), "type": command.type}

    def c_raw(self, raw: Value) -> CValue:
        """Return a raw value as the number that it is."""
        number = float(raw)
        return int(number) if number.is_integer() else number

    def period_s(self, profile: ModbusProfile, point: ModbusPoint) -> float:
        """Return the seconds between two reads of a point."""
        del profile
        return point.poll_s

    def identity(self, address: ModbusAddress) -> tuple[Any, str]:
        """Return the bus and the unit: the channels of a meter share them under two profiles."""
        return (address.bus, address.unit_id), f"unit {address.unit_id} of bus {address.bus!r}"

    def section_names(self, section: Sequence[BusConfig]) -> Iterator[tuple[Key, str]]:
        """Yield the names of the buses."""
        for number, bus in enumerate(section):
            yield (number, "bus"), bus.bus

    def device_faults(
        self, section: Sequence[BusConfig], profile: ModbusProfile, address: ModbusAddress
    ) -> Iterator[tuple[Key, str]]:
        """Yield a bus that the section does not have, and a poll that leaves use unobserved."""
        gap_s = profile.usage.max_gap_s if profile.usage is not None else None
        if address.poll_s is not None and gap_s is not None and 3 * address.poll_s > gap_s:
            problem = f"got {address.poll_s:g}; {profile.id} needs at most {gap_s / 3:g}"
            yield ("poll_s",), f"{problem}, a third of its usage rule's max_gap_s"
        buses = [bus.bus for bus in section]
        if address.bus not in buses:
            known = ", ".join(buses) or "none is given under modbus"
            yield ("bus",), f"no bus {address.bus!r}; the buses are: {known}"


PROTOCOL = ModbusSpec()
