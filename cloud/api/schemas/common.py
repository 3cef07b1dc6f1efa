"""Every shape that `/api/v1` answers with.

Moments are ISO 8601 in UTC with `Z`; days are school-local dates; durations are seconds (`_s`),
energy kilowatt-hours (`_kwh`), shares 0 to 1. None means "not known", never zero.
"""

from datetime import date, datetime, time
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cloud.domain import Outcome, Presence, State, Stretch, UseSummary


class Shape(BaseModel):
    """A frozen shape on the wire."""

    model_config = ConfigDict(frozen=True)


class School(Shape):
    """A school of the register."""

    id: str
    """The ten-digit school identification code."""
    name: str
    division: str
    division_name: str
    school_type: str
    school_type_name: str
    urban_rural: str | None
    classes: int | None
    pupils: int | None
    teachers: int | None
    stages: list[Literal["KG", "PRI", "JUN", "SEN", "VOC"]]


class CategoryCount(Shape):
    """The assets of one category, by what they are doing now."""

    category: str
    assets: int
    online: int
    active: int
    standby: int
    off: int
    unobserved: int


class PeriodNow(Shape):
    """The period of the timetable that is on, and the lessons scheduled in it."""

    day: date
    period: int | None
    name: str | None
    starts: time | None
    ends: time | None
    lessons_scheduled: int
    is_school_day: bool


class Overview(Shape):
    """What an equipment manager sees first."""

    school: School
    at: datetime
    now: PeriodNow
    assets: int
    assets_connected: int
    """Assets from which telemetry has ever come."""
    assets_online: int
    original_value_yuan: float | None
    categories: list[CategoryCount]
    rooms: list["RoomNow"]
    today: UseSummary
    week: UseSummary
    by_day: list["DayUse"]
    """The last twenty school days, oldest first."""
    attention: list["Attention"]
    gateways: list["Gateway"]


class RoomNow(Shape):
    """A room and the strongest state of its assets."""

    room: str
    name: str
    building: str
    floor: int | None
    state: State
    assets: int
    lesson: str | None
    """Class and subject scheduled there now."""


class DayUse(Shape):
    """One school day of use."""

    day: date
    use: UseSummary


class Attention(Shape):
    """Something a manager should look at; `kind` names its text in the web app."""

    kind: Literal[
        "left_on", "silent", "unknown_asset", "never_used", "gateway_silent", "backlog", "condition"
    ]
    subject: str
    """An asset number, or a gateway's name."""
    title: str
    since: datetime | None
    value: float | None


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
    """Code of 仪器现状: "1" in use, "2" idle, ... (see /api/v1/code-lists)."""
    original_value_yuan: float | None
    acquired: date | None
    custodian: str | None
    device: str | None
    """The asset's name in telemetry."""
    state: State
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
    title_zh: str
    title_en: str
    quantity: str | None
    unit: str
    value: float | bool | str
    observed_at: datetime


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
    profile_title_zh: str | None
    profile_title_en: str | None
    points: list[PointNow]
    bindings: list["Binding"]


class Binding(Shape):
    """Which telemetry belongs to the asset, and since when."""

    device: str
    valid_from: date | None
    valid_to: date | None


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
    stretches: list[Stretch]
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
    unit: str
    title_zh: str
    title_en: str
    readings: list[tuple[datetime, float | bool | str]]


class Event(Shape):
    """Something that a gateway reported, of a device or of itself."""

    at: datetime
    type: str
    title_zh: str
    title_en: str
    of_gateway: bool
    text: str
    """In the words of whoever reported it."""
    value: float | None
    """Seconds where `unit` says so; else the code of a fault, the number of a version."""
    unit: str


class UtilizationRow(Shape):
    """Use of one asset, room, category or school, over one period, day, week or the whole span."""

    key: str
    title: str
    span: str | None
    """The day (2026-11-24), ISO week (2026-W48) or period number; None for the whole span."""
    assets: int
    use: UseSummary


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
    devices: int
    devices_silent: int


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


class Evidence(Shape):
    """What a finding stands on.

    `ref` opens it: "asset:12", "asset:12/day:2026-11-23", "room:A-301", "ticket:T-7", "school" ...;
    `/schools/{school}/evidence?ref=` says which row of which book that is.
    """

    ref: str
    text_zh: str
    text_en: str
    value: float | None


