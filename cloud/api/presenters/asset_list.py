"""The list of a school's assets, filtered and ordered: one for the page and for the file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool

from cloud.api.presenters.assets import OTHER, Line, lines, span, today
from cloud.api.presenters.schools import registered
from cloud.api.schemas.assets import ORDERS, AssetFilter
from cloud.domain import UseSummary
from cloud.errors import Unprocessable
from cloud.messages import message
from cloud.registry import rows
from cloud.services import Services
from cloud.utilization import summary

_Key = Callable[[Line, UseSummary | None], Any]


def _active_s(_: Line, use: UseSummary | None) -> float | None:
    return None if use is None else use.active_in_timetable_s + use.active_out_of_timetable_s


SORT_KEYS: dict[str, _Key] = {
    "asset_no": lambda line, _: line.asset.asset_no,
    "name": lambda line, _: line.asset.name,
    "category": lambda line, _: line.category,
    "room": lambda line, _: line.asset.room,
    "condition": lambda line, _: line.asset.condition,
    "original_value_yuan": lambda line, _: line.asset.original_value_yuan,
    "acquired": lambda line, _: line.asset.acquired,
    "department": lambda line, _: line.asset.department,
    "custodian": lambda line, _: line.asset.custodian,
    "state": lambda line, _: line.state,
    "presence": lambda line, _: line.presence,
    "last_seen": lambda line, _: line.last_seen,
    "use_rate": lambda _, use: use and use.use_rate,
    "active_s": _active_s,
    "observed_share": lambda _, use: use and use.observed_share,
    "standby_waste_s": lambda _, use: use and use.standby_waste_s,
    "energy_kwh": lambda _, use: use and use.energy_kwh,
}


@dataclass(frozen=True, slots=True)
class AssetList:
    """The assets that match, in order, each with its use; the rooms of the school by number.

    `start` and `end` are the span of the use, both days included.
    """

    used: list[tuple[Line, UseSummary | None]]
    rooms: dict[str, rows.RoomRow]
    start: date
    end: date


async def asset_list(services: Services, school: str, wanted: AssetFilter) -> AssetList:
    """Return the assets of a school that match every filter; what has no value sorts last.

    Raises NotFound for an unknown school, Unprocessable for an unknown order.
    """
    if wanted.sort.removeprefix("-") not in SORT_KEYS:
        raise Unprocessable(
            message("api.not_one_of", name="sort", got=wanted.sort, known=list(ORDERS))
        )

    def find() -> tuple[list[Line], dict[str, rows.RoomRow], tuple[date, date]]:
        registered(services.registry, school)
        assets = services.registry.assets(
            school,
            room=wanted.room,
            condition=wanted.condition,
            department=wanted.department,
            custodian=wanted.custodian,
            acquired_from=wanted.acquired_from,
            acquired_to=wanted.acquired_to,
            yuan_from=wanted.yuan_from,
            yuan_to=wanted.yuan_to,
            text=wanted.q,
        )
        matching = [
            line
            for line in lines(services, school, today(services, school), assets=assets)
            if (wanted.category is None or (line.category or OTHER) == wanted.category)
            and (wanted.state is None or line.state == wanted.state)
            and (wanted.presence is None or line.presence == wanted.presence)
            and (wanted.bound is None or (line.device is not None) == wanted.bound)
        ]
        rooms = {room.number: room for room in services.registry.rooms(school)}
        return matching, rooms, span(services, school, wanted.start, wanted.end)

    matching, rooms, (first, last) = await run_in_threadpool(find)
    marks = summary.LedgerMarks.of(line.asset for line in matching)
    uses = await summary.use(services.store, school, first, last, by="asset", marks=marks)
    by_id = {int(row.key): row.summary for row in uses}
    used = [(line, use_of(line, by_id)) for line in matching]
    return AssetList(_sorted(used, wanted.sort), rooms, first, last)


def use_of(line: Line, by_id: dict[int, UseSummary]) -> UseSummary | None:
    """Return the use; nothing at all of a bound device that has not yet been due."""
    if line.device is None:
        return None
    return by_id.get(line.asset.id) or summary.nothing()


def _sorted(
    used: list[tuple[Line, UseSummary | None]], sort: str
) -> list[tuple[Line, UseSummary | None]]:
    key = SORT_KEYS[sort.removeprefix("-")]
    valued = [(key(*item), item) for item in used]
    known = [pair for pair in valued if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [item for _, item in known] + [item for value, item in valued if value is None]
