"""The schemas of assets: the list, one asset, its slots and its readings."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText
from cloud.domain import CurrentState, Presence, StateInterval, UseSummary

ORDERS = (
    "asset_no",
    "name",
    "category",
    "room",
    "condition",
    "original_value_yuan",
    "acquired",
    "department",
    "custodian",
    "state",
    "presence",
    "last_seen",
    "use_rate",
    "active_s",
    "observed_share",
    "standby_waste_s",
    "energy_kwh",
)
"""What a list of assets may be ordered by."""


class AssetFilter(Shape):
    """What a list of assets is narrowed to, and its order."""

    q: str | None = Field(
        None, description="Part of number, name, model, brand, room, custodian, department..."
    )
    category: str | None = Field(None, description="Only this category.")
    room: str | None = Field(None, description="A room's number.")
    state: CurrentState | None = Field(None, description="Only what is in this state now.")
    presence: Presence | None = Field(None, description="Only this connection.")
    condition: str | None = Field(None, description="A code of 使用状况.")
    department: str | None = Field(None, description="Only this 使用部门.")
    custodian: str | None = Field(None, description="Only this 保管人.")
    acquired_from: date | None = Field(None, description="First day of 取得日期.")
    acquired_to: date | None = Field(None, description="Last day of 取得日期, included.")
    yuan_from: float | None = Field(None, ge=0, description="Least 原值, in yuan.")
    yuan_to: float | None = Field(None, ge=0, description="Most 原值, in yuan.")
    bound: bool | None = Field(None, description="With, or without, a device.")
    start: date | None = Field(
        None, description="First day of the use, school-local; default 20 school days back."
    )
    end: date | None = Field(None, description="Last day of the use; default today.")
    sort: str = Field("asset_no", description=f"-key for descending; one of {', '.join(ORDERS)}.")


class AssetPageQuery(AssetFilter):
    """A page of a list of assets."""

    offset: int = Field(0, ge=0, description="How many to pass over.")
    limit: int = Field(50, ge=1, le=5000, description="How many at most.")


class AssetFileQuery(AssetFilter):
    """A list of assets as a file."""

    language: str = Field("zh", description="Of the titles and the states: zh, en.")


class AssetChoices(Shape):
    """What the assets of a school can be narrowed to."""

    departments: list[str]
    custodians: list[str]


class AssetRow(Shape):
    """One asset in the list."""

    id: int
    asset_no: str
    name: str
    category: str | None
    """The ledger's; where that has none, what its device reports. A score reads the ledger."""
    is_category_by_sensor: bool
    brand: str | None
    model: str | None
    room: str | None
    room_name: str | None
    sensor_room: str | None
    """The room that its device reports where the ledger has none; its lessons count there."""
    condition: str
    """Code of 使用状况: "1" in use, "2" idle, ... (see /api/v1/code-lists)."""
    original_value_yuan: float | None
    acquired: date | None
    department: str | None
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
    start: date
    """The span of `use`, both days included."""
    end: date
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


class PowerLevel(Shape):
    """A power that a device keeps to, in W: at 5 %, 50 % and 95 % of its time there."""

    state: Literal["off", "standby", "active", "on"]
    """On: the only level, used or not."""
    low: float
    median: float
    high: float
    share: float


class PowerLevels(Shape):
    """The levels that a gateway learned, and the usage rule that a person may agree to."""

    hours: float
    levels: list[PowerLevel]
    active_above: float | None
    standby_above: float | None


class Asset(AssetRow):
    """One asset, whole."""

    school: str
    start: date
    """The span of `use`, both days included."""
    end: date
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
    net_value_yuan: float | None
    """The original value less straight-line depreciation to nothing over the years of use of the
    ledger, by the end of this month; None where one of them is unknown."""
    profile: str | None
    profile_title: LocalizedText | None
    power_levels: PowerLevels | None
    """Where the usage rule does not fit the device."""
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
