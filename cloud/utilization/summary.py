"""Use per asset, room, category or school, and per day, week or period, from the kept roll-up.

The lessons of a key depend on what the key is. An asset has the lessons of its room; a category is
the sum of its assets. A room has each of its lessons once (`cloud.utilization.room_lessons`); a
school is the sum of its rooms. Seconds and energy are sums over assets.

Only assets of the ledger count, and of those that are written off only each one's own use: as in a
score. A device knows a room, too. Where the ledger has none for its asset, the lessons of that room
count (a blank in the ledger must not hide them), and it is shown how many they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

from cloud.domain import UseSummary
from cloud.registry.rows import AssetRow
from cloud.telemetry.store import TelemetryStore
from cloud.utilization.due_slots import WRITTEN_OFF
from cloud.utilization.periods import BETWEEN, OUTSIDE
from cloud.utilization.room_lessons import room_lessons

By = Literal["asset", "room", "category", "school"]
Span = Literal["none", "day", "week", "period"]

_PART = ["key", "part"]
_LESSONS = ("lessons_scheduled", "lessons_observed", "lessons_used", "lessons_by_sensor")
_SCHOOL = pl.col("period") > OUTSIDE
"""In the school day: in a period, or between two."""


@dataclass(frozen=True, slots=True)
class LedgerMarks:
    """What the ledger decides of use: ids of assets that are written off, or have no room."""

    written_off: frozenset[int] = frozenset()
    without_room: frozenset[int] = frozenset()

    @staticmethod
    def of(assets: Iterable[AssetRow]) -> "LedgerMarks":
        """Return the marks of a school's assets."""
        rows = list(assets)
        return LedgerMarks(
            frozenset(row.id for row in rows if row.condition in WRITTEN_OFF),
            frozenset(row.id for row in rows if row.room is None),
        )


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
    marks: LedgerMarks,
    by: By = "school",
    span: Span = "none",
    category: str | None = None,
    asset_id: int | None = None,
) -> list[Use]:
    """Return use in a span of days, both included, ordered by key and span, 2 before 10."""
    table = await store.rollups.period_use(
        [school], start, end, asset_id=asset_id, category=category
    )
    rows = use_table(pl.DataFrame(table), by, span, marks)
    uses = [_use(row) for row in rows.to_dicts()]
    return sorted(uses, key=lambda use: (_in_order(use.key), _in_order(use.span or "")))


async def heat(
    store: TelemetryStore, school: str, asset_id: int, start: date, end: date
) -> list[CellUse]:
    """Return the use of an asset by weekday and period of the timetable."""
    table = await store.rollups.period_use([school], start, end, asset_id=asset_id)
    return [CellUse(**row) for row in heat_table(pl.DataFrame(table)).to_dicts()]


def nothing() -> UseSummary:
    """Return the use of nothing at all."""
    return UseSummary(
        lessons_scheduled=0,
        lessons_observed=0,
        lessons_used=0,
        lessons_by_sensor=0,
        use_rate=None,
        active_in_timetable_s=0.0,
        active_out_of_timetable_s=0.0,
        standby_s=0.0,
        standby_waste_s=0.0,
        off_s=0.0,
        unobserved_s=0.0,
        observed_share=None,
        energy_kwh=None,
        energy_observed_share=None,
    )


def only(uses: Iterable[Use]) -> UseSummary:
    """Return the summary of the one row there is, or that of nothing."""
    return next((use.summary for use in uses), nothing())


def use_table(rows: pl.DataFrame, by: By, span: Span, marks: LedgerMarks) -> pl.DataFrame:
    """Return the sums of rows `tables.PERIOD_USE` per `key` and `part` of the span."""
    key = {
        "asset": pl.col("asset_id").cast(pl.String),
        "room": pl.col("room"),
        "category": pl.col("category"),
        "school": pl.col("school"),
    }[by]
    # A constant, not null, for the whole span: keys that are null join nothing.
    part = {
        "none": pl.lit(""),
        "day": pl.col("day").cast(pl.String),
        "week": pl.col("week"),
        "period": pl.col("period").cast(pl.String),
    }[span]
    asset_id = pl.col("asset_id")
    by_sensor = asset_id.is_in(list(marks.without_room)) & pl.col("room").is_not_null()
    rows = rows.with_columns(
        key.alias("key"), part.alias("part"), by_sensor.alias("by_sensor")
    ).drop_nulls("key")
    if by != "asset":
        rows = rows.filter(~asset_id.is_in(list(marks.written_off)))
    lessons = _lessons(rows) if by in {"asset", "category"} else _room_lessons(rows)
    counts = pl.col(*_LESSONS)
    return _seconds(rows).join(lessons, on=_PART, how="left").with_columns(counts.fill_null(0))


