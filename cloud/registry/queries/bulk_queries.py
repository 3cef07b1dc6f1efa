"""The books of many schools at once, column by column, one query for each table.

What scoring reads: each function returns the columns that its caller names, in the order in which
the function says, as tuples of equal length.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud.registry import tables
from cloud.registry.store import Registry

Columns = list[tuple[Any, ...]]


def schools(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return id, name, division, school type, urban or rural, classes, pupils, teachers."""
    one = tables.School
    query = select(
        one.id,
        one.name,
        one.division,
        one.school_type,
        one.urban_rural,
        one.classes,
        one.pupils,
        one.teachers,
    )
    return _read(registry, query, one.id, asked)


def stage_sizes(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return school, stage, classes, pupils."""
    one = tables.StageSize
    query = select(one.school_id, one.stage, one.classes, one.pupils)
    return _read(registry, query, one.school_id, asked)


def rooms(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return school, number, name, use, area, seats, home class."""
    one = tables.Room
    query = select(
        one.school_id, one.number, one.name, one.use, one.area_m2, one.seats, one.home_class
    )
    return _read(registry, query, one.school_id, asked)


def assets(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return school, id, number, name, and the rest of the ledger; the value is in fen."""
    one = tables.Asset
    query = select(
        one.school_id,
        one.id,
        one.asset_no,
        one.name,
        one.category,
        one.classification_code,
        one.classification_list,
        one.model,
        one.unit,
        one.quantity,
        one.original_value_fen,
        one.acquisition,
        one.acquired,
        one.booked,
        one.condition,
        tables.Room.number,
        one.department,
        one.custodian,
        one.tag,
        one.life_years,
        one.assessed,
    ).outerjoin(tables.Room, one.room_id == tables.Room.id)
    return _read(registry, query, one.school_id, asked)


def bindings(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return school, device, asset id, first day, last day."""
    one = tables.Binding
    query = select(one.school_id, one.device, one.asset_id, one.valid_from, one.valid_to)
    return _read(registry, query, one.school_id, asked)


def named_bindings(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return school, asset id, device, first and last day, the asset's number and device number."""
    one, asset = tables.Binding, tables.Asset
    query = select(
        one.school_id,
        one.asset_id,
        one.device,
        one.valid_from,
        one.valid_to,
        asset.asset_no,
        asset.device_no,
    ).join(asset, one.asset_id == asset.id)
    return _read(registry, query, one.school_id, asked)


def tickets(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return school, number, asset id, origin, the four moments, and whether it was a fault."""
    one = tables.Ticket
    query = select(
        one.school_id,
        one.ticket_no,
        one.asset_id,
        one.origin,
        one.reported_at,
        one.accepted_at,
        one.closed_at,
        one.verified_at,
        one.is_fault,
    )
    return _read(registry, query, one.school_id, asked)


def stocktakes(registry: Registry, asked: Sequence[str], after: date, until: date) -> Columns:
    """Return school, asset number, day and result of the counts after one day, up to another."""
    one = tables.Stocktake
    query = select(one.school_id, one.asset_no, one.counted_on, one.result).where(
        one.counted_on > after, one.counted_on <= until
    )
    return _read(registry, query, one.school_id, asked)


def disposals(registry: Registry, asked: Sequence[str], after: date, until: date) -> Columns:
    """Return school, asset number, day, method, approval, record; after one day, up to another."""
    one = tables.Disposal
    query = select(
        one.school_id,
        one.asset_no,
        one.disposed_on,
        one.method,
        one.approval_no,
        one.record_no,
    ).where(one.disposed_on > after, one.disposed_on <= until)
    return _read(registry, query, one.school_id, asked)


def chemicals(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return school, batch, name, quantity by the book, quantity counted, day of the count."""
    one = tables.Chemical
    query = select(
        one.school_id,
        one.batch_no,
        one.name,
        one.book_quantity,
        one.counted_quantity,
        one.counted_on,
    )
    return _read(registry, query, one.school_id, asked)


def declarations(registry: Registry, asked: Sequence[str], until: date) -> Columns:
    """Return school, item, value, day, and whether it is confirmed, up to a day."""
    one = tables.Declaration
    query = select(
        one.school_id, one.item, one.value, one.declared_on, one.confirmed_on.is_not(None)
    ).where(one.declared_on <= until)
    return _read(registry, query, one.school_id, asked)


def timetable(registry: Registry, asked: Sequence[str]) -> Columns:
    """Return school, term (its id), weekday, period, room."""
    one, room = tables.Lesson, tables.Room
    query = select(room.school_id, one.term_id, one.weekday, one.period, room.number).join(
        room, one.room_id == room.id
    )
    return _read(registry, query, room.school_id, asked)


def _read(
    registry: Registry,
    query: Select[*tuple[Any, ...]],
    owner: InstrumentedAttribute[str],
    asked: Sequence[str],
) -> Columns:
    """Return the columns of the answer; none at all where it is empty."""
    with Session(registry.engine) as session:
        found = session.execute(query.where(owner.in_(asked))).all()
    return list(zip(*found, strict=True))
