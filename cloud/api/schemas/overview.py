"""The schemas of a school's overview."""

from datetime import date, datetime, time
from typing import Literal

from cloud.api.schemas.base import Shape
from cloud.api.schemas.gateways import Gateway
from cloud.api.schemas.schools import School
from cloud.domain import State, UseSummary


class CategoryCount(Shape):
    """The assets of one category, by what they are doing now."""

    category: str
    assets: int
    online: int
    active: int
    standby: int
    off: int
    unobserved: int


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
    state: State
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
        "left_on", "silent", "unknown_asset", "never_used", "gateway_silent", "backlog", "condition"
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
    """Assets from which telemetry has ever come."""
    assets_online: int
    original_value_yuan: float | None
    categories: list[CategoryCount]
    rooms: list[RoomNow]
    today: UseSummary
    week: UseSummary
    by_day: list[DayUse]
    """The last twenty school days, oldest first."""
    attention: list[Attention]
    gateways: list[Gateway]
