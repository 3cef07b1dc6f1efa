"""Is the cloud there: `/health` and `/ping`, as InfluxDB answers them."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Response

from cloud.api.deps import StoreDep

router = APIRouter(tags=["health"])


@router.get("/health", summary="Whether the cloud can answer")
async def get_health(store: StoreDep) -> dict[str, Any]:
    """Answer `pass` once the telemetry store answers a query."""
    await store.check()
    return {
        "name": "smart-campus",
        "message": "ready for queries and writes",
        "status": "pass",
        "checks": [],
        "version": version("smart-campus"),
    }


@router.head("/ping", status_code=204, include_in_schema=False)
@router.get("/ping", status_code=204, summary="An empty answer")
async def get_ping() -> Response:
    """Answer nothing, at once."""
    return Response(status_code=204, headers={"X-Influxdb-Version": version("smart-campus")})
