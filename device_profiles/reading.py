"""A reading: one value of one point of one device, and when it was true."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Value = float | bool | str
"""What a point can hold. Whole numbers are floats: a field must never change type."""


class Quality(StrEnum):
    """How far a reading can be trusted (the three grades of OPC UA)."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one point.

    `device` is the gateway's name for the device, `point` a key of its profile. `observed_at` is
    aware UTC: when the value was true, not when it arrived. A reading of quality `bad` carries the
    value as it came; it is stored as bad, and no usage follows from it.
    """

    device: str
    point: str
    value: Value
    observed_at: datetime
    quality: Quality = Quality.GOOD

    def __post_init__(self) -> None:
        if self.observed_at.tzinfo is None:
            raise ValueError(
                f"reading {self.device}.{self.point}: observed_at has no time zone; give aware UTC"
            )
