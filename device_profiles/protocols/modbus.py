"""How a point is addressed in Modbus: a register table, an address, a type.

Addresses are zero-based protocol addresses, as sent on the wire (Modbus Application Protocol
V1.1b3, section 4.4), not the "40001" of manuals.
"""

from typing import Literal

from pydantic import Field

from device_profiles.protocols.base import Model, Point
from device_profiles.reading import Value

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
    "string",
]
ByteOrder = Literal["ABCD", "CDAB", "BADC", "DCBA"]

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
}


class ModbusPoint(Point):
    """A point in a register table."""

    register_: Register = Field(default="holding", alias="register")
    address: int = Field(ge=0, le=0xFFFF)
    type: RegisterType = "uint16"
    byte_order: ByteOrder = Field(
        default="ABCD",
        description="Order of the bytes A (most significant) to D as they stand on the wire; "
        "eight-byte types follow the same pattern (BADC swaps the bytes in every register, CDAB "
        "reverses the registers, DCBA does both).",
    )
    bit: int | None = Field(default=None, ge=0, le=15, description="One bit of a uint16 register.")
    length: int | None = Field(
        default=None, ge=1, le=125, description="Registers of a string, two bytes each."
    )
    poll_s: float = Field(default=10.0, gt=0, description="Seconds between two reads.")

    @property
    def count(self) -> int:
        """Registers (or bits, for coil and discrete) the point takes up."""
        if self.type == "string":
            return self.length or 1
        return REGISTERS_PER_TYPE[self.type]


class ModbusCommand(Model):
    """A write of one value to one register or coil."""

    register_: Literal["coil", "holding"] = Field(default="holding", alias="register")
    address: int = Field(ge=0, le=0xFFFF)
    type: RegisterType = "uint16"
    byte_order: ByteOrder = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    value: Value | None = Field(default=None, description="Fixed value; absent: the caller's.")
    title: dict[Literal["zh", "en"], str] | None = None


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
