"""What an equipment manager sees first: what is on, what is used, what needs a look."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from cloud.api.deps import READ, ServicesDep
from cloud.api.presenters.assets import SPAN_SCHOOL_DAYS, Line, lines
from cloud.api.presenters.attention import Seen, attention, still_on
from cloud.api.routes.gateways import school_gateways
from cloud.api.routes.schools import registered, school_shape
from cloud.api.schemas.gateways import Gateway
from cloud.api.schemas.overview import CategoryCount, DayUse, Overview, PeriodNow, RoomNow
from cloud.domain import State
from cloud.registry.rows import LessonRow, RoomRow, SchoolRow
from cloud.services import Services
from cloud.utilization import summary
from cloud.utilization.due_slots import WRITTEN_OFF, school_days
from cloud.utilization.periods import Day

router = APIRouter(prefix="/api/v1", tags=["overview"], dependencies=[READ])

_STRENGTH: dict[State, int] = {"unobserved": 0, "off": 1, "standby": 2, "active": 3}
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Books:
    """What the registry says, read once."""

    school: SchoolRow
    day: Day
    days: list[date]
    """The last school days, today included."""
    lessons: list[LessonRow]
    lines: list[Line]
    rooms: list[RoomRow]
    bound: frozenset[str]
    gateways: list[Gateway]


@router.get("/schools/{school}/overview", summary="A school at a glance")
async def overview(school: str, services: ServicesDep) -> Overview:
    """Return the school as it is now, its last twenty school days, and what needs a look."""
    at = services.clock.now()
    books = await run_in_threadpool(_books, services, school, at)
    today = books.day.day
    first = min([*books.days, today])
    monday = today - timedelta(days=today.weekday())
    by_day = await summary.use(services.store, school, min(first, monday), today, span="day")
    week = await summary.use(services.store, school, monday, today)
    by_asset = await summary.use(services.store, school, first, today, by="asset")
    uses = {one.span: one.summary for one in by_day}
    seen = Seen(
        at=at,
        day=books.day,
        lines=books.lines,
        bound=books.bound,
        heard=services.now.of(school),
        gateways=books.gateways,
        uses={int(one.key): one for one in by_asset},
        on_since=await still_on(services.store, school, books.lines, books.day, at),
    )
    return Overview(
        school=school_shape(books.school),
        at=at,
        now=_period_now(books, at),
        assets=len(books.lines),
        assets_connected=sum(line.presence != "never_seen" for line in books.lines),
        assets_online=sum(line.presence == "online" for line in books.lines),
        original_value_yuan=_value(books.lines),
        categories=_categories(books.lines),
        rooms=_rooms(books, at),
        today=uses.get(today.isoformat(), summary.nothing()),
        week=summary.only(week),
        by_day=[
            DayUse(day=day, use=uses.get(day.isoformat(), summary.nothing())) for day in books.days
        ],
        attention=attention(seen),
        gateways=books.gateways,
    )


def _books(services: Services, school: str, at: datetime) -> _Books:
    registry = services.registry
    row = registered(registry, school)
    zone = registry.zone(school)
    day = at.astimezone(zone).date()
    return _Books(
        school=row,
        day=school_days([day], registry.calendar(school, day, day), zone)[0],
        days=registry.last_school_days(school, day, SPAN_SCHOOL_DAYS),
        lessons=registry.lessons(school, day, day),
        lines=lines(services, school, day),
        rooms=registry.rooms(school),
        bound=frozenset(b.device for b in registry.bindings(school) if b.holds_on(day)),
        gateways=school_gateways(services, school),
    )


def _period_now(books: _Books, at: datetime) -> PeriodNow:
    period = books.day.period_at(at)
    return PeriodNow(
        day=books.day.day,
        period=period.number if period else None,
        name=period.name if period else None,
        starts=_local_time(books, period.start) if period else None,
        ends=_local_time(books, period.end) if period else None,
        lessons_scheduled=len(_lessons_now(books, at)),
        is_school_day=books.day.is_school_day,
    )


def _local_time(books: _Books, moment: datetime) -> time:
    return moment.astimezone(ZoneInfo(books.school.time_zone)).time()


def _lessons_now(books: _Books, at: datetime) -> dict[str, str]:
    """Return what is taught now, by room."""
    period = books.day.period_at(at)
    return {
        lesson.room: " ".join(filter(None, (lesson.class_name, lesson.subject)))
        for lesson in books.lessons
        if period and lesson.period == period.number
    }


def _value(lines: Iterable[Line]) -> float | None:
    values = [
        line.asset.original_value_yuan
        for line in lines
        if line.asset.original_value_yuan is not None and line.asset.condition not in WRITTEN_OFF
    ]
    return sum(values) if values else None


def _categories(lines: Iterable[Line]) -> list[CategoryCount]:
    by_category: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_category[line.asset.category or _OTHER].append(line)
    return [
        CategoryCount(
            category=category,
            assets=len(found),
            online=sum(line.presence == "online" for line in found),
            active=sum(line.state == "active" for line in found),
            standby=sum(line.state == "standby" for line in found),
            off=sum(line.state == "off" for line in found),
            unobserved=sum(line.state == "unobserved" for line in found),
        )
        for category, found in sorted(by_category.items())
    ]


def _rooms(books: _Books, at: datetime) -> list[RoomNow]:
    """Return the rooms that hold an asset or a lesson."""
    lessons = _lessons_now(books, at)
    by_room: dict[str, list[Line]] = defaultdict(list)
    for line in books.lines:
        if line.asset.room:
            by_room[line.asset.room].append(line)
    return [
        RoomNow(
            room=room.number,
            name=room.name or room.number,
            building=room.building or "",
            floor=room.floor,
            state=max(
                (line.state for line in by_room[room.number]),
                key=_STRENGTH.__getitem__,
                default="unobserved",
            ),
            assets=len(by_room[room.number]),
            lesson=lessons.get(room.number),
        )
        for room in books.rooms
        if by_room[room.number] or room.number in lessons
    ]
