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
    assessed: dt.date | None = None


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


@dataclass(frozen=True, slots=True)
class StageSizeRow:
    """How large a stage (KG PRI JUN SEN VOC) of a school is."""

    school: str
    stage: str
    classes: int | None
    pupils: int | None


@dataclass(frozen=True, slots=True)
class DeclarationRow:
    """What a school declares; it counts in full once it is confirmed."""

    school: str
    item: str
    value: float
    declared_on: dt.date
    declared_by: str | None
    note: str | None
    confirmed_on: dt.date | None
    confirmed_by: str | None


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A repair; the moments are local and without a zone, `origin` is "report" or "alert"."""

    school: str
    ticket_no: str
    asset_id: int | None
    asset_no: str | None
    origin: str
    reported_at: dt.datetime
    accepted_at: dt.datetime | None
    closed_at: dt.datetime | None
    verified_at: dt.datetime | None
    is_fault: bool | None


@dataclass(frozen=True, slots=True)
class StocktakeRow:
    """What a count found of an asset: "matched", "missing" or "surplus"."""

    school: str
    asset_no: str
    counted_on: dt.date
    result: str
    counted_by: str | None


@dataclass(frozen=True, slots=True)
class DisposalRow:
    """An asset given up, with its papers."""

    school: str
    asset_no: str
    disposed_on: dt.date
    method: str | None
    approval_no: str | None
    record_no: str | None


@dataclass(frozen=True, slots=True)
class ChemicalRow:
    """A batch of a dangerous chemical: by the book, and at the last count."""

    school: str
    batch_no: str
    name: str
    book_quantity: float
    counted_quantity: float | None
    unit: str | None
    counted_on: dt.date | None
