"""Gateways and their devices, as they last reported themselves."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from cloud.api.deps import READ, ServicesDep
from cloud.api.parameters import Form, Language, check_language
from cloud.api.presenters import device_file
from cloud.api.presenters.files import file_response
from cloud.api.presenters.gateways import (
    gateway_devices,
    history_point,
    reported_at,
    school_gateways,
)
from cloud.api.schemas.gateways import Gateway, GatewayDetail
from cloud.errors import NotFound
from cloud.messages import message, render
from cloud.reports.table_file import table_file
from cloud.services import Services
from cloud.telemetry.store import GatewayLatest

router = APIRouter(prefix="/api/v1", tags=["gateways"], dependencies=[READ])
_CURVE = ("backlog", "oldest_unsent_s", "readings_per_s", "memory_mb")


@router.get("/schools/{school}/gateways", summary="The gateways of a school")
def list_gateways(school: str, services: ServicesDep) -> list[Gateway]:
    """Return every gateway that ever reported itself from the school."""
    return school_gateways(services, school)


@router.get("/gateways/{gateway}", summary="One gateway, its devices and its last hours")
async def get_gateway(
    gateway: str,
    services: ServicesDep,
    hours: Annotated[float, Query(gt=0, le=24 * 7, description="How far the curve goes back.")] = 6,
) -> GatewayDetail:
    """Return a gateway with its devices and the curve of its health reports."""
    school, reports = _reports(services, gateway)
    now = services.clock.now()
    history = await services.store.gateway_history(
        gateway, now - timedelta(hours=hours), now + timedelta(minutes=1), _CURVE
    )
    summary = next(g for g in school_gateways(services, school) if g.gateway == gateway)
    devices = await run_in_threadpool(gateway_devices, services, school, reports)
    return GatewayDetail(
        gateway=summary,
        devices=devices,
        history=[history_point(at, fields) for at, fields in history],
    )


@router.get(
    "/gateways/{gateway}/devices.{form}",
    summary="The devices of a gateway as a file",
    response_class=Response,
)
def get_device_file(
    gateway: str,
    form: Form,
    services: ServicesDep,
    *,
    troubled: Annotated[
        bool, Query(description="Only those that are not online, had an error, or have no asset.")
    ] = False,
    language: Language = "zh",
) -> Response:
    """Return the devices in the order and with the columns of the gateway's page."""
    check_language(language)
    school, reports = _reports(services, gateway)
    devices = gateway_devices(services, school, reports)
    if troubled:
        devices = [
            device
            for device in devices
            if device.presence != "online" or device.errors > 0 or device.asset_id is None
        ]
    title = render(message("device_file.title"), language)
    zone = services.registry.zone(school)
    content = table_file(
        title,
        device_file.columns(language),
        [device_file.cells(device, language, zone) for device in devices],
        form,
        services.clock.now(),
    )
    return file_response(content, f"{gateway} {title}", form)


def _reports(services: Services, gateway: str) -> tuple[str, list[GatewayLatest]]:
    """Return the school of a gateway, and what it last reported; raises NotFound."""
    reports = [r for r in services.store.latest_gateways() if r.gateway == gateway]
    if not reports:
        raise NotFound(message("api.unknown_gateway", gateway=gateway))
    return max(reports, key=reported_at).school, reports
