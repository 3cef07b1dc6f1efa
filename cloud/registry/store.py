"""The registry: the schools' records in a relational database.

Every method opens a session of its own and returns plain rows, so it may be called from any thread.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Engine, or_, select
from sqlalchemy.orm import Session

from cloud.registry import calendar, tables
from cloud.registry.assessment_log import AssessmentLog
from cloud.registry.calendar import SchoolDay
from cloud.registry.codes.own import STAGE_CODES
from cloud.registry.engine import open_engine, take_turn
from cloud.registry.rows import (
    AssetRow,
    BindingRow,
    CalendarRow,
    ChemicalRow,
    DeclarationRow,
    DisposalRow,
    HolidayRow,
    LessonRow,
    PeriodRow,
    RoomRow,
    SchoolRow,
    StageSizeRow,
    StocktakeRow,
    TermRow,
    TicketRow,
    TimetableRow,
)

LOOK_BACK_DAYS = 3 * 366
STAGE_ORDER = [item.code for item in STAGE_CODES.items]

T = TypeVar("T", bound=tables.Table)

Changed = Callable[[str, frozenset[str]], None]


class Registry:
    """Schools, rooms, assets, bindings and the calendar of each school."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = threading.Lock()
        self._callbacks: list[Changed] = []

    @classmethod
    def open(cls, url: str) -> "Registry":
        """Open the database at a SQLAlchemy URL, brought up to the newest version.

        Raises SettingsError where there is no such database, or no driver for it.
        """
        return cls(open_engine(url))

    @property
    def engine(self) -> Engine:
        """Return the database, for tests and maintenance."""
        return self._engine

    @property
    def assessment_log(self) -> AssessmentLog:
        """Return the log of assessments, selections and steps."""
        return AssessmentLog(self._engine, self.writing)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def on_change(self, callback: Changed) -> None:
        """Call with (kind of import, schools touched) after every import that changed something."""
        self._callbacks.append(callback)

    def changed(self, kind: str, schools: frozenset[str]) -> None:
        """Notify the listeners that an import has been committed."""
        for callback in self._callbacks:
            callback(kind, schools)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session for one writer at a time; the caller commits, anything else rolls back.

        On PostgreSQL one at a time of all processes that share the database.
        """
        with self._writing, Session(self._engine) as session:
            take_turn(session.connection())
            yield session

    def schools(self) -> list[SchoolRow]:
        """Return every school, by code."""
        with Session(self._engine) as session:
            schools = session.scalars(select(tables.School).order_by(tables.School.id))
            return [_school(school) for school in schools]

    def school(self, school: str) -> SchoolRow | None:
        """Return a school, None where it is not registered."""
        with Session(self._engine) as session:
            row = session.get(tables.School, school)
            return None if row is None else _school(row)

    def zone(self, school: str) -> ZoneInfo:
        """Return the school's time zone."""
        row = self.school(school)
        return ZoneInfo("Asia/Shanghai" if row is None else row.time_zone)

    def rooms(self, school: str) -> list[RoomRow]:
        """Return the rooms of a school, by number."""
        query = (
            select(tables.Room, tables.Building.name)
            .outerjoin(tables.Building, tables.Room.building_id == tables.Building.id)
            .where(tables.Room.school_id == school)
            .order_by(tables.Room.number)
        )
        with Session(self._engine) as session:
            return [_room(room, building) for room, building in session.execute(query)]

    def assets(
        self,
        school: str,
        *,
        category: str | None = None,
        room: str | None = None,
        condition: str | None = None,
        department: str | None = None,
        custodian: str | None = None,
        acquired_from: dt.date | None = None,
        acquired_to: dt.date | None = None,
        yuan_from: float | None = None,
        yuan_to: float | None = None,
        text: str | None = None,
    ) -> list[AssetRow]:
        """Return the assets of a school that match every filter given, by number.

        Every word of `text` has to be a part of the number, name, model, brand, serial number,
        custodian, department, or of the number or the name of the room; brackets of Chinese and
        of Latin script are the same. Days and amounts are included at both ends; an asset
        without a day or an amount is in no span of it.
        """
        asset = tables.Asset
        query = _assets().where(asset.school_id == school)
        equal = {
            asset.category: category,
            tables.Room.number: room,
            asset.condition: condition,
            asset.department: department,
            asset.custodian: custodian,
        }
        query = query.where(
            *(column == value for column, value in equal.items() if value is not None)
        )
        fen_from = None if yuan_from is None else round(100 * yuan_from)
        fen_to = None if yuan_to is None else round(100 * yuan_to)
        least = {asset.acquired: acquired_from, asset.original_value_fen: fen_from}
        most = {asset.acquired: acquired_to, asset.original_value_fen: fen_to}
        query = query.where(
            *(column >= value for column, value in least.items() if value is not None)
        )
        query = query.where(
            *(column <= value for column, value in most.items() if value is not None)
        )
        for word in (text or "").split():
            query = query.where(_has_word(word))
        with Session(self._engine) as session:
            rows = session.execute(query.order_by(tables.Asset.asset_no))
            return [_asset(asset, number) for asset, number in rows]

    def asset_choices(self, school: str) -> tuple[list[str], list[str]]:
        """Return the departments and the custodians that the assets of a school name."""
        query = (
            select(tables.Asset.department, tables.Asset.custodian)
            .where(tables.Asset.school_id == school)
            .distinct()
        )
        with Session(self._engine) as session:
            pairs = session.execute(query).all()
        departments = {department for department, _ in pairs if department}
        custodians = {custodian for _, custodian in pairs if custodian}
        return sorted(departments), sorted(custodians)

    def asset_rows(self, school: str) -> list[AssetRow]:
        """Return every asset of a school with all of its fields, by number."""
        return self.assets(school)

    def asset(self, asset_id: int) -> AssetRow | None:
        """Return an asset, None where there is none of that id."""
        with Session(self._engine) as session:
            row = session.execute(_assets().where(tables.Asset.id == asset_id)).one_or_none()
            return None if row is None else _asset(*row)

    def bindings(self, school: str) -> list[BindingRow]:
        """Return every binding of a school, by device and first day."""
        query = (
            select(tables.Binding, tables.Asset.asset_no)
            .join(tables.Asset, tables.Binding.asset_id == tables.Asset.id)
            .where(tables.Binding.school_id == school)
        )
        with Session(self._engine) as session:
            bindings = [
                BindingRow(
                    school=binding.school_id,
                    asset_id=binding.asset_id,
                    asset_no=asset_no,
                    device=binding.device,
                    valid_from=binding.valid_from,
                    valid_to=binding.valid_to,
                )
                for binding, asset_no in session.execute(query)
            ]
        return sorted(bindings, key=lambda row: (row.device, row.valid_from or dt.date.min))

    def assets_by_device(self, school: str, day: dt.date) -> Mapping[str, AssetRow]:
        """Return the asset behind each name in telemetry, on a day."""
        assets = {asset.id: asset for asset in self.assets(school)}
        return {
            binding.device: assets[binding.asset_id]
            for binding in self.bindings(school)
            if binding.holds_on(day)
        }

    def terms(self, school: str) -> list[TermRow]:
        """Return the terms of a school, oldest first."""
        with Session(self._engine) as session:
            query = select(tables.Term).where(tables.Term.school_id == school)
            terms = session.scalars(query.order_by(tables.Term.starts))
            return [TermRow(row.id, row.school_id, row.name, row.starts, row.ends) for row in terms]

    def term_on(self, school: str, day: dt.date) -> TermRow | None:
        """Return the term that covers a day, None between terms."""
        return calendar.term_on(self.terms(school), day)

    def periods(self, school: str) -> list[PeriodRow]:
        """Return the periods of every term of a school, in order of the day."""
        query = (
            select(tables.Period)
            .join(tables.Term, tables.Period.term_id == tables.Term.id)
            .where(tables.Term.school_id == school)
            .order_by(tables.Period.term_id, tables.Period.starts)
        )
        with Session(self._engine) as session:
            return [
                PeriodRow(row.term_id, row.number, row.name, row.starts, row.ends)
                for row in session.scalars(query)
            ]

    def timetable(self, school: str, term: int | None = None) -> list[TimetableRow]:
        """Return the timetable of a school, of one term or of all."""
        query = (
            select(tables.Lesson, tables.Room.number)
            .join(tables.Room, tables.Lesson.room_id == tables.Room.id)
            .where(tables.Room.school_id == school)
            .order_by(
                tables.Lesson.term_id,
                tables.Lesson.weekday,
                tables.Lesson.period,
                tables.Room.number,
            )
        )
        if term is not None:
            query = query.where(tables.Lesson.term_id == term)
        with Session(self._engine) as session:
            return [
                TimetableRow(
                    term=row.term_id,
                    weekday=row.weekday,
                    period=row.period,
                    room=number,
                    class_name=row.class_name,
                    subject=row.subject,
                )
                for row, number in session.execute(query)
            ]

    def holidays(self, school: str) -> list[HolidayRow]:
        """Return closed and make-up days of a school: its own and those of all schools."""
        query = (
            select(tables.Holiday)
            .where(or_(tables.Holiday.school_id == school, tables.Holiday.school_id.is_(None)))
            .order_by(tables.Holiday.day)
        )
        with Session(self._engine) as session:
            return [
                HolidayRow(row.school_id, row.day, row.name, row.follows)
                for row in session.scalars(query)
            ]

    def stage_sizes(self, school: str) -> list[StageSizeRow]:
        """Return the sizes of the stages of a school, the youngest first."""
        table = tables.StageSize
        sizes = self._of(table, table.school_id == school)
        rows = [StageSizeRow(row.school_id, row.stage, row.classes, row.pupils) for row in sizes]
        return sorted(rows, key=lambda row: STAGE_ORDER.index(row.stage))

    def declarations(self, school: str) -> list[DeclarationRow]:
        """Return every declaration of a school, by item and day."""
        table = tables.Declaration
        declarations = self._of(table, table.school_id == school, table.item, table.declared_on)
        return [
            DeclarationRow(
                school=row.school_id,
                item=row.item,
                value=row.value,
                declared_on=row.declared_on,
                declared_by=row.declared_by,
                note=row.note,
                confirmed_on=row.confirmed_on,
                confirmed_by=row.confirmed_by,
            )
            for row in declarations
        ]

    def tickets(self, school: str) -> list[TicketRow]:
        """Return the repair tickets of a school, by when they were reported."""
        table = tables.Ticket
        query = (
            select(table, tables.Asset.asset_no)
            .outerjoin(tables.Asset, table.asset_id == tables.Asset.id)
            .where(table.school_id == school)
            .order_by(table.reported_at, table.ticket_no)
        )
        with Session(self._engine) as session:
            return [
                TicketRow(
                    school=row.school_id,
                    ticket_no=row.ticket_no,
                    asset_id=row.asset_id,
                    asset_no=asset_no,
                    origin=row.origin,
                    reported_at=row.reported_at,
                    accepted_at=row.accepted_at,
                    closed_at=row.closed_at,
                    verified_at=row.verified_at,
                    is_fault=row.is_fault,
                )
                for row, asset_no in session.execute(query)
            ]

    def stocktakes(self, school: str) -> list[StocktakeRow]:
        """Return the results of every count of a school, by day and asset number."""
        table = tables.Stocktake
        stocktakes = self._of(table, table.school_id == school, table.counted_on, table.asset_no)
        return [
            StocktakeRow(row.school_id, row.asset_no, row.counted_on, row.result, row.counted_by)
            for row in stocktakes
        ]

    def disposals(self, school: str) -> list[DisposalRow]:
        """Return the disposals of a school, by day and asset number."""
        table = tables.Disposal
        disposals = self._of(table, table.school_id == school, table.disposed_on, table.asset_no)
        return [
            DisposalRow(
                school=row.school_id,
                asset_no=row.asset_no,
                disposed_on=row.disposed_on,
                method=row.method,
                approval_no=row.approval_no,
                record_no=row.record_no,
            )
            for row in disposals
        ]

    def chemicals(self, school: str) -> list[ChemicalRow]:
        """Return the batches of dangerous chemicals of a school, by batch number."""
        table = tables.Chemical
        return [
            ChemicalRow(
                school=row.school_id,
                batch_no=row.batch_no,
                name=row.name,
                book_quantity=row.book_quantity,
                counted_quantity=row.counted_quantity,
                unit=row.unit,
                counted_on=row.counted_on,
            )
            for row in self._of(table, table.school_id == school, table.batch_no)
        ]

    def _of(self, table: type[T], within: ColumnElement[bool], *order: Any) -> list[T]:
        with Session(self._engine) as session:
            return list(session.scalars(select(table).where(within).order_by(*order)))

    def school_days(self, school: str, start: dt.date, end: dt.date) -> list[dt.date]:
        """Return the school days of a span, both ends included, oldest first."""
        return [day.day for day in self.taught(school, start, end)]

    def last_school_days(self, school: str, day: dt.date, n: int) -> list[dt.date]:
        """Return the last `n` school days up to and including a day, oldest first."""
        return (
            self.school_days(school, day - dt.timedelta(days=LOOK_BACK_DAYS), day)[-n:] if n else []
        )

    def calendar(self, school: str, start: dt.date, end: dt.date) -> list[CalendarRow]:
        """Return every period of every school day of a span, as UTC moments."""
        taught = self.taught(school, start, end)
        return calendar.calendar_rows(taught, self.periods(school), self.zone(school))

    def lessons(self, school: str, start: dt.date, end: dt.date) -> list[LessonRow]:
        """Return every lesson scheduled in a span, both ends included."""
        taught = self.taught(school, start, end)
        return calendar.lesson_rows(taught, self.timetable(school))

    def taught(self, school: str, start: dt.date, end: dt.date) -> Sequence[SchoolDay]:
        """Return the school days of a span with the timetable that each follows."""
        return calendar.school_days(self.terms(school), self.holidays(school), start, end)