def _seconds(rows: pl.DataFrame) -> pl.DataFrame:
    energy = pl.col("energy_wh")
    return rows.group_by(_PART).agg(
        assets=pl.col("asset_id").n_unique(),
        days=pl.col("day").filter(pl.col("period") > BETWEEN).n_unique(),
        active_in_timetable_s=pl.col("active_s").filter(pl.col("scheduled")).sum(),
        active_out_of_timetable_s=pl.col("active_s").filter(~pl.col("scheduled")).sum(),
        standby_s=pl.col("standby_s").sum(),
        standby_waste_s=pl.col("standby_s").filter(~_SCHOOL).sum(),
        off_s=pl.col("off_s").sum(),
        unobserved_s=pl.col("unobserved_s").sum(),
        due_in_school_s=pl.col("due_s").filter(_SCHOOL).sum(),
        unobserved_in_school_s=pl.col("unobserved_s").filter(_SCHOOL).sum(),
        energy_wh=pl.when(energy.count() > 0).then(energy.sum()),
        due_s=pl.col("due_s").sum(),
        metered_s=(pl.col("due_s") - pl.col("unobserved_s")).filter(energy.is_not_null()).sum(),
    )


def _lessons(rows: pl.DataFrame) -> pl.DataFrame:
    """Return lessons as each asset has them."""
    return rows.group_by(_PART).agg(
        lessons_scheduled=pl.col("lesson_over").sum(),
        lessons_observed=pl.col("lesson_observed").sum(),
        lessons_used=pl.col("lesson_used").sum(),
        lessons_by_sensor=(pl.col("lesson_over") & pl.col("by_sensor")).sum(),
    )


def _room_lessons(rows: pl.DataFrame) -> pl.DataFrame:
    """Return lessons once per room; by a sensor are those in which the ledger has no asset."""
    lessons = room_lessons(rows, *_PART, by_sensor=pl.col("by_sensor").all())
    return _lessons(lessons.with_columns(lesson_over=pl.lit(value=True)))


def heat_table(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of rows `tables.PERIOD_USE` per weekday and period."""
    return (
        rows.filter(pl.col("period") > BETWEEN)
        .group_by("weekday", "period")
        .agg(
            scheduled=pl.col("lesson_over").sum(),
            observed=pl.col("lesson_observed").sum(),
            used=pl.col("lesson_used").sum(),
            active_s=pl.col("active_s").sum(),
            seen_s=pl.sum_horizontal("active_s", "standby_s", "off_s").sum(),
        )
        .sort("weekday", "period")
    )


def _in_order(text: str) -> tuple[int, str]:
    """Return what sorts whole numbers as numbers, before any words."""
    return (int(text), "") if text.lstrip("-").isdecimal() else (10**12, text)


def _use(row: dict[str, Any]) -> Use:
    observed, used = row["lessons_observed"], row["lessons_used"]
    due, unobserved = row["due_in_school_s"], row["unobserved_in_school_s"]
    energy = row["energy_wh"]
    return Use(
        key=row["key"],
        span=row["part"] or None,
        assets=row["assets"],
        days=row["days"],
        summary=UseSummary(
            lessons_scheduled=row["lessons_scheduled"],
            lessons_observed=observed,
            lessons_used=used,
            lessons_by_sensor=row["lessons_by_sensor"],
            use_rate=used / observed if observed else None,
            active_in_timetable_s=row["active_in_timetable_s"],
            active_out_of_timetable_s=row["active_out_of_timetable_s"],
            standby_s=row["standby_s"],
            standby_waste_s=row["standby_waste_s"],
            off_s=row["off_s"],
            unobserved_s=row["unobserved_s"],
            observed_share=(due - unobserved) / due if due else None,
            energy_kwh=None if energy is None else energy / 1000,
            energy_observed_share=row["metered_s"] / row["due_s"] if row["due_s"] else None,
        ),
    )
