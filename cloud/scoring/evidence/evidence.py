"""The evidence of a score: tables, for one school or for many. Pure.

Every table has a column `school`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

Columns = Mapping[str, type[pl.DataType] | pl.DataType]

SCHOOLS = {
    "school": pl.String,
    "name": pl.String,
    "division": pl.String,
    "school_type": pl.String,
    "urban_rural": pl.String,
    "classes": pl.Int64,
    "pupils": pl.Int64,
    "teachers": pl.Int64,
}
STAGES = {"school": pl.String, "stage": pl.String, "classes": pl.Int64, "pupils": pl.Int64}
"""Every stage a school teaches, its sizes null where unknown."""
ROOMS = {
    "school": pl.String,
    "room": pl.String,
    "name": pl.String,
    "use": pl.String,
    "area_m2": pl.Float64,
    "seats": pl.Int64,
    "home_class": pl.String,
}
ASSETS = {
    "school": pl.String,
    "asset_id": pl.Int64,
    "asset_no": pl.String,
    "name": pl.String,
    "category": pl.String,
    "classification_code": pl.String,
    "classification_list": pl.String,
    "model": pl.String,
    "unit": pl.String,
    "quantity": pl.Float64,
    "original_value_yuan": pl.Float64,
    "acquisition": pl.String,
    "acquired": pl.Date,
    "booked": pl.Date,
    "condition": pl.String,
    "room": pl.String,
    "department": pl.String,
    "custodian": pl.String,
    "tag": pl.String,
    "life_years": pl.Int64,
    "assessed": pl.Date,
    "reported": pl.Date,
}
"""`reported` is the last local day, up to the end of the span, with telemetry; null for none."""
USE = {
    "school": pl.String,
    "asset_id": pl.Int64,
    "category": pl.String,
    "room": pl.String,
    "day": pl.Date,
    "week": pl.String,
    "period": pl.Int64,
    "due_s": pl.Float64,
    "active_s": pl.Float64,
    "standby_s": pl.Float64,
    "off_s": pl.Float64,
    "unobserved_s": pl.Float64,
    "scheduled": pl.Boolean,
    "lesson_over": pl.Boolean,
    "lesson_observed": pl.Boolean,
    "lesson_used": pl.Boolean,
}
"""The roll-up (see `cloud.utilization.rollup`), rows of assets in the ledger."""
SENDERS = {"school": pl.String, "device": pl.String, "asset_id": pl.Int64}
"""Devices that reported up to the end of the span, and the asset each was bound to at the last
report."""
TICKETS: Columns = {
    "school": pl.String,
    "ticket_no": pl.String,
    "asset_id": pl.Int64,
    "origin": pl.String,
    "reported_at": pl.Datetime("us"),
    "accepted_at": pl.Datetime("us"),
    "closed_at": pl.Datetime("us"),
    "verified_at": pl.Datetime("us"),
    "is_fault": pl.Boolean,
}
"""Repairs reported within the span. Moments are the school's own, and only those up to its end."""
STOCKTAKES = {
    "school": pl.String,
    "asset_no": pl.String,
    "counted_on": pl.Date,
    "result": pl.String,
}
"""Of each asset number the last count up to the end of the span, at most a year before it."""
DISPOSALS = {
    "school": pl.String,
    "asset_no": pl.String,
    "disposed_on": pl.Date,
    "method": pl.String,
    "approval_no": pl.String,
    "record_no": pl.String,
}
"""Disposals up to the end of the span, at most a year before it."""
CHEMICALS = {
    "school": pl.String,
    "batch_no": pl.String,
    "name": pl.String,
    "book_quantity": pl.Float64,
    "counted_quantity": pl.Float64,
    "counted_on": pl.Date,
}
DECLARATIONS = {
    "school": pl.String,
    "item": pl.String,
    "value": pl.Float64,
    "declared_on": pl.Date,
    "confirmed": pl.Boolean,
}
"""Of each item the newest declaration up to the end of the span."""
AIR = {
    "school": pl.String,
    "room": pl.String,
    "quantity": pl.String,
    "occupied_s": pl.Float64,
    "seen_s": pl.Float64,
    "good_s": pl.Float64,
}
"""Rooms with a sensor of CO2 or light: seconds of the lessons timetabled there since its first
reading, how many of them have data, and in how many the air was good (see
`cloud.scoring.evidence.air_quality`)."""
DAYS: Columns = {
    "school": pl.String,
    "asset": pl.String,
    "day": pl.Date,
    "asset_id": pl.Int64,
    "category": pl.String,
    "due_slots": pl.Float64,
    "slots": pl.Float64,
    "in_time_slots": pl.Float64,
    "evening_due_s": pl.Float64,
    "evening_on_s": pl.Float64,
    "evening_unobserved_s": pl.Float64,
    "active_s": pl.Float64,
    "night_active_s": pl.Float64,
}
"""School days of assets in the ledger, each from midnight to midnight (the table `usage_days`)."""
YEAR = 365
"""Days for which a count or a disposal is of this year."""


def empty(columns: Columns) -> Callable[[], pl.DataFrame]:
    """Return what makes a table without rows."""
    return lambda: pl.DataFrame(schema=dict(columns))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of some schools over a span of days, both included."""

    start: date
    end: date
    schools: pl.DataFrame
    rooms: pl.DataFrame
    assets: pl.DataFrame
    use: pl.DataFrame
    senders: pl.DataFrame
    stages: pl.DataFrame = field(default_factory=empty(STAGES))
    tickets: pl.DataFrame = field(default_factory=empty(TICKETS))
    stocktakes: pl.DataFrame = field(default_factory=empty(STOCKTAKES))
    disposals: pl.DataFrame = field(default_factory=empty(DISPOSALS))
    chemicals: pl.DataFrame = field(default_factory=empty(CHEMICALS))
    declarations: pl.DataFrame = field(default_factory=empty(DECLARATIONS))
    air: pl.DataFrame = field(default_factory=empty(AIR))
    days: pl.DataFrame = field(default_factory=empty(DAYS))


def table(rows: list[dict[str, object]], columns: Columns) -> pl.DataFrame:
    """Return rows as a table of exactly these columns."""
    return pl.DataFrame(rows, schema=dict(columns), orient="row")
