"""What every point and every command has, whatever its protocol. Pure.

The quantities a point may have are those of `QUANTITIES`, unless the validation is given a further
table as its context: `model_validate(tree, context={"quantities": table})`.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from device_profiles.quantities import QUANTITIES, Quantity, ValueType
from device_profiles.reading import Value

Identifier = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]
"""A name given in a configuration: of a device, a gateway, a bus."""
Port = Annotated[int, Field(ge=1, le=65535)]
StateClass = Literal["measurement", "total", "total_increasing"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=64)]
Titles = dict[Literal["zh", "en"], str]


class Model(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(Model):
    """What is measured, in which unit, and when a change is worth sending."""

    quantity: str = Field(description="A quantity of the table, or of the folder's own.")
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
    title: Titles | None = None

    @cached_property
    def definition(self) -> Quantity:
        """The quantity of the point: its units, titles and bounds."""
        return QUANTITIES[self.quantity]

    @cached_property
    def value_type(self) -> ValueType:
        """The type that every value of the point has."""
        return self.definition.value_type

    @field_validator("quantity")
    @classmethod
    def _known_quantity(cls, quantity: str, info: ValidationInfo) -> str:
        table = quantities_given(info)
        if quantity not in table:
            near = get_close_matches(quantity, table, 1)
            hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(table))}"
            raise ValueError(f"{quantity!r} is not a quantity; {hint}")
        return quantity

    @field_validator("unit")
    @classmethod
    def _unit_of_quantity(cls, unit: str, info: ValidationInfo) -> str:
        quantity = quantities_given(info).get(info.data.get("quantity", ""))
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

    @model_validator(mode="after")
    def _defined(self, info: ValidationInfo) -> "Point":
        # Fills the cached property: the table is known only here, and an attribute costs least.
        self.__dict__["definition"] = quantities_given(info)[self.quantity]
        return self


class Command(Model):
    """Something the device can be made to do."""

    title: Titles | None = None


def quantities_given(info: ValidationInfo) -> Mapping[str, Quantity]:
    """Return the table of quantities that a validation was given; the built-in one by default."""
    context: Mapping[str, Mapping[str, Quantity]] = info.context or {}
    return context.get("quantities", QUANTITIES)


def _is_plain(values: Any) -> bool:
    return isinstance(values, dict) and all(isinstance(raw, (str, int)) for raw in values)
