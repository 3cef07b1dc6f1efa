"""What every point and every command has, whatever its protocol."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from device_profiles.reading import Value

StateClass = Literal["measurement", "total", "total_increasing"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=64)]


class Model(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(Model):
    """What is measured, in which unit, and when a change is worth sending."""

    quantity: str = Field(description="A quantity of device_profiles/quantities.py.")
    unit: str = Field(default="", description="A unit of that quantity; empty where it has none.")
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
