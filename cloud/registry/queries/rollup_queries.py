"""What the roll-up needs of the records of many schools, as plain tables: one query for each."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud.registry import tables
from cloud.registry.store import Registry

Tables = dict[str, list[tuple[Any, ...]]]
COLUMNS: dict[str, tuple[str, ...]] = {
    "schools": ("school", "time_zone"),
    "assets": ("school", "id", "asset_no", "category", "condition", "room", "device_no"),
    "bindings": ("school", "asset_id", "device", "valid_from", "valid_to"),
    "terms": ("school", "id", "name", "starts", "ends"),
    "periods": ("school", "term", "number", "name", "starts", "ends"),
    "timetable": ("school", "term", "weekday", "period", "room"),
    "holidays": ("school", "day", "name", "follows"),
}
"""The tables, with the columns of their rows; a holiday without a school is one of all schools."""
_AT_ONCE = 500


def book_tables(registry: Registry, schools: Sequence[str] | None = None) -> Tables:
    """Return the records of some schools, or of all; every table is ordered by school."""
    with Session(registry.engine) as session:
        return {
            name: list(_rows(session, query, owner, schools))
            for name, (query, owner) in _queries().items()
        }


def _rows(
    session: Session,
    query: Select[*tuple[Any, ...]],
    owner: InstrumentedAttribute[Any],
    schools: Sequence[str] | None,
) -> Iterator[tuple[Any, ...]]:
    if schools is None:
        yield from session.execute(query.order_by(owner))
        return
    if owner is tables.Holiday.school_id:
        yield from session.execute(query.where(owner.is_(None)))
    wanted = sorted(schools)
    for at in range(0, len(wanted), _AT_ONCE):
        some = query.where(owner.in_(wanted[at : at + _AT_ONCE])).order_by(owner)
        yield from session.execute(some)


def _queries() -> dict[str, tuple[Select[*tuple[Any, ...]], InstrumentedAttribute[Any]]]:
    school, asset, binding, term = tables.School, tables.Asset, tables.Binding, tables.Term
    period, lesson, room, holiday = tables.Period, tables.Lesson, tables.Room, tables.Holiday
    return {
        "schools": (select(school.id, school.time_zone), school.id),
        "assets": (
            select(
                asset.school_id,
                asset.id,
                asset.asset_no,
                asset.category,
                asset.condition,
                room.number,
                asset.device_no,
            ).outerjoin(room, asset.room_id == room.id),
            asset.school_id,
        ),
        "bindings": (
            select(
                binding.school_id,
                binding.asset_id,
                binding.device,
                binding.valid_from,
                binding.valid_to,
            ),
            binding.school_id,
        ),
        "terms": (
            select(term.school_id, term.id, term.name, term.starts, term.ends),
            term.school_id,
        ),
        "periods": (
            select(
                term.school_id,
                period.term_id,
                period.number,
                period.name,
                period.starts,
                period.ends,
            ).join(term, period.term_id == term.id),
            term.school_id,
        ),
        "timetable": (
            select(room.school_id, lesson.term_id, lesson.weekday, lesson.period, room.number).join(
                room, lesson.room_id == room.id
            ),
            room.school_id,
        ),
        "holidays": (
            select(holiday.school_id, holiday.day, holiday.name, holiday.follows),
            holiday.school_id,
        ),
    }
