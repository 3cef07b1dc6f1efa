"""The schemas of gateways and their devices."""

from datetime import datetime

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText
from cloud.domain import Presence


class GatewayDevice(Shape):
    """One device as its gateway sees it."""

    gateway: str
    device: str
    asset: str
    asset_id: int | None
    asset_name: str | None
    profile: str
    protocol: str
    last_reading: datetime | None
    readings: int
    errors: int
    last_error: str | None
    """In the gateway's own words, which are English."""
    last_error_text: LocalizedText | None
    """What the error means and what to look at; None where the gateway gave no kind of it."""
    last_error_at: datetime | None
    presence: Presence


class Gateway(Shape):
    """One gateway, as it last reported itself."""

    gateway: str
    school: str
    last_seen: datetime
    presence: Presence
    version: str | None
    uptime_s: float | None
    backlog: int | None
    oldest_unsent_s: float | None
    readings_per_s: float | None
    set_aside: int | None
    evicted: int | None
    memory_mb: float | None
    disk_free_mb: float | None
    errors: int | None
    last_error: str | None
    """In the gateway's own words, which are English."""
    last_error_text: LocalizedText | None
    """What the error means and what to look at; None where the gateway gave no kind of it."""
    devices: int
    devices_online: int
    devices_lost: int


class GatewayPoint(Shape):
    """One health report, for the curve."""

    at: datetime
    backlog: float | None
    oldest_unsent_s: float | None
    readings_per_s: float | None
    memory_mb: float | None


class GatewayDetail(Shape):
    """A gateway, its devices and its last hours."""

    gateway: Gateway
    devices: list[GatewayDevice]
    history: list[GatewayPoint]
