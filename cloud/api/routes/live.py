"""Live state of a school, as server-sent events."""

from collections.abc import AsyncIterator, Mapping, Sequence

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from cloud.api.deps import READ, ServicesDep
from cloud.api.presenters.assets import today
from cloud.api.schemas.live import LiveAsset, LiveStates
from cloud.registry.rows import AssetRow
from cloud.services import Services
from cloud.telemetry.current_state import AssetNow
from cloud.telemetry.live import Listener

router = APIRouter(prefix="/api/v1", tags=["live"], dependencies=[READ])
HEARTBEAT_S = 15.0
_EVENT = {
    "type": "string",
    "description": "The data of an event named `state`.",
    "contentMediaType": "application/json",
    "contentSchema": {"$ref": "#/components/schemas/LiveStates"},
}


@router.get(
    "/schools/{school}/live",
    summary="States as they change: events named `state`, each a LiveStates",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": _EVENT}}}},
)
async def stream_states(school: str, services: ServicesDep) -> StreamingResponse:
    """Send all states first, then the changes, at most once a second."""
    listener = services.live.listen(school)
    return StreamingResponse(
        _events(services, listener),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _events(services: Services, listener: Listener) -> AsyncIterator[str]:
    try:
        while (states := await listener.take(HEARTBEAT_S)) is not None:
            yield await _event(services, listener.school, states) if states else ": still here\n\n"
    finally:
        services.live.leave(listener)


async def _event(services: Services, school: str, states: Sequence[AssetNow]) -> str:
    at = services.clock.now()
    assets = await run_in_threadpool(
        services.registry.assets_by_device, school, today(services, school)
    )
    event = LiveStates(at=at, assets=[_asset(state, assets) for state in states])
    return f"event: state\ndata: {event.model_dump_json()}\n\n"


def _asset(state: AssetNow, assets: Mapping[str, AssetRow]) -> LiveAsset:
    known = assets.get(state.asset)
    return LiveAsset(
        asset=state.asset,
        asset_id=known.id if known else None,
        state=state.state,
        presence=state.presence,
        last_seen=state.last_seen,
        values=state.values,
    )
