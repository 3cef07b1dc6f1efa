"""What the registry answers: plain frozen rows, free of any session."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """A school."""

    id: str
    name: str
    division: str
    school_type: str
    urban_rural: str | None
    classes: int | None
    pupils: int | None
    teachers: int | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room; `number` is what assets and lessons refer to, `use` a code of 房间用途."""

    id: int
    school: str
    number: str
    name: str | None
    building: str | None
    floor: int | None
    use: str | None
    area_m2: float | None
    seats: int | None
    home_class: str | None


@dataclass(frozen=True, slots=True)
class AssetRow:
    """A line of the asset ledger; `room` is the number of its room."""

    id: int
    school: str
    asset_no: str
    name: str
    category: str | None
    classification_code: str | None
    classification_list: str | None
    model: str | None
    brand: str | None
    serial_no: str | None
    tag: str | None
    device_no: str | None
    unit: str | None
    quantity: float
    original_value_yuan: float | None
    acquisition: str | None
    acquired: dt.date | None
    booked: dt.date | None
    condition: str
    room: str | None
    department: str | None
    custodian: str | None
    supplier: str | None
    warranty_until: dt.date | None
    life_years: int | None
    funding: str | None


@dataclass(frozen=True, slots=True)
class BindingRow:
    """Telemetry named `device` belongs to the asset, both days included; None is open."""

    school: str
    asset_id: int
    asset_no: str
    device: str
    valid_from: dt.date | None
    valid_to: dt.date | None

    def holds_on(self, day: dt.date) -> bool:
        """Whether the binding is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class TermRow:
    """A term, both days included."""

    id: int
    school: str
    name: str
    starts: dt.date
    ends: dt.date


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A period of a term's school day, in local time."""

    term: int
    number: int
    name: str
    starts: dt.time
    ends: dt.time


@dataclass(frozen=True, slots=True)
class TimetableRow:
    """A timetable entry; weekday 1 is Monday."""

    term: int
    weekday: int
    period: int
    room: str
    class_name: str | None
    subject: str | None


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """A closed day, or with `follows` a day that is taught as that weekday; no school means all."""

    school: str | None
    day: dt.date
    name: str | None
    follows: int | None


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A period of a school day; both moments are UTC."""

    day: dt.date
    period: int
    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True, slots=True)
class LessonRow:
    """A lesson scheduled on a day."""

    day: dt.date
    period: int
    room: str
    class_name: str | None
    subject: str | None
