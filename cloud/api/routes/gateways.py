"""Gateways and their devices, as they last reported themselves."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from cloud.api.deps import READ, ServicesDep
from cloud.api.presenters.gateways import (
    gateway_devices,
    history_point,
    reported_at,
    school_gateways,
)
from cloud.api.schemas.gateways import Gateway, GatewayDetail
from cloud.errors import NotFound
from cloud.messages import message

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
    reports = [r for r in services.store.latest_gateways() if r.gateway == gateway]
    if not reports:
        raise NotFound(message("api.unknown_gateway", gateway=gateway))
    school = max(reports, key=reported_at).school
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
