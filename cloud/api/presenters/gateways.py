"""Gateways and their devices as `/api/v1` shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from cloud.api.presenters.assets import today
from cloud.api.presenters.text import localized_text
from cloud.api.schemas.gateways import Gateway, GatewayDevice, GatewayPoint
from cloud.api.schemas.text import LocalizedText
from cloud.domain import Presence
from cloud.messages import catalogue, message
from cloud.services import Services
from cloud.telemetry.current_state import AssetNow
from cloud.telemetry.store import GatewayLatest
from device_profiles.reading import Value

LOST_AFTER = timedelta(seconds=60)
AWAITED_FOR = timedelta(seconds=60) + LOST_AFTER
"""How long after a start of the cloud a gateway is awaited: one that found no cloud tries again
after 60 s at most (`edge.backoff`)."""


def school_gateways(services: Services, school: str) -> list[Gateway]:
    """Return the gateways of a school, with how many of their devices are online and lost."""
    reports = services.store.latest_gateways(school)
    states = {state.asset: state for state in services.now.of(school)}
    now = services.clock.now()
    is_awaited = now - services.now.started_at < AWAITED_FOR
    gateways: list[Gateway] = []
    for name in sorted({report.gateway for report in reports}):
        mine = [report for report in reports if report.gateway == name]
        devices = [report for report in mine if report.device]
        own_report = next((report for report in mine if not report.device), None)
        presences = [_presence(report, states) for report in devices]
        gateways.append(
            _gateway(
                school,
                name,
                own_report,
                max(mine, key=reported_at),
                presences,
                now,
                is_awaited=is_awaited,
            )
        )
    return gateways


def _gateway(
    school: str,
    name: str,
    own_report: GatewayLatest | None,
    newest: GatewayLatest,
    presences: Sequence[Presence],
    now: datetime,
    *,
    is_awaited: bool,
) -> Gateway:
    last_seen = reported_at(newest)
    presence: Presence = "awaited" if is_awaited else "lost"
    return Gateway(
        gateway=name,
        school=school,
        last_seen=last_seen,
        presence="online" if now - last_seen < LOST_AFTER else presence,
        version=_text(own_report, "version"),
        uptime_s=_number(own_report, "uptime_s"),
        backlog=_count(own_report, "backlog"),
        oldest_unsent_s=_number(own_report, "oldest_unsent_s"),
        readings_per_s=_number(own_report, "readings_per_s"),
        set_aside=_count(own_report, "set_aside"),
        evicted=_count(own_report, "evicted"),
        memory_mb=_number(own_report, "memory_mb"),
        disk_free_mb=_number(own_report, "disk_free_mb"),
        errors=_count(own_report, "errors"),
        last_error=_text(own_report, "last_error"),
        last_error_text=_error_text(own_report),
        devices=len(presences),
        devices_online=presences.count("online"),
        devices_lost=presences.count("lost"),
    )


def gateway_devices(
    services: Services, school: str, reports: list[GatewayLatest]
) -> list[GatewayDevice]:
    """Return the devices of a gateway, each with its asset of today."""
    assets = services.registry.assets_by_device(school, today(services, school))
    states = {state.asset: state for state in services.now.of(school)}
    devices: list[GatewayDevice] = []
    for report in reports:
        if not report.device or report.school != school:
            continue
        known = assets.get(report.asset)
        devices.append(
            GatewayDevice(
                gateway=report.gateway,
                device=report.device,
                asset=report.asset,
                asset_id=known.id if known else None,
                asset_name=known.name if known else None,
                profile=report.profile,
                protocol=report.protocol,
                last_reading=_moment(report, "last_reading"),
                readings=_count(report, "readings") or 0,
                errors=_count(report, "errors") or 0,
                last_error=_text(report, "last_error"),
                last_error_text=_error_text(report),
                last_error_at=_moment(report, "last_error_at"),
                presence=_presence(report, states),
            )
        )
    return devices


def _presence(report: GatewayLatest, states: Mapping[str, AssetNow]) -> Presence:
    state = states.get(report.asset)
    return state.presence if state else "never_seen"


def reported_at(report: GatewayLatest) -> datetime:
    """Return when the newest field of a report was observed (UTC)."""
    return max(latest.observed_at for latest in report.fields.values())


def _value(report: GatewayLatest | None, name: str) -> Value | None:
    latest = report.fields.get(name) if report else None
    return latest.value if latest else None


def _number(report: GatewayLatest | None, name: str) -> float | None:
    value = _value(report, name)
    return float(value) if isinstance(value, float) else None


def _count(report: GatewayLatest | None, name: str) -> int | None:
    value = _number(report, name)
    return None if value is None else int(value)


def _text(report: GatewayLatest | None, name: str) -> str | None:
    value = _value(report, name)
    return value or None if isinstance(value, str) else None


def _error_text(report: GatewayLatest | None) -> LocalizedText | None:
    """Return the sentence for the kind of the last error; None where there is no such kind."""
    key = f"gateway.error.{_text(report, 'last_error_kind')}"
    return localized_text(message(key)) if key in catalogue("en") else None


def _moment(report: GatewayLatest, name: str) -> datetime | None:
    text = _text(report, name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def history_point(at: datetime, fields: Mapping[str, Value]) -> GatewayPoint:
    """Return one health report of a gateway for the curve."""

    def number(name: str) -> float | None:
        value = fields.get(name)
        return value if isinstance(value, float) else None

    return GatewayPoint(
        at=at,
        backlog=number("backlog"),
        oldest_unsent_s=number("oldest_unsent_s"),
        readings_per_s=number("readings_per_s"),
        memory_mb=number("memory_mb"),
    )
