"""The assets of the ledger with what telemetry knows of them: the list, and one asset whole."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from cloud.api.deps import READ, RegistryDep, ServicesDep
from cloud.api.parameters import End, Form, Start, check_language
from cloud.api.presenters.asset_list import asset_list, use_of
from cloud.api.presenters.asset_table import cells, columns
from cloud.api.presenters.assets import Line, bands, bound_on, lines, span, the_asset, today
from cloud.api.presenters.downsample import downsample
from cloud.api.presenters.files import file_response
from cloud.api.presenters.schools import registered
from cloud.api.presenters.text import localized_text
from cloud.api.schemas.assets import (
    Asset,
    AssetChoices,
    AssetFileQuery,
    AssetPage,
    AssetPageQuery,
    AssetRow,
    Binding,
    HeatCell,
    Heatmap,
    PointNow,
    PowerLevel,
    PowerLevels,
    Series,
    SlotRow,
    Timeline,
)
from cloud.api.schemas.text import LocalizedText as Text
from cloud.domain import UseSummary
from cloud.errors import Unprocessable
from cloud.localized_text import LocalizedText
from cloud.messages import message, render
from cloud.registry import rows
from cloud.registry.depreciation import MONTHS_OF_A_YEAR, months_used, net_value_fen
from cloud.reports.table_file import table_file
from cloud.services import Services
from cloud.telemetry.store import Slot
from cloud.utilization import summary
from cloud.utilization.periods import local_day
from cloud.utilization.timeline import state_intervals
from device_profiles.loader import Catalogue, load_catalogue
from device_profiles.reading import Value

router = APIRouter(prefix="/api/v1", tags=["assets"], dependencies=[READ])

_READINGS_AT_MOST = 500_000


@router.get("/schools/{school}/assets", summary="The assets of a school")
async def list_assets(
    school: str, services: ServicesDep, query: Annotated[AssetPageQuery, Query()]
) -> AssetPage:
    """Return a page of the assets that match every filter; what has no value sorts last."""
    listed = await asset_list(services, school, query)
    page = listed.used[query.offset : query.offset + query.limit]
    return AssetPage(
        total=len(listed.used),
        start=listed.start,
        end=listed.end,
        items=[AssetRow(**_row(line, use, listed.rooms)) for line, use in page],
    )


@router.get("/schools/{school}/asset-choices", summary="What assets can be narrowed to")
def list_asset_choices(school: str, registry: RegistryDep) -> AssetChoices:
    """Return the departments and the custodians that the assets of a school name."""
    registered(registry, school)
    departments, custodians = registry.asset_choices(school)
    return AssetChoices(departments=departments, custodians=custodians)


@router.get(
    "/schools/{school}/assets.{form}",
    summary="The assets of a school as a file",
    response_class=Response,
)
async def get_asset_file(
    school: str,
    form: Form,
    services: ServicesDep,
    query: Annotated[AssetFileQuery, Query()],
) -> Response:
    """Return every asset that matches, in the order of the list, with the list's columns."""
    check_language(query.language)
    listed = await asset_list(services, school, query)

    def made() -> tuple[bytes, str]:
        row = registered(services.registry, school)
        zone = services.registry.zone(school)
        title = render(message("asset_list.title"), query.language)
        content = table_file(
            title,
            columns(query.language),
            [cells(line, use, listed.rooms, query.language, zone) for line, use in listed.used],
            form,
            services.clock.now(),
        )
        return content, f"{row.name} {title}"

    content, name = await run_in_threadpool(made)
    return file_response(content, name, form)


