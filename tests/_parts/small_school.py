"""A school small enough to count by hand, in a real registry and a real telemetry store.

Two periods (08:00-08:40, 08:50-09:30), lessons in rooms 101 and 102 every Monday to Friday in both.
Room 101 has a display and a recorder, 102 a display, 103 a bench supply and no lessons; one meter
cannot be used in a lesson, and one display of the ledger has no device.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cloud.registry import tables
from cloud.registry.store import Registry
from cloud.telemetry.line_protocol import Parser
from cloud.telemetry.store import TelemetryStore
from device_profiles.points import Place, to_ns, usage_line
from device_profiles.usage import UsageSlot
from tests._parts.cloud_app import CloudApp

SCHOOL = "2133100001"
ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
ASSETS = [
    # number, category, room, condition
    ("A-1", "display", "101", "1"),
    ("A-2", "recorder", "101", "1"),
    ("A-3", "display", "102", "3"),
    ("A-4", "instrument", "103", "1"),
    ("A-5", "meter", "103", "1"),
    ("A-6", "display", "103", "1"),
]
PLACES = {number: (category, room) for number, category, room, _ in ASSETS}


class TestClock:
    """A clock that keeps its time until it is moved."""

    __test__ = False

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def local(text: str, day: date = MONDAY) -> datetime:
    """Return a local time of the school as aware UTC."""
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=ZONE).astimezone(UTC)


def fill(registry: Registry, *, valid_from: date | None = None) -> None:
    """Write the school into its books."""
    with registry.writing() as session:
        session.add(
            tables.School(
                id=SCHOOL,
                name="台州市实验小学",
                division="331002",
                school_type="211",
                classes=2,
                pupils=80,
                teachers=6,
                time_zone="Asia/Shanghai",
            )
        )
        session.flush()
        building = tables.Building(school_id=SCHOOL, name="教学楼")
        session.add(building)
        session.flush()
        rooms = {
            number: tables.Room(
                school_id=SCHOOL,
                building_id=building.id,
                floor=1,
                number=number,
                name=f"{number}室",
            )
            for number in ("101", "102", "103")
        }
        session.add_all(rooms.values())
        session.flush()
        for number, category, room, condition in ASSETS:
            asset = tables.Asset(
                school_id=SCHOOL,
                asset_no=number,
                name=f"设备{number}",
                category=category,
                room_id=rooms[room].id,
                condition=condition,
                device_no=None if number == "A-6" else number,
                quantity=1,
                original_value_fen=1_000_00,
            )
            session.add(asset)
            session.flush()
            session.add(
                tables.Binding(
                    school_id=SCHOOL, asset_id=asset.id, device=number, valid_from=valid_from
                )
            )
        term = tables.Term(
            school_id=SCHOOL, name="2026秋", starts=date(2026, 9, 1), ends=date(2027, 1, 20)
        )
        session.add(term)
        session.flush()
        session.add_all(
            [
                tables.Period(
                    term_id=term.id, number=1, name="第一节", starts=time(8), ends=time(8, 40)
                ),
                tables.Period(
                    term_id=term.id, number=2, name="第二节", starts=time(8, 50), ends=time(9, 30)
                ),
            ]
        )
        session.add_all(
            tables.Lesson(
                term_id=term.id,
                weekday=weekday,
                period=period,
                room_id=rooms[room].id,
                class_name="301",
                subject="语文",
            )
            for weekday in range(1, 6)
            for period in (1, 2)
            for room in ("101", "102")
        )
        session.commit()


def slots(
    asset: str, start: datetime, end: datetime, state: str, energy_wh: float | None = None
) -> list[UsageSlot]:
    """Return slots of one state from one moment to another."""
    slot_list = []
    while start < end:
        seconds = {f"{s}_s": 0.0 for s in ("active", "standby", "off", "unobserved")}
        seconds[f"{state}_s"] = 300.0
        slot_list.append(UsageSlot(asset, start, **seconds, energy_wh=energy_wh))
        start += timedelta(minutes=5)
    return slot_list


async def send(store: TelemetryStore, sent: Iterable[UsageSlot]) -> None:
    """Write slots as a gateway does: as lines."""
    lines = []
    for slot in sent:
        category, room = PLACES.get(slot.asset, ("display", "101"))
        lines.append(usage_line(Place(SCHOOL, room, slot.asset, category, "p"), slot))
    body = "\n".join(lines).encode()
    await store.write(Parser().parse(body, now_ns=0))


async def furnish(cloud: CloudApp, at: datetime) -> None:
    """Fill a running cloud with the school, and set its clock: it has been running for a day."""
    cloud.clock.moment = at
    cloud.services.now.started_at = at - timedelta(days=1)
    fill(cloud.services.registry)
    cloud.services.registry.changed("workbook", frozenset({SCHOOL}))


async def report_state(cloud: CloudApp, asset: str, at: datetime, state: str = "in_use") -> None:
    """Report the state of a display to the cloud."""
    category, room = PLACES.get(asset, ("display", "101"))
    await cloud.write(
        f"reading,asset={asset},category={category},profile=campus-interactive-display,"
        f'room={room},school={SCHOOL} display_state="{state}",active_power=142.5 {to_ns(at)}'
    )
