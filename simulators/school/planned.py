"""The plan of a simulated school, as models: what school.yaml and scenario files hold.

A protocol adds keys of its own: its sections, and in each device the device's address. The whole
model of school.yaml is made in `simulators.school.scenario`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, model_validator

from device_profiles.model import Model
from device_profiles.schema import DeviceProfile, UsageRule

FaultName = Literal["silence", "disconnect", "garbage", "refuse", "reset"]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class PeriodPlan(Model):
    """A period of the school day, local time."""

    period: int
    starts: TimeOfDay
    ends: TimeOfDay


class LessonPlan(Model):
    """A lesson every week; 1 is Monday."""

    weekday: int = Field(ge=1, le=7)
    period: int
    room: str


class DevicePlan(Model):
    """One simulated device, without its address."""

    id: str = Field(min_length=1)
    asset: str | None = Field(default=None, description="By default the device's id.")
    profile: str
    room: str = ""
    category: str | None = None
    usage: dict[str, Any] | None = Field(
        default=None, description="Keys of the profile's usage rule that differ here."
    )

    def address(self, protocol: str) -> Any:
        """Return the address given under a protocol's name; None where there is none."""
        return getattr(self, protocol, None)


class FaultPlan(Model):
    """One fault: `at_s` seconds after the school is ready, for `for_s` seconds."""

    device: str = Field(description='Its id, or a pattern such as "meter-*": the first that fits.')
    fault: FaultName
    at_s: float = Field(default=0.0, ge=0)
    for_s: float = Field(default=0.0, ge=0)


class SchoolPlan(Model):
    """school.yaml, without the sections of the protocols."""

    school: str = Field(pattern=r"^[0-9]{10}$")
    seed: int = 0
    time_zone: str = "Asia/Shanghai"
    lively: bool = False
    profiles: tuple[Path, ...] = Field(default=(), description="Further catalogue folders.")
    truth: Path = Path("truth.jsonl")
    periods: tuple[PeriodPlan, ...] = ()
    lessons: tuple[LessonPlan, ...] = ()
    devices: tuple[DevicePlan, ...] = ()
    faults: tuple[FaultPlan, ...] = ()

    def section(self, key: str) -> Any:
        """Return a protocol's section; None where there is none."""
        return getattr(self, key, None)

    @model_validator(mode="after")
    def _known_zone(self) -> "SchoolPlan":
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            problem = f"no time zone {self.time_zone!r}; use one such as Asia/Shanghai"
            raise ValueError(problem) from None
        return self


class Scenario(Model):
    """A scenario file: faults for a school, with what it shows."""

    title: str
    faults: tuple[FaultPlan, ...]


@dataclass(frozen=True, slots=True)
class PlannedDevice:
    """One device with its profile and its usage rule looked up."""

    plan: DevicePlan
    profile: DeviceProfile
    usage: UsageRule | None

    @property
    def address(self) -> Any:
        """The address under the name of the profile's protocol."""
        return self.plan.address(self.profile.protocol)

    @property
    def asset(self) -> str:
        """The asset's name in telemetry."""
        return self.plan.asset or self.plan.id


@dataclass(frozen=True, slots=True)
class School:
    """A plan that is right, its profiles looked up."""

    folder: Path
    plan: SchoolPlan
    devices: tuple[PlannedDevice, ...]
