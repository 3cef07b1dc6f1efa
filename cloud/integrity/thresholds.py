"""The limits from which a figure is odd enough to ask about. Pure.

All of them are set by this project; there is no published rule. They follow from what is usual in
schools, not from a data set: a break is ten minutes, a hand is never the same to the second, a week
has five days. `docs/explanation/integrity.md` shows what they reach on simulated cities, and which
seed they were tuned with.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeftOn:
    """A screen in use without a lesson in the timetable."""

    idle_hours: float = 2.0
    """Hours in use out of the room's lessons from which a day is odd: longer than a film."""
    idle_share: float = 0.6
    """Share of breaks, noon and free lessons in use: a teacher does not use all of them."""
    outside_hours: float = 2.0
    """Hours in use before and after school, at night, or on a day without lessons: odd alone."""
    day_share: float = 0.25
    """Share of a screen's days that have to be odd: forgetting is rarer."""
    least_days: int = 3
    """Odd days that a screen needs at the least."""
    least_seen_days: int = 5
    """Days that have to be seen before a screen is judged at all."""
    occupancy_minutes: float = 30.0
    """Minutes of data of a room's motion or CO2 in a part of the day from which they count."""
    co2_ppm: float = 800.0
    """CO2 from which a room is occupied; outside it is about 420."""
    co2_lag_minutes: float = 45.0
    """How long after a lesson the air is still the lesson's, and does not count."""


@dataclass(frozen=True, slots=True)
class MachineLike:
    """Uses that last the same to the second, lesson for lesson, day for day."""

    within_s: float = 30.0
    """How near to the usual length of its period a use is the same: no hand is that exact."""
    lesson_share: float = 0.85
    """Uses longer than this share of the lesson are left out: the bell explains them."""
    least_s: float = 60.0
    """Shorter uses are left out."""
    same_share: float = 0.4
    """Share of the uses that have to be the same; by chance it is about a tenth."""
    least_uses: int = 10
    """Uses beyond the first of each period that are needed to judge a device."""
    least_per_period: int = 4
    """Days on which a period has to be used to have a usual length."""
    least_periods: int = 3
    """Periods of the day that have to show it: one broadcast a day is a programme."""
    least_devices: int = 2
    """Devices of a school that have to show it."""


@dataclass(frozen=True, slots=True)
class Stops:
    """Devices of one school that stop reporting together, until an inspection."""

    silent_share: float = 0.1
    """Share of school time seen up to which a day is silent."""
    least_days: int = 2
    """School days of silence before the inspection: one day has many reasons."""
    most_days: int = 10
    """Longer silence is a fault that was not repaired, not an answer to a date."""
    least_before: int = 3
    """School days on which a device was seen before it fell silent."""
    back_within: int = 2
    """School days from the inspection on within which it is back."""
    least_devices: int = 3
    """Devices that have to stop together."""
    least_share: float = 0.15
    """Share of the devices that were alive."""
    most_share: float = 0.95
    """From here on it is the gateway or the power of the whole school."""
    together_share: float = 0.6
    """Share of them that stop on the same day."""
    times_usual: float = 2.0
    """How many times as many as ever stopped together on any other day."""
    mixed_share: float = 0.1
    """Of rooms with several devices, share in which some stop and some go on: a cut circuit takes
    the room."""
    least_rooms: int = 3
    """Rooms with several devices from which that is asked."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Rows of the ledger bound to a device that has never reported."""

    usual: float = 0.02
    """Share of bound rows that stay silent in an honest school: unplugged, name mistyped."""
    dies: float = 0.25
    """How much that rises with the share of reporting rows that since stopped: where devices fail,
    some failed before the gateway was installed."""
    gone_days: int = 5
    """Days without data before the end from which a row has stopped reporting."""
    chance: float = 0.01
    """How likely that many would be by chance, at most."""
    least: int = 2
    """Rows that are needed in any case."""
    young_days: int = 60
    """Rows bought in so many days before the end are left out: installing takes time."""
    peers_reporting: float = 0.5
    """Share of the school's bound rows of a category that reported, from which its silent ones
    count: where none reports, a driver is missing."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Devices that reported and are in no row of the ledger."""

    least: int = 3
    """Devices."""
    share: float = 0.05
    """Of the devices that reported; the rate asked of ledger-telemetry agreement is 97 %."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Declared figures compared with measured ones."""

    hours_tolerance: float = 0.3
    """How far hours may lie outside of what could have been: they are estimates over a year."""
    count_tolerance: float = 0.1
    """How far a count may exceed the ledger."""
    least_hours: float = 0.5
    """Hours a week by which it has to differ in any case."""
    least_count: float = 3.0
    """Things by which it has to differ in any case."""
    far: float = 0.5
    """Share above what is possible from which one figure alone is hardly a typing error."""
    several: int = 2
    """Figures above what is possible, by however little, from which it is hardly one."""
    least_seen: float = 0.8
    """Share of school time in which a device has to be seen to be measured."""
    least_devices: float = 0.7
    """Share of a school's devices that have to be measured."""
    least_days: int = 5
    """School days that a measurement needs."""
    least_lessons: int = 30
    """Lessons in laboratories that have to be seen before "no instrument was used" means a
    thing."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Those of every check."""

    left_on: LeftOn = LeftOn()
    machine_like: MachineLike = MachineLike()
    stops: Stops = Stops()
    unconfirmed: Unconfirmed = Unconfirmed()
    unlisted: Unlisted = Unlisted()
    declared: Declared = Declared()
    high: float = 0.7
    """Strength from which a finding is severe."""
    medium: float = 0.45
    """Strength from which it is of medium severity."""
