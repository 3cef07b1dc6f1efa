"""The Arrow schemas of what a store answers in bulk. Pure.

Days are local days of the school. Seconds and watt-hours are sums, rounded to a millionth.
"""

from datetime import UTC, datetime

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

SAMPLES = pa.schema([("sensor", pa.int32()), ("observed_ns", pa.int64()), ("value", pa.float64())])
"""Numeric readings; `sensor` is an index into the sensors that come with them."""

PERIOD_USE = pa.schema(
    [
        pa.field("school", pa.string(), nullable=False),
        pa.field("asset", pa.string(), nullable=False),
        pa.field("day", pa.date32(), nullable=False),
        pa.field("period", pa.int32(), nullable=False),
        pa.field("week", pa.string(), nullable=False),
        pa.field("weekday", pa.int32(), nullable=False),
        pa.field("asset_id", pa.int64()),
        pa.field("room", pa.string()),
        pa.field("category", pa.string()),
        pa.field("due_s", pa.float64(), nullable=False),
        pa.field("active_s", pa.float64(), nullable=False),
        pa.field("standby_s", pa.float64(), nullable=False),
        pa.field("off_s", pa.float64(), nullable=False),
        pa.field("unobserved_s", pa.float64(), nullable=False),
        pa.field("energy_wh", pa.float64()),
        pa.field("scheduled", pa.bool_(), nullable=False),
        pa.field("lesson_over", pa.bool_(), nullable=False),
        pa.field("lesson_observed", pa.bool_(), nullable=False),
        pa.field("lesson_used", pa.bool_(), nullable=False),
    ]
)
"""Use of one asset in one period of one day; `asset_id` is null for what the ledger lacks."""

DAY_USE = pa.schema(
    [
        pa.field("school", pa.string(), nullable=False),
        pa.field("asset", pa.string(), nullable=False),
        pa.field("day", pa.date32(), nullable=False),
        pa.field("week", pa.string(), nullable=False),
        pa.field("asset_id", pa.int64()),
        pa.field("room", pa.string()),
        pa.field("category", pa.string()),
        pa.field("due_slots", pa.float64(), nullable=False),
        pa.field("slots", pa.float64(), nullable=False),
        pa.field("in_time_slots", pa.float64()),
        pa.field("evening_due_s", pa.float64(), nullable=False),
        pa.field("evening_on_s", pa.float64(), nullable=False),
        pa.field("evening_unobserved_s", pa.float64(), nullable=False),
        pa.field("active_s", pa.float64(), nullable=False),
        pa.field("night_active_s", pa.float64(), nullable=False),
    ]
)
"""Use of one asset on one whole day; `in_time_slots` is null where for some slot of the day no
receipt is known."""

LAST_OBSERVED = pa.schema([("school", pa.string()), ("device", pa.string()), ("day", pa.date32())])
"""The last day on which seconds of a name in telemetry were observed."""


def naive_utc(moment: datetime) -> datetime:
    """Return an aware moment as the tables keep it: in UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
