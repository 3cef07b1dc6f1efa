"""Types of the domain that several layers share. Pure.

Moments are aware UTC; durations are seconds (`_s`), energy kilowatt-hours (`_kwh`) or watt-hours
(`_wh`), shares 0 to 1. None means "not known", never zero.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["active", "standby", "off", "unobserved"]
Presence = Literal["online", "silent", "never_seen"]
Outcome = Literal["met", "partly_met", "unmet", "no_data", "not_applicable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSummary:
    """How much was used in a span of school days, and how much of it was seen.

    `lessons_scheduled` counts timetabled lessons that are over, in the rooms of the assets,
    `lessons_observed` those with telemetry for at least half of the lesson, `lessons_used` those
    observed lessons in which the asset was active long enough. `use_rate` is used / observed, None
    without any. `observed_share` is seconds seen over seconds due within the school day.
    """

    lessons_scheduled: int
    lessons_observed: int
    lessons_used: int
    use_rate: float | None
    active_in_timetable_s: float
    """In timetabled lessons of the asset's room."""
    active_out_of_timetable_s: float
    standby_s: float
    standby_waste_s: float
    """Standby outside the school day."""
    off_s: float
    unobserved_s: float
    observed_share: float | None
    energy_kwh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateInterval:
    """A run of slots in which one state prevailed."""

    start: datetime
    end: datetime
    state: State
    energy_wh: float | None
