"""Schools, their rooms, their calendar and their timetable."""

import datetime as dt
from collections import Counter
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query

from cloud.api.deps import READ, ClockDep, RegistryDep
from cloud.api.presenters.schools import name_of, registered, school_shape
from cloud.api.schemas.schools import (
    CalendarDay,
    CalendarPeriod,
    Room,
    School,
    Timetable,
    TimetableEntry,
    TimetablePeriod,
)
from cloud.errors import BadRequest, NotFound
from cloud.messages import message
from cloud.registry.codes import statistics

router = APIRouter(prefix="/api/v1", tags=["schools"], dependencies=[READ])
MAX_DAYS = 400


@router.get("/schools", summary="Every school")
def list_schools(registry: RegistryDep) -> list[School]:
    """Return every registered school, by code."""
    return [school_shape(row) for row in registry.schools()]


@router.get("/schools/{school}", summary="One school")
def get_school(school: str, registry: RegistryDep) -> School:
    """Return a school by its identification code."""
    return school_shape(registered(registry, school))


@router.get("/schools/{school}/rooms", summary="The rooms of a school")
def list_rooms(school: str, registry: RegistryDep) -> list[Room]:
    """Return the rooms of a school, by number, with the assets in each."""
    registered(registry, school)
    assets = Counter(asset.room for asset in registry.assets(school))
    return [
        Room(
            number=row.number,
            name=row.name or row.number,
            building=row.building or "",
            floor=row.floor,
            use=row.use,
            use_name=None if row.use is None else name_of(statistics.ROOM_USES, row.use),
            area_m2=row.area_m2,
            seats=row.seats,
            home_class=row.home_class,
            assets=assets[row.number],
        )
        for row in registry.rooms(school)
    ]


@router.get("/schools/{school}/calendar", summary="The school days of a span and their periods")
def list_calendar_days(
    school: str,
    registry: RegistryDep,
    start: Annotated[dt.date, Query(description="First day.")],
    end: Annotated[dt.date, Query(description="Last day, included.")],
) -> list[CalendarDay]:
    """Return every school day of a span; days off are left out."""
    registered(registry, school)
    if not dt.timedelta() <= end - start <= dt.timedelta(days=MAX_DAYS):
        raise BadRequest(message("api.span_of_days", start=start, end=end, most=MAX_DAYS))
    rows = registry.calendar(school, start, end)
    periods = {day: list(group) for day, group in groupby(rows, key=lambda row: row.day)}
    return [
        CalendarDay(
            day=day,
            periods=[
                CalendarPeriod(
                    period=row.period, name=row.name, start=row.starts_at, end=row.ends_at
                )
                for row in periods.get(day, [])
            ],
        )
        for day in registry.school_days(school, start, end)
    ]


@router.get("/schools/{school}/timetable", summary="The weekly timetable of a term")
def get_timetable(
    school: str,
    registry: RegistryDep,
    clock: ClockDep,
    term: Annotated[str | None, Query(description="Default: the current or latest term.")] = None,
) -> Timetable:
    """Return the timetable of the term named, else of the current or the latest one begun."""
    registered(registry, school)
    today = clock.now().astimezone(registry.zone(school)).date()
    terms = registry.terms(school)
    if term is None:
        chosen = next((term for term in reversed(terms) if term.starts <= today), None)
    else:
        chosen = next((entry for entry in terms if entry.name == term), None)
        if chosen is None:
            raise NotFound(message("api.unknown_term", school=school, term=term))
    if chosen is None:
        return Timetable(term=None, start=None, end=None, periods=[], lessons=[])
    return Timetable(
        term=chosen.name,
        start=chosen.starts,
        end=chosen.ends,
        periods=[
            TimetablePeriod(period=row.number, name=row.name, starts=row.starts, ends=row.ends)
            for row in registry.periods(school)
            if row.term == chosen.id
        ],
        lessons=[
            TimetableEntry(
                weekday=row.weekday,
                period=row.period,
                room=row.room,
                class_name=row.class_name,
                subject=row.subject,
            )
            for row in registry.timetable(school, chosen.id)
        ],
    )
