"""The schemas of a school's overview."""

from datetime import date, datetime, time
from typing import Literal

from cloud.api.schemas.base import Shape
from cloud.api.schemas.gateways import Gateway
from cloud.api.schemas.schools import School
from cloud.domain import CurrentState, UseSummary


class CategoryCount(Shape):
    """The assets of one category, by what they are doing now.

    `active` to `no_sensor` add up to `assets`.
    """

    category: str
    assets: int
    connected: int
    online: int
    active: int
    standby: int
    off: int
    rule_unfit: int
    """Online, and the usage rule does not fit the powers of the device."""
    use_indistinct: int
    """Online, at one level of power, used or not."""
    no_rule: int
    """Online, and without a usage rule: a sensor of air."""
    unobserved: int
    no_sensor: int


class PeriodNow(Shape):
    """The period of the timetable that is on, and the lessons scheduled in it."""

    day: date
    period: int | None
    name: str | None
    starts: time | None
    ends: time | None
    lessons_scheduled: int
    is_school_day: bool


class RoomNow(Shape):
    """A room and the strongest state of its assets."""

    room: str
    name: str
    building: str
    floor: int | None
    state: CurrentState
    assets: int
    lesson: str | None
    """Class and subject scheduled there now."""


class DayUse(Shape):
    """One school day of use."""

    day: date
    use: UseSummary


class Attention(Shape):
    """Something a manager should look at; `kind` names its text in the web app."""

    kind: Literal[
        "left_on",
        "lost",
        "unknown_asset",
        "no_room",
        "never_used",
        "rule_unfit",
        "use_indistinct",
        "gateway_lost",
        "backlog",
        "condition",
    ]
    subject: str
    """An asset number, or a gateway's name."""
    title: str
    since: datetime | None
    value: float | None


class Overview(Shape):
    """What an equipment manager sees first."""

    school: School
    at: datetime
    now: PeriodNow
    assets: int
    assets_connected: int
    """Assets with a device from which a reading or an observed usage slot has ever come."""
    assets_online: int
    assets_lost: int
    """Connected and not online."""
    assets_no_sensor: int
    original_value_yuan: float | None
    categories: list[CategoryCount]
    rooms: list[RoomNow]
    today: UseSummary
    week: UseSummary
    by_day: list[DayUse]
    """The last twenty school days, oldest first."""
    start: date
    """The first day that is looked at; the span of an asset's use begins with it by default."""
    end: date
    attention: list[Attention]
    gateways: list[Gateway]
