"""The ledger and what telemetry knows of it, joined once for a whole school."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cloud.api.schemas.assets import PeriodBand
from cloud.domain import CONNECTED, CurrentState, Presence
from cloud.errors import NotFound, Unprocessable
from cloud.messages import message
from cloud.registry.rows import AssetRow, BindingRow
from cloud.registry.store import Registry
from cloud.services import Services
from cloud.telemetry.current_state import AssetNow
from cloud.utilization.due_slots import is_stated

SPAN_SCHOOL_DAYS = 20
OTHER = "other"
"""The category of an asset of which neither the ledger nor a device names one."""
MAX_SPAN_DAYS = 3 * 366


@dataclass(frozen=True, slots=True)
class Line:
    """One asset of the ledger, its device, and what that is doing now (words: `cloud.domain`)."""

    asset: AssetRow
    device: str | None
    """Its name in telemetry; None where no device is bound and no data was ever received."""
    now: AssetNow | None

    @property
    def state(self) -> CurrentState:
        """Return what it is doing; unobserved where nothing is known of its device."""
        if self.device is None:
            return "no_sensor"
        return self.now.state if self.now else "unobserved"

    @property
    def presence(self) -> Presence:
        """Return whether data of it is received."""
        if self.device is None:
            return "no_sensor"
        return self.now.presence if self.now else "never_seen"

    @property
    def is_connected(self) -> bool:
        """Return whether a device is bound and anything of it ever arrived."""
        return self.presence in CONNECTED

    @property
    def category(self) -> str | None:
        """Return the category in the ledger; where that has none, what its device reports."""
        return self.asset.category or (self.now.category if self.now else "") or None

    @property
    def is_category_by_sensor(self) -> bool:
        """Return whether the category is what the device reports, the ledger having none."""
        return self.asset.category is None and self.category is not None

    @property
    def sensor_room(self) -> str | None:
        """Return the room that its device reports where the ledger has none."""
        return (self.now.room or None) if self.now and self.asset.room is None else None

    @property
    def last_seen(self) -> datetime | None:
        """Return when data of it was last received (UTC)."""
        return self.now.last_seen if self.now else None


def the_asset(registry: Registry, asset_id: int) -> AssetRow:
    """Return an asset of the ledger."""
    asset = registry.asset(asset_id)
    if asset is None:
        raise NotFound(message("api.unknown_asset", asset=asset_id))
    return asset


def today(services: Services, school: str) -> date:
    """Return the day it is at the school."""
    return services.clock.now().astimezone(services.registry.zone(school)).date()


def span(
    services: Services, school: str, start: date | None, end: date | None
) -> tuple[date, date]:
    """Return the span asked for; by default the last twenty school days up to today or `end`."""
    end = end or today(services, school)
    if start is None:
        days = services.registry.last_school_days(school, end, SPAN_SCHOOL_DAYS)
        start = days[0] if days else end - timedelta(days=27)
    if start > end:
        raise Unprocessable(message("api.days_reversed", start=start, end=end))
    if (end - start).days > MAX_SPAN_DAYS:
        raise Unprocessable(message("api.span_too_long", start=start, end=end, years=3))
    return start, end


def lines(
    services: Services, school: str, day: date, *, assets: list[AssetRow] | None = None
) -> list[Line]:
    """Return every asset of the school (or those given) with its device on a day."""
    by_name = {now.asset: now for now in services.now.of(school)}
    bound = bound_on(services.registry.bindings(school), day)
    rows = services.registry.asset_rows(school) if assets is None else assets
    zone = services.registry.zone(school)
    return [_line(row, bound.get(row.id), by_name, zone) for row in rows]


def bound_on(bindings: list[BindingRow], day: date) -> dict[int, BindingRow]:
    """Return the binding of each asset on a day; of several, the one that began last."""
    ordered = sorted(bindings, key=lambda b: b.valid_from or date.min)
    return {b.asset_id: b for b in ordered if b.holds_on(day)}


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def bands(
    registry: Registry, school: str, day: date, *, room: str | None = None
) -> list[PeriodBand]:
    """Return the periods of a day, with the lessons of a room."""
    lessons = {
        lesson.period: " ".join(filter(None, (lesson.class_name, lesson.subject)))
        for lesson in registry.lessons(school, day, day)
        if lesson.room == room
    }
    return [
        PeriodBand(
            period=row.period,
            name=row.name,
            start=row.starts_at,
            end=row.ends_at,
            lesson=lessons.get(row.period),
        )
        for row in registry.calendar(school, day, day)
    ]


def _line(
    row: AssetRow, binding: BindingRow | None, by_name: dict[str, AssetNow], zone: ZoneInfo
) -> Line:
    now = by_name.get(binding.device) if binding else None
    if binding and now and now.last_seen and not binding.holds_on(_day(now.last_seen, zone)):
        now = None  # it was another asset's device when it was last seen
    known = binding is not None and (now is not None or is_stated(binding, row))
    return Line(row, binding.device if binding and known else None, now)