class Finding(Shape):
    """One clause, applied to one school."""

    clause: str
    title_zh: str
    title_en: str
    dimension: str
    outcome: Outcome
    attainment: float | None
    measured: float | None
    unit: str
    """"%" says that `measured` is a share, 0 to 1."""
    target: str
    """The threshold in words and numbers ("≥ 95%", "10%–30%")."""
    weight: float
    points: float | None
    data_source: Literal["telemetry", "ledger", "declared"]
    source_title: str
    source_clause: str
    source_confidence: str
    """VERIFIED-A/B/C, MEMORY, or "project default": shown to the reader as it stands."""
    reason_zh: str
    reason_en: str
    remedy_zh: str
    remedy_en: str
    part: float | None
    """What counts for, added up over the evidence; `measured` is `part` over `whole`."""
    whole: float | None
    """What counts at all."""
    unknown: float | None
    """How much of the whole nobody saw."""
    coverage: float
    """The share of the clause's evidence that was seen."""
    beside: list[str]
    """References to what every row is held against: sizes, another declaration, the timetable."""
    evidence_total: int
    evidence: list[Evidence]
    """The first of them; all under /findings/{clause}."""


class DimensionScore(Shape):
    """One dimension of the standard."""

    dimension: str
    title_zh: str
    title_en: str
    weight: float
    value: float | None
    """0 to 100."""
    coverage: float
    findings: int


class Score(Shape):
    """A school against a standard. `value` is None where coverage is too low: not rated."""

    school: str
    standard: str
    standard_title_zh: str
    standard_title_en: str
    start: date
    end: date
    value: float | None
    coverage: float
    min_coverage: float
    dimensions: list[DimensionScore]
    findings: list[Finding]
    inputs_digest: str
    computed_at: datetime


class StandardLine(Shape):
    """One edition of a standard."""

    id: str
    edition: str
    title_zh: str
    title_en: str
    effective: date


class CodeItem(Shape):
    """One entry of a code list."""

    code: str
    zh: str
    en: str


class CodeList(Shape):
    """A code list with its source and how sure we are of it."""

    id: str
    title_zh: str
    title_en: str
    source: str
    confidence: str
    is_complete: bool = True
    """False where only some codes of the list are known."""
    items: list[CodeItem]


class ImportProblem(Shape):
    """One refused cell or row."""

    sheet: str
    row: int
    column: str | None
    problem: str


class ImportReport(Shape):
    """What an import did, or would do."""

    kind: str
    dry_run: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    removed: int = 0
    """Periods, lessons, stated bindings and cancelled days that the file took back."""
    problems: list[ImportProblem]
    """The first of them."""
    problems_total: int = 0
    ignored_columns: list[str] = []
    """Columns of the file that mean nothing here and were not stored."""
    applied: bool


class Room(Shape):
    """A room of a school."""

    number: str
    name: str
    building: str
    floor: int | None
    use: str | None
    use_name: str | None
    area_m2: float | None
    seats: int | None
    home_class: str | None
    assets: int


class CalendarPeriod(Shape):
    """One period of a school day."""

    period: int
    name: str
    start: datetime
    end: datetime


class CalendarDay(Shape):
    """One school day and its periods."""

    day: date
    periods: list[CalendarPeriod]


class TimetableEntry(Shape):
    """One lesson of the weekly timetable."""

    weekday: int
    """1 Monday to 7 Sunday."""
    period: int
    room: str
    class_name: str | None
    subject: str | None


class TimetablePeriod(Shape):
    """One period of the school day, in local time."""

    period: int
    name: str
    starts: time
    ends: time


class Timetable(Shape):
    """The weekly timetable of a term; without a term it is empty."""

    term: str | None
    start: date | None
    end: date | None
    periods: list[TimetablePeriod]
    lessons: list[TimetableEntry]


class Live(Shape):
    """One server-sent event `state`: assets whose state or last reading changed."""

    at: datetime
    assets: list["LiveAsset"]


class LiveAsset(Shape):
    """The newest knowledge of one asset."""

    asset: str
    asset_id: int | None
    state: State
    presence: Presence
    last_seen: datetime | None
    values: dict[str, float | bool | str]
