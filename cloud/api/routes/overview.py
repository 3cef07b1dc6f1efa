"""What an equipment manager sees first: what is on, what is used, what needs a look."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from cloud.api.deps import READ, ServicesDep
from cloud.api.presenters.assets import OTHER, SPAN_SCHOOL_DAYS, Line, lines
from cloud.api.presenters.attention import Seen, attention, still_on
from cloud.api.presenters.gateways import school_gateways
from cloud.api.presenters.schools import registered, school_shape
from cloud.api.schemas.gateways import Gateway
from cloud.api.schemas.overview import CategoryCount, DayUse, Overview, PeriodNow, RoomNow
from cloud.domain import CurrentState, Presence
from cloud.registry.rows import LessonRow, RoomRow, SchoolRow
from cloud.services import Services
from cloud.utilization import summary
from cloud.utilization.due_slots import WRITTEN_OFF, school_days
from cloud.utilization.periods import Day

router = APIRouter(prefix="/api/v1", tags=["overview"], dependencies=[READ])

_STRENGTH: dict[CurrentState, int] = {
    "no_sensor": 0,
    "no_rule": 1,
    "unobserved": 2,
    "use_indistinct": 3,
    "rule_unfit": 4,
    "off": 5,
    "standby": 6,
    "active": 7,
}
"""A room where use is unknown is not shown as one where nothing can be used."""


@dataclass(frozen=True, slots=True)
class _SchoolFacts:
    """What the registry holds of a school, read once."""

    school: SchoolRow
    day: Day
    days: list[date]
    """The last school days, today included."""
    lessons: list[LessonRow]
    lines: list[Line]
    marks: summary.LedgerMarks
    rooms: list[RoomRow]
    bound: frozenset[str]
    gateways: list[Gateway]


@router.get("/schools/{school}/overview", summary="A school at a glance")
async def get_overview(school: str, services: ServicesDep) -> Overview:
    """Return the school as it is now, its last twenty school days, and what needs a look."""
    at = services.clock.now()
    facts = await run_in_threadpool(_school_facts, services, school, at)
    today = facts.day.day
    first = min([*facts.days, today])
    monday = today - timedelta(days=today.weekday())
    store, marks = services.store, facts.marks
    by_day = await summary.use(store, school, min(first, monday), today, span="day", marks=marks)
    week = await summary.use(store, school, monday, today, marks=marks)
    by_asset = await summary.use(store, school, first, today, by="asset", marks=marks)
    uses = {row.span: row.summary for row in by_day}
    seen = Seen(
        at=at,
        day=facts.day,
        lines=facts.lines,
        bound=facts.bound,
        states=services.now.of(school),
        gateways=facts.gateways,
        uses={int(row.key): row for row in by_asset},
        on_since=await still_on(services.store, school, facts.lines, facts.day, at),
    )
    return Overview(
        school=school_shape(facts.school),
        at=at,
        now=_period_now(facts, at),
        assets=len(facts.lines),
        assets_connected=sum(line.is_connected for line in facts.lines),
        assets_online=_present(facts.lines, "online"),
        assets_lost=_present(facts.lines, "lost"),
        assets_no_sensor=_present(facts.lines, "no_sensor"),
        original_value_yuan=_value(facts.lines),
        categories=_categories(facts.lines),
        rooms=_rooms(facts, at),
        today=uses.get(today.isoformat(), summary.nothing()),
        week=summary.only(week),
        by_day=[
            DayUse(day=day, use=uses.get(day.isoformat(), summary.nothing())) for day in facts.days
        ],
        start=first,
        end=today,
        attention=attention(seen),
        gateways=facts.gateways,
    )


def _school_facts(services: Services, school: str, at: datetime) -> _SchoolFacts:
    registry = services.registry
    row = registered(registry, school)
    assets = registry.asset_rows(school)
    zone = registry.zone(school)
    day = at.astimezone(zone).date()
    return _SchoolFacts(
        school=row,
        day=school_days([day], registry.calendar(school, day, day), zone)[0],
        days=registry.last_school_days(school, day, SPAN_SCHOOL_DAYS),
        lessons=registry.lessons(school, day, day),
        lines=lines(services, school, day, assets=assets),
        marks=summary.LedgerMarks.of(assets),
        rooms=registry.rooms(school),
        bound=frozenset(b.device for b in registry.bindings(school) if b.holds_on(day)),
        gateways=school_gateways(services, school),
    )


def _period_now(facts: _SchoolFacts, at: datetime) -> PeriodNow:
    period = facts.day.period_at(at)
    return PeriodNow(
        day=facts.day.day,
        period=period.number if period else None,
        name=period.name if period else None,
        starts=_local_time(facts, period.start) if period else None,
        ends=_local_time(facts, period.end) if period else None,
        lessons_scheduled=len(_lessons_now(facts, at)),
        is_school_day=facts.day.is_school_day,
    )


def _local_time(facts: _SchoolFacts, moment: datetime) -> time:
    return moment.astimezone(ZoneInfo(facts.school.time_zone)).time()


def _lessons_now(facts: _SchoolFacts, at: datetime) -> dict[str, str]:
    """Return what is taught now, by room."""
    period = facts.day.period_at(at)
    return {
        lesson.room: " ".join(filter(None, (lesson.class_name, lesson.subject)))
        for lesson in facts.lessons
        if period and lesson.period == period.number
    }


def _value(lines: Iterable[Line]) -> float | None:
    values = [
        line.asset.original_value_yuan
        for line in lines
        if line.asset.original_value_yuan is not None and line.asset.condition not in WRITTEN_OFF
    ]
    return sum(values) if values else None


def _present(lines: Iterable[Line], presence: Presence) -> int:
    return sum(line.presence == presence for line in lines)


def _categories(lines: Iterable[Line]) -> list[CategoryCount]:
    by_category: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_category[line.category or OTHER].append(line)
    counts = []
    for category, category_lines in sorted(by_category.items()):
        states = Counter(line.state for line in category_lines)
        counts.append(
            CategoryCount(
                category=category,
                assets=len(category_lines),
                connected=sum(line.is_connected for line in category_lines),
                online=_present(category_lines, "online"),
                active=states["active"],
                standby=states["standby"],
                off=states["off"],
                rule_unfit=states["rule_unfit"],
                use_indistinct=states["use_indistinct"],
                no_rule=states["no_rule"],
                unobserved=states["unobserved"],
                no_sensor=states["no_sensor"],
            )
        )
    return counts


def _rooms(facts: _SchoolFacts, at: datetime) -> list[RoomNow]:
    """Return the rooms that hold an asset or a lesson."""
    lessons = _lessons_now(facts, at)
    by_room: dict[str, list[Line]] = defaultdict(list)
    for line in facts.lines:
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
                default="no_sensor",
            ),
            assets=len(by_room[room.number]),
            lesson=lessons.get(room.number),
        )
        for room in facts.rooms
        if by_room[room.number] or room.number in lessons
    ]
