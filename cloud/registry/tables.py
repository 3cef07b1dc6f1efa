"""The registry's tables.

Natural keys are unique, so an import that runs twice changes nothing: a school by its code, a room
by (school, number), an asset by (school, asset number), a term by (school, name), a period by
(term, number), a lesson by (term, weekday, period, room), a holiday by (school or all, day), and so
on: the unique constraint of each table.
Money is kept in whole fen; days and times of day are the school's own.
"""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, MetaData, String, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """The root of all tables; constraints have names, so migrations can change them."""

    metadata = MetaData(naming_convention=NAMES)


class School(Table):
    """A school of the register."""

    __tablename__ = "school"

    id: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str]
    division: Mapped[str] = mapped_column(String(6))
    school_type: Mapped[str] = mapped_column(String(3))
    urban_rural: Mapped[str | None] = mapped_column(String(3))
    classes: Mapped[int | None]
    pupils: Mapped[int | None]
    teachers: Mapped[int | None]
    time_zone: Mapped[str] = mapped_column(server_default="Asia/Shanghai")


class Building(Table):
    """A building of a school."""

    __tablename__ = "building"
    __table_args__ = (UniqueConstraint("school_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    name: Mapped[str]


class Room(Table):
    """A room; `number` is what is written on its door."""

    __tablename__ = "room"
    __table_args__ = (UniqueConstraint("school_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    building_id: Mapped[int | None] = mapped_column(ForeignKey("building.id"))
    floor: Mapped[int | None]
    number: Mapped[str]
    name: Mapped[str | None]
    use: Mapped[str | None] = mapped_column(String(3))
    area_m2: Mapped[float | None]
    seats: Mapped[int | None]
    home_class: Mapped[str | None]


class Asset(Table):
    """A line of the asset ledger."""

    __tablename__ = "asset"
    __table_args__ = (UniqueConstraint("school_id", "asset_no"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    asset_no: Mapped[str]
    name: Mapped[str]
    category: Mapped[str | None]
    classification_code: Mapped[str | None]
    classification_list: Mapped[str | None]
    model: Mapped[str | None]
    brand: Mapped[str | None]
    serial_no: Mapped[str | None]
    tag: Mapped[str | None]
    device_no: Mapped[str | None]
    unit: Mapped[str | None]
    quantity: Mapped[float] = mapped_column(server_default="1")
    original_value_fen: Mapped[int | None]
    acquisition: Mapped[str | None]
    acquired: Mapped[dt.date | None]
    booked: Mapped[dt.date | None]
    condition: Mapped[str] = mapped_column(String(1), server_default="1")
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id"), index=True)
    department: Mapped[str | None]
    custodian: Mapped[str | None]
    supplier: Mapped[str | None]
    warranty_until: Mapped[dt.date | None]
    life_years: Mapped[int | None]
    funding: Mapped[str | None] = mapped_column(String(1))
    assessed: Mapped[dt.date | None]


class Binding(Table):
    """Which telemetry belongs to an asset, both days included; None is open.

    `origin` is "ledger" where the binding follows from the asset's own row (and changes with it)
    and "bindings" where somebody stated it.
    """

    __tablename__ = "binding"
    __table_args__ = (
        CheckConstraint("origin in ('ledger', 'bindings')", name="origin"),
        Index("ix_binding_school_id_device", "school_id", "device"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), index=True)
    device: Mapped[str]
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]
    origin: Mapped[str] = mapped_column(server_default="ledger")


class Term(Table):
    """A term of a school, both days included."""

    __tablename__ = "term"
    __table_args__ = (UniqueConstraint("school_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    name: Mapped[str]
    starts: Mapped[dt.date]
    ends: Mapped[dt.date]


class Period(Table):
    """A period of the school day in a term, in local time."""

    __tablename__ = "period"
    __table_args__ = (UniqueConstraint("term_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str]
    starts: Mapped[dt.time]
    ends: Mapped[dt.time]


class Lesson(Table):
    """A timetable entry; weekday 1 is Monday."""

    __tablename__ = "lesson"
    __table_args__ = (
        UniqueConstraint("term_id", "weekday", "period", "room_id"),
        CheckConstraint("weekday between 1 and 7", name="weekday"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"))
    weekday: Mapped[int]
    period: Mapped[int]
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"), index=True)
    class_name: Mapped[str | None]
    subject: Mapped[str | None]


class Holiday(Table):
    """A closed day, or a day on which lessons of the weekday `follows` are made up.

    Without a school it holds for every school that has nothing else for that day.
    """

    __tablename__ = "holiday"
    __table_args__ = (
        UniqueConstraint("school_id", "day"),
        Index(
            "uq_holiday_day_all",
            "day",
            unique=True,
            sqlite_where=text("school_id IS NULL"),
            postgresql_where=text("school_id IS NULL"),
        ),
        CheckConstraint("follows is null or follows between 1 and 7", name="follows"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str | None] = mapped_column(ForeignKey("school.id"))
    day: Mapped[dt.date]
    name: Mapped[str | None]
    follows: Mapped[int | None]


class StageSize(Table):
    """How large a stage of a school is."""

    __tablename__ = "stage_size"
    __table_args__ = (UniqueConstraint("school_id", "stage"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    stage: Mapped[str] = mapped_column(String(3))
    classes: Mapped[int | None]
    pupils: Mapped[int | None]


class Declaration(Table):
    """What a school declares on a day, and who confirmed it."""

    __tablename__ = "declaration"
    __table_args__ = (UniqueConstraint("school_id", "item", "declared_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    item: Mapped[str]
    value: Mapped[float]
    declared_on: Mapped[dt.date]
    declared_by: Mapped[str | None]
    note: Mapped[str | None]
    confirmed_on: Mapped[dt.date | None]
    confirmed_by: Mapped[str | None]


class Ticket(Table):
    """A repair, from the report to the acceptance; the moments are the school's own time.

    `origin` is "report" for a person, "alert" for a device; `is_fault` is None while it is unknown.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        UniqueConstraint("school_id", "ticket_no"),
        CheckConstraint("origin in ('report', 'alert')", name="origin"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    ticket_no: Mapped[str]
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"), index=True)
    origin: Mapped[str]
    reported_at: Mapped[dt.datetime]
    accepted_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    verified_at: Mapped[dt.datetime | None]
    is_fault: Mapped[bool | None]


class Stocktake(Table):
    """What a count found of an asset; what is in no ledger line has a number of the count."""

    __tablename__ = "stocktake"
    __table_args__ = (
        UniqueConstraint("school_id", "asset_no", "counted_on"),
        CheckConstraint("result in ('matched', 'missing', 'surplus')", name="result"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    asset_no: Mapped[str]
    counted_on: Mapped[dt.date]
    result: Mapped[str]
    counted_by: Mapped[str | None]


class Disposal(Table):
    """An asset given up, with its papers; its line may have left the ledger long before."""

    __tablename__ = "disposal"
    __table_args__ = (UniqueConstraint("school_id", "asset_no", "disposed_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    asset_no: Mapped[str]
    disposed_on: Mapped[dt.date]
    method: Mapped[str | None]
    approval_no: Mapped[str | None]
    record_no: Mapped[str | None]


class Chemical(Table):
    """A batch of a dangerous chemical: what the record holds, and what the last count found."""

    __tablename__ = "chemical"
    __table_args__ = (UniqueConstraint("school_id", "batch_no"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("school.id"))
    batch_no: Mapped[str]
    name: Mapped[str]
    book_quantity: Mapped[float]
    counted_quantity: Mapped[float | None]
    unit: Mapped[str | None]
    counted_on: Mapped[dt.date | None]


class HeadingChoice(Table):
    """What a person chose for a heading of imported files."""

    __tablename__ = "heading_choice"
    __table_args__ = (UniqueConstraint("scope", "kind", "heading"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    """The school that the files are of; empty for files that name their schools."""
    kind: Mapped[str]
    heading: Mapped[str]
    """As headings are compared: without blanks, marks and unit."""
    column_key: Mapped[str]
    """The column's key; empty where the heading means nothing."""
