from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.telemetry.duckdb.rollups import statements
from cloud.telemetry.tables import PERIOD_USE, naive_utc
from cloud.utilization import rollup
from cloud.utilization.periods import Day, Period, cuts, local_day
from cloud.utilization.reference_rollup import Lesson, LessonRule, PeriodUse, Target, roll_up
from cloud.utilization.rollup_plan import rollup_plan
from device_profiles.usage import SLOT_S, UsageSlot

ZONE = ZoneInfo("Asia/Shanghai")
FRIDAY = date(2026, 11, 20)
ASSETS = ("A-1", "A-2", "未入账")
ROOMS = (None, "101", "102")
SLOT = timedelta(seconds=SLOT_S)


def slots_table(slots: list[UsageSlot], delay: timedelta = SLOT) -> pa.Table:
    return pa.table(
        {
            "school": pa.array(["s"] * len(slots), pa.string()),
            "asset": pa.array([s.asset for s in slots], pa.string()),
            "slot_start": pa.array([naive_utc(s.start) for s in slots], pa.timestamp("us")),
            "active_s": pa.array([s.active_s for s in slots], pa.float64()),
            "standby_s": pa.array([s.standby_s for s in slots], pa.float64()),
            "off_s": pa.array([s.off_s for s in slots], pa.float64()),
            "unobserved_s": pa.array([s.unobserved_s for s in slots], pa.float64()),
            "energy_wh": pa.array([s.energy_wh for s in slots], pa.float64()),
            "first_received_at": pa.array(
                [naive_utc(s.start + delay) for s in slots], pa.timestamp("us")
            ),
        }
    )


def by_duckdb(
    targets: list[Target],
    slots: list[UsageSlot],
    days: list[Day],
    lessons: set[Lesson],
    horizon: datetime,
    rule: LessonRule,
) -> list[PeriodUse]:
    with duckdb.connect() as con:
        con.register("slots", slots_table(slots))
        cut_rows = [cut for day in days for cut in cuts(day)]
        con.register("cuts", rollup.cuts_table("s", cut_rows, horizon))
        con.register("targets", rollup.targets_table(targets))
        con.register("lessons", rollup.lessons_table("s", lessons))
        sql = statements(rollup_plan(rule))
        con.execute(f"create table seen as {sql.seen}")
        cursor = con.execute(sql.period_use)
        assert [column[0] for column in cursor.description or ()] == PERIOD_USE.names
        return [
            PeriodUse(**dict(zip(PERIOD_USE.names, row, strict=True))) for row in cursor.fetchall()
        ]


@st.composite
def days(draw: st.DrawFn) -> list[Day]:
    days = []
    for offset in range(draw(st.integers(1, 3))):
        day = local_day(FRIDAY + timedelta(days=offset), ZONE)
        minute, periods = draw(st.integers(0, 600)), []
        for number in range(1, draw(st.integers(0, 4)) + 1):
            start = day.start + timedelta(minutes=minute)
            length = draw(st.integers(1, 60))
            periods.append(Period(number, "", start, start + timedelta(minutes=length)))
            minute += length + draw(st.integers(0, 30))
        days.append(local_day(day.day, ZONE, tuple(periods)))
    return days


@st.composite
def sent(draw: st.DrawFn) -> list[UsageSlot]:
    first = local_day(FRIDAY, ZONE).start
    keys = draw(st.sets(st.tuples(st.sampled_from(ASSETS), st.integers(0, 3 * 288)), max_size=60))
    slots = []
    for asset, number in sorted(keys):
        parts = sorted(draw(st.lists(st.integers(0, 300_000), min_size=3, max_size=3)))
        a, b, c = (part / 1000 for part in parts)
        energy = draw(st.none() | st.floats(0, 50))
        start = first + timedelta(seconds=number * SLOT_S)
        slots.append(UsageSlot(asset, start, a, b - a, c - b, SLOT_S - c, energy))
    return slots


@st.composite
def wanted(draw: st.DrawFn) -> list[Target]:
    keys = draw(st.sets(st.tuples(st.sampled_from(ASSETS), st.integers(0, 2)), max_size=9))
    return [
        Target(
            "s",
            asset,
            FRIDAY + timedelta(days=offset),
            draw(st.none() | st.integers(1, 9)),
            draw(st.sampled_from(ROOMS)),
            draw(st.sampled_from((None, "display"))),
            owes=draw(st.booleans()),
        )
        for asset, offset in sorted(keys)
    ]


LESSONS = st.sets(
    st.builds(
        Lesson,
        st.integers(0, 2).map(lambda n: FRIDAY + timedelta(days=n)),
        st.integers(1, 4),
        st.sampled_from(("101", "102")),
    )
)
RULES = st.sampled_from((LessonRule(), LessonRule(0.0, 0.0), LessonRule(0.8, 0.6)))
HORIZONS = st.integers(0, 3 * 1440).map(
    lambda n: datetime(2026, 11, 19, 16, tzinfo=UTC) + timedelta(minutes=n)
)


def comparable(row: PeriodUse) -> dict[str, Any]:
    return {column: getattr(row, column) for column in PERIOD_USE.names}


@settings(max_examples=60, deadline=None)
@given(wanted(), sent(), days(), LESSONS, HORIZONS, RULES)
def test_the_engine_agrees_with_the_reference(
    targets: list[Target],
    slots: list[UsageSlot],
    days: list[Day],
    lessons: set[Lesson],
    horizon: datetime,
    rule: LessonRule,
) -> None:
    def key(row: PeriodUse) -> tuple[str, date, int]:
        return row.asset, row.day, row.period

    reference = sorted(roll_up(targets, slots, days, lessons, horizon=horizon, rule=rule), key=key)
    engine = sorted(by_duckdb(targets, slots, days, lessons, horizon, rule), key=key)
    assert list(map(key, engine)) == list(map(key, reference))
    for mine, theirs in zip(engine, reference, strict=True):
        assert comparable(mine) == pytest.approx(comparable(theirs), abs=1e-6)


def test_a_row_has_the_columns_of_the_table() -> None:
    assert list(PeriodUse.__dataclass_fields__) == PERIOD_USE.names
