"""What gateways reported of an asset and of themselves: who fell silent, what broke or changed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.concurrency import run_in_threadpool

from cloud.api.deps import READ, ServicesDep
from cloud.api.presenters.assets import the_asset
from cloud.api.presenters.text import localized_text
from cloud.api.schemas.events import AssetEvent
from cloud.localized_text import LocalizedText
from cloud.telemetry.store import Reported
from cloud.utilization.periods import local_day

router = APIRouter(prefix="/api/v1", tags=["assets"], dependencies=[READ])

TITLES: Mapping[str, LocalizedText] = {
    "device_silent": LocalizedText("设备失联", "Device fell silent"),
    "device_back": LocalizedText("设备恢复", "Device is back"),
    "fault": LocalizedText("设备故障", "Fault"),
    "uplink_lost": LocalizedText("网关断网", "Gateway lost its line"),
    "uplink_back": LocalizedText("网关恢复联网", "Gateway is connected again"),
    "gateway_restarted": LocalizedText("网关重启", "Gateway restarted"),
    "configuration": LocalizedText("配置变更", "Settings changed"),
    "command": LocalizedText("命令结果", "Result of a command"),
    "buffer": LocalizedText("网关缓存异常", "Trouble with the gateway's buffer"),
    "counter_noise": LocalizedText(
        "电表读数短时异常，未计入用电量", "A counter dipped; taken as noise"
    ),
    "counter_reset": LocalizedText(
        "电表读数归零或换表，从新读数起计", "A counter was reset; counted from its new value"
    ),
    "above_ceiling": LocalizedText(
        "读数超出设备最大功率，未计入用电量", "More than the device can draw; not counted"
    ),
    "rule_does_not_fit": LocalizedText(
        "使用规则不适合此设备，待确认", "The usage rule does not fit this device"
    ),
    "rule_indistinct": LocalizedText(
        "凭功率无法判断是否使用", "Power does not show whether it is used"
    ),
    "rule_fits": LocalizedText("使用规则适合此设备", "The usage rule fits this device"),
    "clock": LocalizedText("网关时钟异常", "Trouble with the gateway's clock"),
}
_SECONDS = frozenset({"device_back", "uplink_back", "gateway_restarted"})
"""Types whose value is a duration."""
_EVER, _NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@router.get("/assets/{asset_id}/events", summary="What was reported of one asset")
async def list_asset_events(
    asset_id: int,
    services: ServicesDep,
    from_: Annotated[
        AwareDatetime | None, Query(alias="from", description="Default the oldest kept.")
    ] = None,
    to: Annotated[AwareDatetime | None, Query(description="Default now.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many to return at most.")] = 50,
) -> list[AssetEvent]:
    """Return the newest events of the asset's device, and of the school's gateways."""
    row = await run_in_threadpool(the_asset, services.registry, asset_id)
    zone = await run_in_threadpool(services.registry.zone, row.school)
    reported = await services.store.events(row.school, [""], from_, to, limit=limit)
    for binding in await run_in_threadpool(services.registry.bindings, row.school):
        if binding.asset_id == asset_id:
            first = local_day(binding.valid_from, zone).start if binding.valid_from else _EVER
            last = local_day(binding.valid_to, zone).end if binding.valid_to else _NEVER
            reported += await services.store.events(
                row.school,
                [binding.device],
                max(first, from_ or _EVER),
                min(last, to or _NEVER),
                limit=limit,
            )
    reported.sort(key=lambda row: (row.at, row.asset or "", row.type), reverse=True)
    return [_shape(row) for row in reported[:limit]]


def _shape(event: Reported) -> AssetEvent:
    title = TITLES.get(event.type, LocalizedText(event.type, event.type))
    return AssetEvent(
        at=event.at,
        type=event.type,
        title=localized_text(title),
        of_gateway=event.asset is None,
        text=event.text,
        value=event.value,
        unit="s" if event.type in _SECONDS else "",
    )
