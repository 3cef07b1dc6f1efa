"""How a point is addressed in Bluetooth Low Energy: in an advertisement or in a GATT service.

Exactly one of `bthome` (a BTHome v2 object of an advertisement, https://bthome.io/format) and
`characteristic` (with its `service`) is given.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from device_profiles.protocols.base import Model, Point

Uuid = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
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


class BleCommand(Model):
    """A write to a characteristic."""

    service: Uuid
    characteristic: Uuid
    type: GattType | Literal["bytes"] = "uint8"
    title: dict[Literal["zh", "en"], str] | None = None
