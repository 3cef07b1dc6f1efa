"""The schemas of assets: the list, one asset, its slots and its readings."""

from datetime import date, datetime

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText
from cloud.domain import CurrentState, Presence, StateInterval, UseSummary


class AssetRow(Shape):
    """One asset in the list."""

    id: int
    asset_no: str
    name: str
    category: str | None
    brand: str | None
    model: str | None
    room: str | None
    room_name: str | None
    condition: str
    """Code of 使用状况: "1" in use, "2" idle, ... (see /api/v1/code-lists)."""
    original_value_yuan: float | None
    acquired: date | None
    custodian: str | None
    device: str | None
    """The asset's name in telemetry."""
    state: CurrentState
    presence: Presence
    last_seen: datetime | None
    use: UseSummary | None
    """Over the span asked for; None where no device is bound."""


class AssetPage(Shape):
    """A page of assets; `total` counts all that match."""

    total: int
    items: list[AssetRow]


class PointNow(Shape):
    """The latest reading of one point."""

    point: str
    title: LocalizedText
    quantity: str | None
    unit: str
    value: float | bool | str
    observed_at: datetime


class Binding(Shape):
    """Which telemetry belongs to the asset, and since when."""

    device: str
    valid_from: date | None
    valid_to: date | None


class Asset(AssetRow):
    """One asset, whole."""

    school: str
    classification_code: str | None
    classification_list: str | None
    unit: str | None
    quantity: float
    acquisition: str | None
    booked: date | None
    department: str | None
    serial_no: str | None
    tag: str | None
    warranty_until: date | None
    supplier: str | None
    life_years: int | None
    profile: str | None
    profile_title: LocalizedText | None
    points: list[PointNow]
    bindings: list[Binding]


class SlotRow(Shape):
    """One usage slot as stored."""

    asset: str
    start: datetime
    active_s: float
    standby_s: float
    off_s: float
    unobserved_s: float
    energy_wh: float | None


class PeriodBand(Shape):
    """When a period begins and ends on a day, for drawing behind a timeline."""

    period: int
    name: str
    start: datetime
    end: datetime
    lesson: str | None


class Timeline(Shape):
    """One asset through one day."""

    asset_id: int
    day: date
    intervals: list[StateInterval]
    slots: list[SlotRow]
    periods: list[PeriodBand]


class HeatCell(Shape):
    """One period of one weekday, over the span asked for."""

    weekday: int
    """1 Monday to 7 Sunday."""
    period: int
    scheduled: int
    observed: int
    used: int
    active_s: float
    use_share: float | None
    """Active seconds over observed seconds."""


class Heatmap(Shape):
    """Periods x weekdays of one asset."""

    asset_id: int
    start: date
    end: date
    periods: list[PeriodBand]
    cells: list[HeatCell]


class ReadingRow(Shape):
    """One stored reading."""

    asset: str
    point: str
    observed_at: datetime
    value: float | bool | str


class Series(Shape):
    """The readings of one point."""

    point: str
    quantity: str | None
    unit: str
    title: LocalizedText
    readings: list[tuple[datetime, float | bool | str]]
