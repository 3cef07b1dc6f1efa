"""The schemas of schools: register, rooms, calendar, timetable."""

from datetime import date, datetime, time
from typing import Literal

from cloud.api.schemas.base import Shape


class School(Shape):
    """A school of the register."""

    id: str
    """The ten-digit school identification code."""
    name: str
    division: str
    division_name: str
    school_type: str
    school_type_name: str
    urban_rural: str | None
    classes: int | None
    pupils: int | None
    teachers: int | None
    stages: list[Literal["KG", "PRI", "JUN", "SEN", "VOC"]]


class Room(Shape):
    """A room of a school."""

    number: str
    name: str
    building: str
    floor: int | None
    use: str | None
    use_name: str | None
    area_m2: float | None
    seats: int | None
    home_class: str | None
    assets: int


class CalendarPeriod(Shape):
    """One period of a school day."""

    period: int
    name: str
    start: datetime
    end: datetime


class CalendarDay(Shape):
    """One school day and its periods."""

    day: date
    periods: list[CalendarPeriod]


class TimetableEntry(Shape):
    """One lesson of the weekly timetable."""

    weekday: int
    """1 Monday to 7 Sunday."""
    period: int
    room: str
    class_name: str | None
    subject: str | None


class TimetablePeriod(Shape):
    """One period of the school day, in local time."""

    period: int
    name: str
    starts: time
    ends: time


class Timetable(Shape):
    """The weekly timetable of a term; without a term it is empty."""

    term: str | None
    start: date | None
    end: date | None
    periods: list[TimetablePeriod]
    lessons: list[TimetableEntry]