@router.get("/assets/{asset_id}", summary="One asset")
async def get_asset(
    asset_id: int, services: ServicesDep, start: Start = None, end: End = None
) -> Asset:
    """Return an asset with its ledger row, its newest readings and its use over the span."""

    def find() -> tuple[Line, dict[str, rows.RoomRow], list[rows.BindingRow], tuple[date, date]]:
        row = the_asset(services.registry, asset_id)
        (line,) = lines(services, row.school, today(services, row.school), assets=[row])
        rooms = {room.number: room for room in services.registry.rooms(row.school)}
        bindings = [b for b in services.registry.bindings(row.school) if b.asset_id == row.id]
        return line, rooms, bindings, span(services, row.school, start, end)

    line, rooms, bindings, (first, last) = await run_in_threadpool(find)
    row = line.asset
    uses = await summary.use(
        services.store,
        row.school,
        first,
        last,
        by="asset",
        asset_id=asset_id,
        marks=summary.LedgerMarks.of([row]),
    )
    profile = _catalogue().get(line.now.profile) if line.now else None
    day = await run_in_threadpool(today, services, row.school)
    return Asset(
        **_row(line, use_of(line, {int(row.key): row.summary for row in uses}), rooms),
        school=row.school,
        start=first,
        end=last,
        classification_code=row.classification_code,
        classification_list=row.classification_list,
        unit=row.unit,
        quantity=row.quantity,
        acquisition=row.acquisition,
        booked=row.booked,
        serial_no=row.serial_no,
        tag=row.tag,
        warranty_until=row.warranty_until,
        supplier=row.supplier,
        life_years=row.life_years,
        net_value_yuan=_net_value_yuan(row, day),
        profile=line.now.profile if line.now else None,
        profile_title=_text(profile.title, "") if profile else None,
        power_levels=_power_levels(line),
        points=_points(services, line),
        bindings=[
            Binding(device=b.device, valid_from=b.valid_from, valid_to=b.valid_to) for b in bindings
        ],
    )


def _power_levels(line: Line) -> PowerLevels | None:
    learned = line.now.levels if line.now is not None else None
    if learned is None:
        return None
    return PowerLevels(
        hours=learned.hours,
        levels=[
            PowerLevel(state=state, low=low, median=median, high=high, share=share)
            for state, low, median, high, share in learned.levels
        ],
        active_above=learned.active_above,
        standby_above=learned.standby_above,
    )


@router.get("/assets/{asset_id}/timeline", summary="One asset through one day")
async def get_timeline(
    asset_id: int,
    services: ServicesDep,
    day: Annotated[date | None, Query(description="School-local; default today.")] = None,
) -> Timeline:
    """Return what the asset did: intervals of one state, their slots, the periods."""
    row = await run_in_threadpool(the_asset, services.registry, asset_id)
    now = await run_in_threadpool(today, services, row.school)
    wanted: date = day or now
    zone = await run_in_threadpool(services.registry.zone, row.school)
    span_ = local_day(wanted, zone)
    bindings = await run_in_threadpool(services.registry.bindings, row.school)
    binding = bound_on(bindings, wanted).get(asset_id)
    slots: list[Slot] = []
    if binding:
        slots = await services.store.slots(row.school, binding.device, span_.start, span_.end)
    end = min(span_.end, max(services.rollups.horizon, span_.start))
    return Timeline(
        asset_id=asset_id,
        day=wanted,
        intervals=state_intervals(slots, span_.start, end) if binding else [],
        slots=[_slot(slot) for slot in slots],
        periods=await run_in_threadpool(
            bands, services.registry, row.school, wanted, room=row.room
        ),
    )


@router.get("/assets/{asset_id}/heatmap", summary="Periods x weekdays of one asset")
async def get_heatmap(
    asset_id: int, services: ServicesDep, start: Start = None, end: End = None
) -> Heatmap:
    """Return the asset's use by weekday and period, with the periods of the span's last day."""
    row = await run_in_threadpool(the_asset, services.registry, asset_id)
    first, last = await run_in_threadpool(span, services, row.school, start, end)
    cells = await summary.heat(services.store, row.school, asset_id, first, last)

    def periods() -> list[Any]:
        days = services.registry.last_school_days(row.school, last, 1)
        return bands(services.registry, row.school, days[0]) if days else []

    return Heatmap(
        asset_id=asset_id,
        start=first,
        end=last,
        periods=await run_in_threadpool(periods),
        cells=[
            HeatCell(
                weekday=cell.weekday,
                period=cell.period,
                scheduled=cell.scheduled,
                observed=cell.observed,
                used=cell.used,
                active_s=cell.active_s,
                use_share=cell.active_s / cell.seen_s if cell.seen_s else None,
            )
            for cell in cells
        ],
    )


