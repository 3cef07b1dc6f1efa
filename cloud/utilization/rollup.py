"""The heavy sums of `cloud.utilization.reference_rollup` as one expression over unbound tables.

Pure. An engine is chosen by what runs it: the store's own, or Spark over Parquet for a province.
Only joins on equality, sums and conditionals are used, no function of one engine. Time zones and
calendars stay out of it: Python cuts a school's day into slots once (`periods.cuts`), for
all its assets, and the expression joins on the slot's start.

Inputs: `slots` as stored; `cuts`, the slots of each school day by period; `targets`, the assets and
days wanted; `lessons`, what was timetabled. The slots are gone through once: `seen` is what arrived
per asset, day and period, and both tables follow from it, `usage_rollup` here and `usage_days` in
`cloud.utilization.daily_rollup`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import ibis  # type: ignore[import-untyped]  # it ships no types
import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.telemetry.tables import PERIOD_USE, naive_utc
from cloud.utilization.periods import Cut, week_of
from cloud.utilization.reference_rollup import GRACE, SLACK_S, Lesson, LessonRule, Target, is_due
from device_profiles.usage import SLOT_S

_IN_TIME = timedelta(seconds=SLOT_S) + GRACE

_SLOTS = {
    "school": "string",
    "asset": "string",
    "slot_start": "timestamp",
    "active_s": "float64",
    "standby_s": "float64",
    "off_s": "float64",
    "unobserved_s": "float64",
    "energy_wh": "float64",
    "first_received_at": "timestamp",
}
_SENT = {
    "school": "string",
    "asset": "string",
    "slot_start": "timestamp",
    "room": "string",
    "category": "string",
}
_CUTS = {
    "school": "string",
    "day": "date",
    "period": "int32",
    "slot_start": "timestamp",
    "overlap_s": "float64",
    "due_s": "float64",
    "evening_s": "float64",
    "night_s": "float64",
    "late_after": "timestamp",
}
_TARGETS = {
    "school": "string",
    "asset": "string",
    "day": "date",
    "week": "string",
    "weekday": "int32",
    "asset_id": "int64",
    "room": "string",
    "category": "string",
    "owes": "boolean",
}
_LESSONS = {"school": "string", "day": "date", "period": "int32", "room": "string"}


_SEEN = {
    "school": "string",
    "asset": "string",
    "day": "date",
    "period": "int32",
    "seen_active_s": "float64",
    "seen_standby_s": "float64",
    "seen_off_s": "float64",
    "energy_wh": "float64",
    "arrived_s": "float64",
    "early_s": "float64",
    "told_s": "float64",
    "in_time_s": "float64",
    "undated_s": "float64",
    "evening_arrived_s": "float64",
    "evening_early_s": "float64",
    "evening_on_s": "float64",
    "evening_off_s": "float64",
    "night_active_s": "float64",
}
SLOTS = ibis.table(_SLOTS, name="slots")
SENT = ibis.table(_SENT, name="slots")
"""The same table, with the columns of the senders."""
CUTS = ibis.table(_CUTS, name="cuts")
TARGETS = ibis.table(_TARGETS, name="targets")
LESSONS = ibis.table(_LESSONS, name="lessons")
SEEN = ibis.table(_SEEN, name="seen")


def senders(slots: ir.Table) -> ir.Table:
    """Return who sent slots: since when, and with the tags of the newest slot."""
    return slots.group_by("school", "asset").agg(
        first_slot=slots.slot_start.min(),
        room=slots.room.argmax(slots.slot_start),
        category=slots.category.argmax(slots.slot_start),
        last_slot=slots.slot_start.max(),
    )


def rollup(
    seen: ir.Table, cuts: ir.Table, targets: ir.Table, lessons: ir.Table, rule: LessonRule
) -> ir.Table:
    """Return use per target and period; the same as `reference_rollup.roll_up`."""
    lengths = cuts.group_by("school", "day", "period").agg(
        length_s=cuts.overlap_s.sum(), ended_s=cuts.due_s.sum()
    )
    rows = (
        targets.join(lengths, ["school", "day"])
        .left_join(seen, ["school", "asset", "day", "period"])
        .drop("school_right", "asset_right", "day_right", "period_right")
    )
    timetabled = lessons.distinct().mutate(timetabled=True)
    rows = rows.left_join(timetabled, ["school", "day", "period", "room"])
    return _judged(rows.drop("school_right", "day_right", "period_right", "room_right"), rule)


def seen(slots: ir.Table, cuts: ir.Table) -> ir.Table:
    """Return what arrived per asset, day and period."""
    parts = slots.join(cuts, ["school", "slot_start"])
    share, evening, night = (parts[name] / SLOT_S for name in ("overlap_s", "evening_s", "night_s"))
    is_observed = parts.unobserved_s.coalesce(0.0) < SLOT_S
    is_in_time = is_observed & (parts.first_received_at <= parts.late_after)
    return parts.group_by("school", "asset", "day", "period").agg(
        seen_active_s=(parts.active_s * share).sum(),
        seen_standby_s=(parts.standby_s * share).sum(),
        seen_off_s=(parts.off_s * share).sum(),
        energy_wh=(parts.energy_wh * share).sum(),
        arrived_s=parts.overlap_s.sum(),
        early_s=(parts.overlap_s - parts.due_s).sum(),
        told_s=ibis.ifelse(is_observed, parts.overlap_s, 0.0).sum(),
        in_time_s=ibis.ifelse(is_in_time, parts.overlap_s, 0.0).sum(),
        undated_s=ibis.ifelse(
            is_observed & parts.first_received_at.isnull(), parts.overlap_s, 0.0
        ).sum(),
        evening_arrived_s=parts.evening_s.sum(),
        evening_early_s=ibis.ifelse(parts.due_s > 0, 0.0, parts.evening_s).sum(),
        evening_on_s=(
            (parts.active_s.coalesce(0.0) + parts.standby_s.coalesce(0.0)) * evening
        ).sum(),
        evening_off_s=(parts.off_s * evening).sum(),
        night_active_s=(parts.active_s * night).sum(),
    )


def _judged(rows: ir.Table, rule: LessonRule) -> ir.Table:
    """Fill what is missing, and judge the lessons."""
    rows = rows.mutate(
        active_s=rows.seen_active_s.coalesce(0.0),
        standby_s=rows.seen_standby_s.coalesce(0.0),
        off_s=rows.seen_off_s.coalesce(0.0),
        due_s=ibis.ifelse(
            rows.owes, rows.ended_s + rows.early_s.coalesce(0.0), rows.arrived_s.coalesce(0.0)
        ),
        scheduled=rows.timetabled.coalesce(False),
    )
    rows = rows.filter(rows.due_s > 0)
    rows = rows.mutate(
        seen_s=rows.active_s + rows.standby_s + rows.off_s,
        lesson_over=rows.scheduled & (rows.due_s + SLACK_S >= rows.length_s),
    )
    rows = rows.mutate(
        unobserved_s=ibis.ifelse(rows.due_s > rows.seen_s, rows.due_s - rows.seen_s, 0.0),
        lesson_observed=rows.lesson_over
        & (rows.seen_s + SLACK_S >= rows.length_s * rule.observed_share),
    )
    rows = rows.mutate(
        lesson_used=rows.lesson_observed
        & (rows.active_s + SLACK_S >= rows.length_s * rule.used_share)
    )
    return exact(rows.select(*PERIOD_USE.names))


def exact(rows: ir.Table) -> ir.Table:
    """Round sums to a millionth: in whatever order an engine adds, the evidence is the same."""
    sums = [name for name in rows.columns if name.endswith(("_s", "_wh"))]
    return rows.mutate(**{name: rows[name].round(6) for name in sums})


LESSONS_SCHEMA = pa.schema(
    [("school", pa.string()), ("day", pa.date32()), ("period", pa.int32()), ("room", pa.string())]
)


def cuts_table(school: str, cuts: Iterable[Cut], horizon: datetime) -> pa.Table:
    """Return the cuts of a school's days as an Arrow table."""
    rows = list(cuts)
    return pa.table(
        {
            "school": pa.array([school] * len(rows), pa.string()),
            "day": pa.array([c.day for c in rows], pa.date32()),
            "period": pa.array([c.period for c in rows], pa.int32()),
            "slot_start": pa.array([naive_utc(c.slot_start) for c in rows], pa.timestamp("us")),
            "overlap_s": pa.array([c.overlap_s for c in rows], pa.float64()),
            "due_s": pa.array(
                [c.overlap_s if is_due(c, horizon) else 0.0 for c in rows], pa.float64()
            ),
            "evening_s": pa.array([c.evening_s for c in rows], pa.float64()),
            "night_s": pa.array([c.night_s for c in rows], pa.float64()),
            "late_after": pa.array(
                [naive_utc(c.slot_start + _IN_TIME) for c in rows], pa.timestamp("us")
            ),
        }
    )


def targets_table(targets: Sequence[Target]) -> pa.Table:
    """Return the targets as an Arrow table."""
    return pa.table(
        {
            "school": pa.array([t.school for t in targets], pa.string()),
            "asset": pa.array([t.asset for t in targets], pa.string()),
            "day": pa.array([t.day for t in targets], pa.date32()),
            "week": pa.array([week_of(t.day) for t in targets], pa.string()),
            "weekday": pa.array([t.day.isoweekday() for t in targets], pa.int32()),
            "asset_id": pa.array([t.asset_id for t in targets], pa.int64()),
            "room": pa.array([t.room for t in targets], pa.string()),
            "category": pa.array([t.category for t in targets], pa.string()),
            "owes": pa.array([t.owes for t in targets], pa.bool_()),
        }
    )


def lessons_table(school: str, lessons: Iterable[Lesson]) -> pa.Table:
    """Return the lessons of a school as an Arrow table."""
    rows = list(lessons)
    return pa.table(
        {
            "school": [school] * len(rows),
            "day": [lesson.day for lesson in rows],
            "period": [lesson.period for lesson in rows],
            "room": [lesson.room for lesson in rows],
        },
        schema=LESSONS_SCHEMA,
    )
