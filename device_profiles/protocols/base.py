"""What every point and every command has, whatever its protocol."""

from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from device_profiles.quantities import QUANTITIES
from device_profiles.reading import Value

StateClass = Literal["measurement", "total", "total_increasing"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=64)]


class Model(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(Model):
    """What is measured, in which unit, and when a change is worth sending."""

    quantity: str = Field(description="A quantity of device_profiles/quantities.py.")
    unit: str = Field(
        default="",
        validate_default=True,
        description="A unit of that quantity; empty where it has none.",
    )
    state_class: StateClass = "measurement"
    deadband: float = Field(
        default=0.0,
        ge=0,
        description="Changes smaller than this, in the unit, are not sent between heartbeats.",
    )
    values: dict[str, Value] | None = Field(
        default=None,
        description="Raw text (or number, or true/false) as it comes -> the point's value. "
        "Raw values that are not listed give no reading.",
    )
    invalid: tuple[Value, ...] = Field(
        default=(), description="Raw values that mean 'no value', before scale and offset."
    )
    scale: float = Field(default=1.0, description="value = raw * scale + offset.")
    offset: float = 0.0
    title: dict[Literal["zh", "en"], str] | None = None

    @field_validator("quantity")
    @classmethod
    def _known_quantity(cls, quantity: str) -> str:
        if quantity not in QUANTITIES:
            near = get_close_matches(quantity, QUANTITIES, 1)
            hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(QUANTITIES)}"
            raise ValueError(f"{quantity!r} is not a quantity; {hint}")
        return quantity

    @field_validator("unit")
    @classmethod
    def _unit_of_quantity(cls, unit: str, info: ValidationInfo) -> str:
        quantity = QUANTITIES.get(info.data.get("quantity", ""))
        if quantity is not None and unit not in quantity.units:
            accepted = " or ".join(repr(known) for known in quantity.units)
            raise ValueError(
                f"{unit!r} is not a unit of {info.data['quantity']}; use {accepted}"
                if unit
                else f"{info.data['quantity']} needs a unit; use {accepted}"
            )
        return unit

    @field_validator("values", mode="before")
    @classmethod
    def _raw_as_text(cls, values: Any) -> Any:
        return {str(raw): value for raw, value in values.items()} if _is_plain(values) else values


def _is_plain(values: Any) -> bool:
    return isinstance(values, dict) and all(isinstance(raw, (str, int)) for raw in values)