def _given(wanted: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    """Return the columns that a value is wanted of, each with the value."""
    return [(column, value) for column, value in wanted.items() if value is not None]


_SEARCHED = (
    tables.Asset.asset_no,
    tables.Asset.name,
    tables.Asset.model,
    tables.Asset.brand,
    tables.Asset.serial_no,
    tables.Asset.custodian,
    tables.Asset.department,
    tables.Room.number,
    tables.Room.name,
)
_LATIN_BRACKETS = str.maketrans("（）", "()")
_CHINESE_BRACKETS = str.maketrans("()", "（）")


def _has_word(word: str) -> ColumnElement[bool]:
    """Return the condition that a word is a part of a field that is searched."""
    spellings = {word, word.translate(_LATIN_BRACKETS), word.translate(_CHINESE_BRACKETS)}
    return or_(
        *(
            field.icontains(spelling, autoescape=True)
            for field in _SEARCHED
            for spelling in sorted(spellings)
        )
    )


def _assets() -> Any:
    return select(tables.Asset, tables.Room.number).outerjoin(
        tables.Room, tables.Asset.room_id == tables.Room.id
    )


def _school(row: tables.School) -> SchoolRow:
    return SchoolRow(
        id=row.id,
        name=row.name,
        division=row.division,
        school_type=row.school_type,
        urban_rural=row.urban_rural,
        classes=row.classes,
        pupils=row.pupils,
        teachers=row.teachers,
        time_zone=row.time_zone,
    )


def _room(row: tables.Room, building: str | None) -> RoomRow:
    return RoomRow(
        id=row.id,
        school=row.school_id,
        number=row.number,
        name=row.name,
        building=building,
        floor=row.floor,
        use=row.use,
        area_m2=row.area_m2,
        seats=row.seats,
        home_class=row.home_class,
    )


def _asset(row: tables.Asset, room: str | None) -> AssetRow:
    value = row.original_value_fen
    return AssetRow(
        id=row.id,
        school=row.school_id,
        asset_no=row.asset_no,
        name=row.name,
        category=row.category,
        classification_code=row.classification_code,
        classification_list=row.classification_list,
        model=row.model,
        brand=row.brand,
        serial_no=row.serial_no,
        tag=row.tag,
        device_no=row.device_no,
        unit=row.unit,
        quantity=row.quantity,
        original_value_yuan=None if value is None else value / 100,
        acquisition=row.acquisition,
        acquired=row.acquired,
        booked=row.booked,
        condition=row.condition,
        room=room,
        department=row.department,
        custodian=row.custodian,
        supplier=row.supplier,
        warranty_until=row.warranty_until,
        life_years=row.life_years,
        funding=row.funding,
        assessed=row.assessed,
    )
