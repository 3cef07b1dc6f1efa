"""Answers from the roll-up: use per asset, room, category or school, per day, week or period.

What a lesson is depends on who asks. An asset has the lessons of its room; a category is the sum of
its assets. A room has each of its lessons once: observed or used when any of its teaching assets
was (`use.TEACHING`); a school is the sum of its rooms. Seconds and energy are sums over assets.
Only assets of the ledger count. All sums are Ibis expressions over the table `usage_rollup`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal

import duckdb
import ibis  # type: ignore[import-untyped]  # it ships no types
import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types

from cloud.domain import UseSummary
from cloud.telemetry.store import TelemetryStore
from cloud.utilization.periods import BETWEEN, OUTSIDE
from cloud.utilization.reference_rollup import TEACHING

By = Literal["asset", "room", "category", "school"]
Span = Literal["none", "day", "week", "period"]

_ROWS = {
    "school": "string",
    "asset_id": "int64",
    "room": "string",
    "category": "string",
    "day": "date",
    "week": "string",
    "weekday": "int32",
    "period": "int32",
    "due_s": "float64",
    "active_s": "float64",
    "standby_s": "float64",
    "off_s": "float64",
    "unobserved_s": "float64",
    "energy_wh": "float64",
    "scheduled": "boolean",
    "lesson_over": "boolean",
    "lesson_observed": "boolean",
    "lesson_used": "boolean",
}
_WANTED = """
with wanted as (
    select * from usage_rollup
    where school = $school and day between $start and $end and asset_id is not null
    and ($category is null or category = $category)
    and ($asset_id is null or asset_id = $asset_id)
)
select * from (
"""


@dataclass(frozen=True, slots=True)
class Use:
    """Use of one key (an asset's id as text, a room, a category, a school) in one span."""

    key: str
    span: str | None
    assets: int
    days: int
    """School days on which anything was due."""
    summary: UseSummary


@dataclass(frozen=True, slots=True)
class CellUse:
    """Use of one asset in one period of one weekday."""

    weekday: int
    period: int
    scheduled: int
    observed: int
    used: int
    active_s: float
    seen_s: float


async def use(
    store: TelemetryStore,
    school: str,
    start: date,
    end: date,
    *,
    by: By = "school",
    span: Span = "none",
    category: str | None = None,
    asset_id: int | None = None,
) -> list[Use]:
    """Return use in a span of days, both included, ordered by key and span, 2 before 10."""
    rows = await store.read(
        lambda con: _ask(con, _use_sql(by, span), school, start, end, category, asset_id)
    )
    found = [_use(row) for row in rows]
    return sorted(found, key=lambda one: (_in_order(one.key), _in_order(one.span or "")))


async def heat(
    store: TelemetryStore, school: str, asset_id: int, start: date, end: date
) -> list[CellUse]:
    """Return the use of an asset by weekday and period of the timetable."""
    rows = await store.read(lambda con: _ask(con, _heat_sql(), school, start, end, None, asset_id))
    return [CellUse(**row) for row in rows]


def nothing() -> UseSummary:
    """Return the use of nothing at all."""
    return UseSummary(
        lessons_scheduled=0,
        lessons_observed=0,
        lessons_used=0,
        use_rate=None,
        active_in_timetable_s=0.0,
        active_out_of_timetable_s=0.0,
        standby_s=0.0,
        standby_waste_s=0.0,
        off_s=0.0,
        unobserved_s=0.0,
        observed_share=None,
        energy_kwh=None,
    )


def only(found: Iterable[Use]) -> UseSummary:
    """Return the summary of the one row there is, or that of nothing."""
    return next((one.summary for one in found), nothing())


def _ask(
    con: duckdb.DuckDBPyConnection,
    query: str,
    school: str,
    start: date,
    end: date,
    category: str | None,
    asset_id: int | None,
) -> list[dict[str, Any]]:
    parameters = {
        "school": school,
        "start": start,
        "end": end,
        "category": category,
        "asset_id": asset_id,
    }
    cursor = con.execute(query, parameters)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@cache
def _use_sql(by: By, span: Span) -> str:
    rows = ibis.table(_ROWS, name="wanted")
    return _WANTED + str(ibis.to_sql(use_expression(rows, by, span), dialect="duckdb")) + ")"


@cache
def _heat_sql() -> str:
    rows = ibis.table(_ROWS, name="wanted")
    return _WANTED + str(ibis.to_sql(heat_expression(rows), dialect="duckdb")) + ")"


def use_expression(rows: ir.Table, by: By, span: Span) -> ir.Table:
    """Return the sums per key and span."""
    key = {
        "asset": rows.asset_id.cast("string"),
        "room": rows.room,
        "category": rows.category,
        "school": rows.school,
    }[by]
    # A constant, not null, for the whole span: keys that are null join nothing.
    part = {
        "none": ibis.literal(""),
        "day": rows.day.cast("string"),
        "week": rows.week,
        "period": rows.period.cast("string"),
    }[span]
    rows = rows.mutate(key=key, part=part).filter(lambda t: t.key.notnull())
    lessons = _lessons(rows) if by in {"asset", "category"} else _room_lessons(rows)
    sums = _seconds(rows).left_join(lessons, ["key", "part"])
    sums = sums.drop("key_right", "part_right")
    filled = {
        name: sums[name].coalesce(0)
        for name in ("lessons_scheduled", "lessons_observed", "lessons_used")
    }
    return sums.mutate(**filled)


def _seconds(rows: ir.Table) -> ir.Table:
    in_school = rows.period > OUTSIDE
    return rows.group_by("key", "part").agg(
        assets=rows.asset_id.nunique(),
        days=rows.day.nunique(where=rows.period > BETWEEN),
        active_in_timetable_s=rows.active_s.sum(where=rows.scheduled),
        active_out_of_timetable_s=rows.active_s.sum(where=~rows.scheduled),
        standby_s=rows.standby_s.sum(),
        standby_waste_s=rows.standby_s.sum(where=~in_school),
        off_s=rows.off_s.sum(),
        unobserved_s=rows.unobserved_s.sum(),
        due_in_school_s=rows.due_s.sum(where=in_school),
        unobserved_in_school_s=rows.unobserved_s.sum(where=in_school),
        energy_wh=rows.energy_wh.sum(),
    )


def _lessons(rows: ir.Table) -> ir.Table:
    """Return lessons as each asset has them."""
    return rows.group_by("key", "part").agg(
        lessons_scheduled=rows.lesson_over.sum(),
        lessons_observed=rows.lesson_observed.sum(),
        lessons_used=rows.lesson_used.sum(),
    )


def _room_lessons(rows: ir.Table) -> ir.Table:
    """Return lessons once per room."""
    teaching = rows.filter(rows.category.isin(sorted(TEACHING)) & rows.scheduled)
    once = teaching.group_by("key", "part", "room", "day", "period").agg(
        lesson_over=teaching.lesson_over.any(),
        lesson_observed=teaching.lesson_observed.any(),
        lesson_used=teaching.lesson_used.any(),
    )
    return _lessons(once)


def heat_expression(rows: ir.Table) -> ir.Table:
    """Return the sums per weekday and period."""
    rows = rows.filter(rows.period > BETWEEN)
    return (
        rows.group_by("weekday", "period")
        .agg(
            scheduled=rows.lesson_over.sum(),
            observed=rows.lesson_observed.sum(),
            used=rows.lesson_used.sum(),
            active_s=rows.active_s.sum(),
            seen_s=(rows.active_s + rows.standby_s + rows.off_s).sum(),
        )
        .order_by("weekday", "period")
    )


def _in_order(text: str) -> tuple[int, str]:
    """Return what sorts whole numbers as numbers, before any words."""
    return (int(text), "") if text.lstrip("-").isdecimal() else (10**12, text)


def _use(row: dict[str, Any]) -> Use:
    observed, used = int(row["lessons_observed"]), int(row["lessons_used"])
    due = row["due_in_school_s"] or 0.0
    unobserved = row["unobserved_in_school_s"] or 0.0
    energy = row["energy_wh"]
    return Use(
        key=row["key"],
        span=row["part"] or None,
        assets=row["assets"],
        days=row["days"],
        summary=UseSummary(
            lessons_scheduled=int(row["lessons_scheduled"]),
            lessons_observed=observed,
            lessons_used=used,
            use_rate=used / observed if observed else None,
            active_in_timetable_s=row["active_in_timetable_s"] or 0.0,
            active_out_of_timetable_s=row["active_out_of_timetable_s"] or 0.0,
            standby_s=row["standby_s"],
            standby_waste_s=row["standby_waste_s"] or 0.0,
            off_s=row["off_s"],
            unobserved_s=row["unobserved_s"],
            observed_share=(due - unobserved) / due if due else None,
            energy_kwh=None if energy is None else energy / 1000,
        ),
    )
