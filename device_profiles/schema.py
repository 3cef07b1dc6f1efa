"""A device profile: how one device model speaks, and when it counts as used. Pure.

The models of a profile file, frozen, refusing unknown keys. What depends on the protocol is a
subclass in `device_profiles.protocols`. `device_profiles.loader` reads files into them and turns
every error into `file:line: key: what, what instead`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from device_profiles.agreement import Disagreement, disagreements
from device_profiles.model import Command, Model, Name, Point, Titles, quantities_given
from device_profiles.reading import Value

Category = Literal[
    "display", "recorder", "instrument", "epaper", "meter", "environment", "computer"
]
Behaviour = Literal[
    "school_day", "lesson", "recording", "experiment", "reading", "ambient", "always_on"
]
ProfileId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$", max_length=64)]


class AssetClass(Model):
    """A code of a classification, with the edition of its list."""

    list_: str = Field(alias="list")
    code: str


class Alias(Model):
    """A variant that behaves the same."""

    vendor: str
    model: str


class UsageRule(Model):
    """When the device counts as active, standby or off: by thresholds or by values.

    Thresholds (a number): active above `active_above`, standby above `standby_above`, else off.
    Values (true/false or text): active in `active_values`, standby in `standby_values`, else off.
    """

    point: Name = Field(description="The point that decides.")
    active_above: float | None = Field(default=None, description="In the unit of the point.")
    standby_above: float | None = Field(default=None, description="At most active_above.")
    active_values: tuple[Value, ...] = ()
    standby_values: tuple[Value, ...] = ()
    hold_s: float = Field(
        default=0.0, ge=0, description="A fall that lasts no longer than this did not happen."
    )
    max_gap_s: float = Field(
        default=600.0, gt=0, description="A longer silence between two readings is unobserved."
    )
    energy_point: Name | None = Field(
        default=None, description="A power, or an energy counter, from which a slot's energy comes."
    )
    max_power: float | None = Field(
        default=None,
        gt=0,
        description="W: the most that the device can draw; by default its category's. "
        "Energy beyond it is refused.",
    )

    @model_validator(mode="after")
    def _thresholds_or_values(self) -> "UsageRule":
        if (self.active_above is None) == (not self.active_values):
            raise ValueError("give either active_above (a number) or active_values (a list)")
        if self.active_above is None and self.standby_above is not None:
            raise ValueError("standby_above goes with active_above; use standby_values")
        if (
            self.active_above is not None
            and self.standby_above is not None
            and self.standby_above > self.active_above
        ):
            raise ValueError("standby_above must not exceed active_above")
        return self


class Simulation(Model):
    """How a simulator plays the device: a behaviour and what its points do in each state.

    `points` gives for a point either a fixed value, or per usage state (`active`, `standby`,
    `off`) a value or a `[low, high]` range. Points not named follow the example.
    """

    behaviour: Behaviour
    points: dict[Name, Value | dict[Literal["active", "standby", "off"], Any]] = Field(
        default_factory=dict
    )
    period_s: float | None = Field(
        default=None, gt=0, description="Seconds between two messages of a device that pushes."
    )


class Example(Model):
    """Something a device sent, and the readings it means: test, documentation, simulator's start.

    `source` names where the pair comes from (manual and page, capture and date, another project's
    published test, synthetic) and never claims more than is known.
    """

    source: str = Field(min_length=8)
    readings: dict[Name, Value]


class DeviceProfile(Model):
    """One device model; what every profile has, whatever its protocol."""

    id: ProfileId = Field(description="<vendor>-<model> in lower case, as the file is named.")
    vendor: str = Field(description="The maker, as printed on the box.")
    model: str = Field(description="The model, as printed on the box.")
    title: Titles = Field(description="What it is, in Chinese (zh) and English (en).")
    category: Category = Field(description="What kind of equipment it is; the file's folder.")
    asset_class: AssetClass | None = Field(
        default=None, description="Its code in a classification of assets."
    )
    source: str = Field(min_length=8, description="Where the register map or payload comes from.")
    aliases: tuple[Alias, ...] = Field(
        default=(), description="Variants that speak exactly the same."
    )
    caveats: tuple[str, ...] = Field(default=(), description="What an installer must know.")
    confirmed: str | None = Field(
        default=None, description="By whom and when it was confirmed on hardware."
    )
    usage: UsageRule | None = Field(
        default=None, description="When it counts as used; without it, it only measures."
    )
    simulation: Simulation | None = Field(default=None, description="How a simulator plays it.")
    protocol: str = Field(description="How it speaks: the name of a protocol.")
    points: Mapping[Name, Point] = Field(min_length=1, description="What it measures, by name.")
    commands: Mapping[Name, Command] = Field(
        default_factory=dict, description="What it can be made to do, by name."
    )
    examples: tuple[Example, ...] = Field(
        min_length=1, description="What it sent and what that means; each is a test."
    )

    @property
    def quality_grade(self) -> Literal["bronze", "silver", "gold"]:
        """Bronze: it has an example. Silver: one that is not synthetic. Gold: confirmed."""
        if self.confirmed:
            return "gold"
        named = any(
            "synthetic" not in example.source and "memory" not in example.source
            for example in self.examples
        )
        return "silver" if named else "bronze"

    @model_validator(mode="after")
    def _parts_agree(self, info: ValidationInfo) -> "DeviceProfile":
        problems = disagreements(self.model_dump(by_alias=True), quantities_given(info))
        if problems:
            raise Disagreement("; ".join(f"{'.'.join(key)}: {what}" for key, what in problems))
        return self