@router.get("/assets/{asset_id}/readings", summary="The readings of one asset")
async def list_readings(
    asset_id: int,
    services: ServicesDep,
    point: Annotated[list[str] | None, Query(description="Only these points.")] = None,
    from_: Annotated[
        AwareDatetime | None, Query(alias="from", description="Default a day before `to`.")
    ] = None,
    to: Annotated[AwareDatetime | None, Query(description="Default now.")] = None,
    limit: Annotated[
        int, Query(ge=4, le=50_000, description="Per point; more are thinned, extremes stay.")
    ] = 2000,
) -> list[Series]:
    """Return the readings by point; thinned where there are more than `limit`."""
    end = to or services.clock.now() + timedelta(seconds=1)
    start = from_ or end - timedelta(days=1)
    if start >= end:
        raise Unprocessable(
            message("api.moments_reversed", start=start.isoformat(), end=end.isoformat())
        )
    row = await run_in_threadpool(the_asset, services.registry, asset_id)
    zone = await run_in_threadpool(services.registry.zone, row.school)
    by_point: dict[str, list[tuple[datetime, Value]]] = {}
    profile = ""
    for binding in await run_in_threadpool(services.registry.bindings, row.school):
        if binding.asset_id != asset_id:
            continue
        first = local_day(binding.valid_from, zone).start if binding.valid_from else start
        last = local_day(binding.valid_to, zone).end if binding.valid_to else end
        part = await services.store.readings(
            row.school,
            binding.device,
            max(first, start),
            min(last, end),
            points=point,
            limit=_READINGS_AT_MOST,
        )
        for name, values in part.items():
            by_point.setdefault(name, []).extend(values)
        for latest in services.store.latest_readings(row.school, binding.device):
            profile = latest.profile
    return [
        _series(profile, name, downsample(sorted(values, key=lambda r: r[0]), limit))
        for name, values in sorted(by_point.items())
        if not name.endswith("_quality")
    ]


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()


def _row(line: Line, use: UseSummary | None, rooms: dict[str, rows.RoomRow]) -> dict[str, Any]:
    row = line.asset
    room = rooms.get(row.room) if row.room else None
    return {
        "id": row.id,
        "asset_no": row.asset_no,
        "name": row.name,
        "category": line.category,
        "is_category_by_sensor": line.is_category_by_sensor,
        "brand": row.brand,
        "model": row.model,
        "room": row.room,
        "room_name": room.name if room else None,
        "sensor_room": line.sensor_room,
        "condition": row.condition,
        "original_value_yuan": row.original_value_yuan,
        "acquired": row.acquired,
        "department": row.department,
        "custodian": row.custodian,
        "device": line.device,
        "state": line.state,
        "presence": line.presence,
        "last_seen": line.last_seen,
        "use": use,
    }


def _net_value_yuan(row: rows.AssetRow, day: date) -> float | None:
    if row.original_value_yuan is None or row.life_years is None or row.acquired is None:
        return None
    months = months_used(row.acquired, day)
    cost_fen = round(row.original_value_yuan * 100)
    return net_value_fen(cost_fen, months, row.life_years * MONTHS_OF_A_YEAR) / 100


def _points(services: Services, line: Line) -> list[PointNow]:
    if line.device is None:
        return []
    return [
        PointNow(
            point=name, value=newest.value, observed_at=newest.observed_at, **_words(profile, name)
        )
        for latest in services.store.latest_readings(line.asset.school, line.device)
        for profile in (latest.profile,)
        for name, newest in sorted(latest.points.items())
    ]


def _text(texts: Mapping[Any, str], default: str) -> Text:
    """Return a text that a device profile holds by language."""
    others = {name: text for name, text in texts.items() if name not in {"zh", "en"}}
    zh, en = texts.get("zh", default), texts.get("en", default)
    return localized_text(LocalizedText(zh, en, others))


def _words(profile_id: str, name: str) -> dict[str, Any]:
    """Return quantity, unit and title of a point; its bare name where no profile knows it."""
    profile = _catalogue().get(profile_id)
    point = profile.points.get(name) if profile else None
    if point is None:
        return {"quantity": None, "unit": "", "title": _text({}, name)}
    quantity = point.definition
    return {
        "quantity": point.quantity,
        "unit": point.unit,
        "title": _text({"zh": quantity.zh, "en": quantity.en} | dict(point.title or {}), name),
    }


def _series(profile: str, name: str, values: list[tuple[datetime, Value]]) -> Series:
    words = _words(profile, name)
    return Series(
        point=name,
        quantity=words["quantity"],
        unit=words["unit"],
        title=words["title"],
        readings=values,
    )


def _slot(slot: Slot) -> SlotRow:
    return SlotRow(
        asset=slot.asset,
        start=slot.start,
        active_s=slot.active_s,
        standby_s=slot.standby_s,
        off_s=slot.off_s,
        unobserved_s=slot.unobserved_s,
        energy_wh=slot.energy_wh,
    )
