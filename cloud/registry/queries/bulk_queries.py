"""The records of many schools at once, column by column, one query for each table.

Scoring reads them: each function returns its columns in the order of its docstring, as tuples of
equal length; `wanted` are the schools.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud.registry import tables
from cloud.registry.store import Registry

Columns = list[tuple[Any, ...]]


def schools(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return id, name, division, school type, urban or rural, classes, pupils, teachers."""
    school = tables.School
    query = select(
        school.id,
        school.name,
        school.division,
        school.school_type,
        school.urban_rural,
        school.classes,
        school.pupils,
        school.teachers,
    )
    return _read(registry, query, school.id, wanted)


def stage_sizes(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return school, stage, classes, pupils."""
    stage_size = tables.StageSize
    query = select(stage_size.school_id, stage_size.stage, stage_size.classes, stage_size.pupils)
    return _read(registry, query, stage_size.school_id, wanted)


def rooms(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return school, number, name, use, area, seats, home class."""
    room = tables.Room
    query = select(
        room.school_id, room.number, room.name, room.use, room.area_m2, room.seats, room.home_class
    )
    return _read(registry, query, room.school_id, wanted)


def assets(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return school, id, number, name, and the rest of the ledger; the value is in fen."""
    asset = tables.Asset
    query = select(
        asset.school_id,
        asset.id,
        asset.asset_no,
        asset.name,
        asset.category,
        asset.classification_code,
        asset.classification_list,
        asset.model,
        asset.unit,
        asset.quantity,
        asset.original_value_fen,
        asset.acquisition,
        asset.acquired,
        asset.booked,
        asset.condition,
        tables.Room.number,
        asset.department,
        asset.custodian,
        asset.tag,
        asset.life_years,
        asset.assessed,
    ).outerjoin(tables.Room, asset.room_id == tables.Room.id)
    return _read(registry, query, asset.school_id, wanted)


def bindings(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return school, device, asset id, first day, last day."""
    binding = tables.Binding
    query = select(
        binding.school_id, binding.device, binding.asset_id, binding.valid_from, binding.valid_to
    )
    return _read(registry, query, binding.school_id, wanted)


def named_bindings(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return school, asset id, device, first and last day, the asset's number and device number."""
    binding, asset = tables.Binding, tables.Asset
    query = select(
        binding.school_id,
        binding.asset_id,
        binding.device,
        binding.valid_from,
        binding.valid_to,
        asset.asset_no,
        asset.device_no,
    ).join(asset, binding.asset_id == asset.id)
    return _read(registry, query, binding.school_id, wanted)


def tickets(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return school, number, asset id, origin, the four moments, and whether it was a fault."""
    ticket = tables.Ticket
    query = select(
        ticket.school_id,
        ticket.ticket_no,
        ticket.asset_id,
        ticket.origin,
        ticket.reported_at,
        ticket.accepted_at,
        ticket.closed_at,
        ticket.verified_at,
        ticket.is_fault,
    )
    return _read(registry, query, ticket.school_id, wanted)


def stocktakes(registry: Registry, wanted: Sequence[str], after: date, until: date) -> Columns:
    """Return school, asset number, day and result of the counts after one day, up to another."""
    stocktake = tables.Stocktake
    query = select(
        stocktake.school_id, stocktake.asset_no, stocktake.counted_on, stocktake.result
    ).where(stocktake.counted_on > after, stocktake.counted_on <= until)
    return _read(registry, query, stocktake.school_id, wanted)


def disposals(registry: Registry, wanted: Sequence[str], after: date, until: date) -> Columns:
    """Return school, asset number, day, method, approval, record; after one day, up to another."""
    disposal = tables.Disposal
    query = select(
        disposal.school_id,
        disposal.asset_no,
        disposal.disposed_on,
        disposal.method,
        disposal.approval_no,
        disposal.record_no,
    ).where(disposal.disposed_on > after, disposal.disposed_on <= until)
    return _read(registry, query, disposal.school_id, wanted)


def chemicals(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return school, batch, name, quantity by the book, quantity counted, day of the count."""
    chemical = tables.Chemical
    query = select(
        chemical.school_id,
        chemical.batch_no,
        chemical.name,
        chemical.book_quantity,
        chemical.counted_quantity,
        chemical.counted_on,
    )
    return _read(registry, query, chemical.school_id, wanted)


def declarations(registry: Registry, wanted: Sequence[str], until: date) -> Columns:
    """Return school, item, value, day, and whether it is confirmed, up to a day."""
    declaration = tables.Declaration
    query = select(
        declaration.school_id,
        declaration.item,
        declaration.value,
        declaration.declared_on,
        declaration.confirmed_on.is_not(None),
    ).where(declaration.declared_on <= until)
    return _read(registry, query, declaration.school_id, wanted)


def timetable(registry: Registry, wanted: Sequence[str]) -> Columns:
    """Return school, term (its id), weekday, period, room."""
    lesson, room = tables.Lesson, tables.Room
    query = select(room.school_id, lesson.term_id, lesson.weekday, lesson.period, room.number).join(
        room, lesson.room_id == room.id
    )
    return _read(registry, query, room.school_id, wanted)


def _read(
    registry: Registry,
    query: Select[*tuple[Any, ...]],
    owner: InstrumentedAttribute[str],
    wanted: Sequence[str],
) -> Columns:
    """Return the columns of the answer; none at all where it is empty."""
    with Session(registry.engine) as session:
        rows = session.execute(query.where(owner.in_(wanted))).all()
    return list(zip(*rows, strict=True))
