"""The heavy sums of `cloud.utilization.use` as one expression over unbound tables.

An engine is chosen by whoever runs it: `sql("duckdb")` here, Spark over Parquet for a province.
Only joins on equality, sums and conditionals are used, no function of one engine. Time zones and
calendars stay out of it: Python cuts a school's day into slots once (`periods.cuts`), for
all its assets, and the expression joins on the slot's start.

Inputs: `slots` as stored; `cuts`, the slots of each school day by period; `targets`, the assets and
days wanted; `lessons`, what was timetabled. Output: the columns of the table `usage_rollup`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache

import ibis  # type: ignore[import-untyped]  # it ships no types
import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.utilization.periods import Cut, week_of
from cloud.utilization.use import SLACK_S, Lesson, LessonRule, Target, is_due
from device_profiles.usage import SLOT_S

TABLE = "usage_rollup"

DDL = f"""
create table if not exists {TABLE} (
    school varchar not null,
    asset varchar not null,
    day date not null,
    period integer not null,
    week varchar not null,
    weekday integer not null,
    asset_id bigint,
    room varchar,
    category varchar,
    due_s double not null,
    active_s double not null,
    standby_s double not null,
    off_s double not null,
    unobserved_s double not null,
    energy_wh double,
    scheduled boolean not null,
    lesson_over boolean not null,
    lesson_observed boolean not null,
    lesson_used boolean not null,
    primary key (school, asset, day, period)
)
"""

COLUMNS = (
    "school",
    "asset",
    "day",
    "period",
    "week",
    "weekday",
    "asset_id",
    "room",
    "category",
    "due_s",
    "active_s",
    "standby_s",
    "off_s",
    "unobserved_s",
    "energy_wh",
    "scheduled",
    "lesson_over",
    "lesson_observed",
    "lesson_used",
)

_SLOTS = {
    "school": "string",
    "asset": "string",
    "slot_start": "timestamp",
    "active_s": "float64",
    "standby_s": "float64",
    "off_s": "float64",
    "energy_wh": "float64",
}
_CUTS = {
    "school": "string",
    "day": "date",
    "period": "int32",
    "slot_start": "timestamp",
    "overlap_s": "float64",
    "due_s": "float64",
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


@cache
def sql(dialect: str, rule: LessonRule) -> str:
    """Return the roll-up for an engine, over tables named slots, cuts, targets and lessons."""
    rows = rollup(
        ibis.table(_SLOTS, name="slots"),
        ibis.table(_CUTS, name="cuts"),
        ibis.table(_TARGETS, name="targets"),
        ibis.table(_LESSONS, name="lessons"),
        rule,
    )
    return str(ibis.to_sql(rows, dialect=dialect))


def rollup(
    slots: ir.Table, cuts: ir.Table, targets: ir.Table, lessons: ir.Table, rule: LessonRule
) -> ir.Table:
    """Return use per target and period; the same as `cloud.utilization.use.roll_up`."""
    lengths = cuts.group_by("school", "day", "period").agg(
        length_s=cuts.overlap_s.sum(), ended_s=cuts.due_s.sum()
    )
    rows = (
        targets.join(lengths, ["school", "day"])
        .left_join(_seen(slots, cuts, targets), ["school", "asset", "day", "period"])
        .drop("school_right", "asset_right", "day_right", "period_right")
    )
    timetabled = lessons.distinct().mutate(timetabled=True)
    rows = rows.left_join(timetabled, ["school", "day", "period", "room"])
    return _judged(rows.drop("school_right", "day_right", "period_right", "room_right"), rule)


def _seen(slots: ir.Table, cuts: ir.Table, targets: ir.Table) -> ir.Table:
    """Return what arrived per asset, day and period."""
    wanted = slots.join(cuts, ["school", "slot_start"]).semi_join(
        targets, ["school", "asset", "day"]
    )
    share = wanted.overlap_s / SLOT_S
    return wanted.group_by("school", "asset", "day", "period").agg(
        seen_active_s=(wanted.active_s * share).sum(),
        seen_standby_s=(wanted.standby_s * share).sum(),
        seen_off_s=(wanted.off_s * share).sum(),
        energy_wh=(wanted.energy_wh * share).sum(),
        arrived_s=wanted.overlap_s.sum(),
        early_s=(wanted.overlap_s - wanted.due_s).sum(),
    )


def _judged(rows: ir.Table, rule: LessonRule) -> ir.Table:
    """Fill what is missing, and say what became of the lessons."""
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
    return rows.select(*COLUMNS)


def cuts_table(school: str, cuts: Iterable[Cut], horizon: datetime) -> pa.Table:
    """Return the cuts of a school's days as an Arrow table."""
    found = list(cuts)
    return pa.table(
        {
            "school": pa.array([school] * len(found), pa.string()),
            "day": pa.array([c.day for c in found], pa.date32()),
            "period": pa.array([c.period for c in found], pa.int32()),
            "slot_start": pa.array([naive_utc(c.slot_start) for c in found], pa.timestamp("us")),
            "overlap_s": pa.array([c.overlap_s for c in found], pa.float64()),
            "due_s": pa.array(
                [c.overlap_s if is_due(c, horizon) else 0.0 for c in found], pa.float64()
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
    found = list(lessons)
    return pa.table(
        {
            "school": pa.array([school] * len(found), pa.string()),
            "day": pa.array([lesson.day for lesson in found], pa.date32()),
            "period": pa.array([lesson.period for lesson in found], pa.int32()),
            "room": pa.array([lesson.room for lesson in found], pa.string()),
        }
    )


def naive_utc(moment: datetime) -> datetime:
    """Return the moment as the store keeps it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
