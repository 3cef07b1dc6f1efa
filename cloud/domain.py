"""Types of the domain that several layers share. Pure.

What is known of an asset now has one word each, on every page and in every answer:

- *no sensor*: no device is bound to it. *Never seen*: a device is, and nothing of it ever arrived.
- *Connected*: a device is bound and something of it arrived, be it a reading or a usage slot with a
  second observed. A connected asset is *online*, or it is *lost*. It is *awaited* until
  it could have been received since the cloud started: what a stopped cloud missed is not its loss.
- What is online and can be used is *active*, on *standby* or *off* by its usage rule; a sensor of
  air has *no rule*. Where the gateway learned that the rule does not separate use from the rest at
  the powers of this device, it is *rule unfit*, until a person has agreed to another; where the
  device has one level of power, used or not, it is *use indistinct*. *Unobserved* is what has a
  device and of which nothing is known now.

Moments are aware UTC; durations are seconds (`_s`), energy kilowatt-hours (`_kwh`) or watt-hours
(`_wh`), shares 0 to 1. None means "not known", never zero.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["active", "standby", "off", "unobserved"]
"""The state of a device over a span, by its usage slots."""
CurrentState = Literal[
    "active",
    "standby",
    "off",
    "rule_unfit",
    "use_indistinct",
    "no_rule",
    "unobserved",
    "no_sensor",
]
Presence = Literal["online", "awaited", "lost", "never_seen", "no_sensor"]
CONNECTED: frozenset[Presence] = frozenset({"online", "awaited", "lost"})
SLOT_GRACE = timedelta(minutes=10)
"""How long after its end a usage slot may take to arrive before its absence counts."""
_STRONGEST_FIRST: tuple[State, ...] = ("active", "standby", "off", "unobserved")
Outcome = Literal["met", "partly_met", "unmet", "no_data", "not_applicable"]


@dataclass(frozen=True, slots=True)
class LearnedLevels:
    """The levels of power that a gateway learned of a device, and the rule it proposes."""

    hours: float
    """How long the device was observed."""
    levels: tuple[tuple[Literal["off", "standby", "active", "on"], float, float, float, float], ...]
    """State, W at 5 %, 50 % and 95 % of the time at it, share of the time."""
    active_above: float | None = None
    standby_above: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSummary:
    """How much was used in a span of school days, and how much of it was seen.

    `lessons_scheduled` counts timetabled lessons that are over, in the rooms of the assets,
    `lessons_observed` those with telemetry for at least half of the lesson, `lessons_used` those
    observed lessons in which the asset was active long enough, `lessons_by_sensor` those scheduled
    in a room that the device reports and the ledger does not have. `use_rate` is used / observed,
    None without any. `observed_share` is seconds seen over seconds due within the school day,
    `energy_observed_share` seconds seen of periods with any energy over all seconds due.
    """

    lessons_scheduled: int
    lessons_observed: int
    lessons_used: int
    lessons_by_sensor: int
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
    """As far as it was measured; `energy_observed_share` is how far that is."""
    energy_observed_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateInterval:
    """A run of slots in which one state prevailed."""

    start: datetime
    end: datetime
    state: State
    energy_wh: float | None


def prevailing(active_s: float, standby_s: float, off_s: float, unobserved_s: float) -> State:
    """Return the state that took most of a slot; of equals the strongest."""
    seconds = dict(zip(_STRONGEST_FIRST, (active_s, standby_s, off_s, unobserved_s), strict=True))
    return max(_STRONGEST_FIRST, key=seconds.__getitem__)
