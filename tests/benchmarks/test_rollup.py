"""The roll-up of a school's term-month: DuckDB's run of the expression against plain Python."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest

from cloud.registry.store import Registry
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.duckdb.rollups import statements
from cloud.telemetry.tables import naive_utc
from cloud.utilization import rollup
from cloud.utilization.periods import Day, Period, cuts, local_day
from cloud.utilization.reference_rollup import Lesson, LessonRule, Target, roll_up
from cloud.utilization.refresh import Rollups
from cloud.utilization.rollup_plan import rollup_plan
from device_profiles.usage import UsageSlot
from tests._parts.small_school import SCHOOL, TestClock, fill, local, send

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 10, 26)
DAYS, ASSETS, PERIODS = 28, 40, 8


def school_day(day: date) -> Day:
    bare = local_day(day, ZONE)
    if day.isoweekday() > 5:
        return bare
    starts = [bare.start + timedelta(hours=8, minutes=50 * n) for n in range(PERIODS)]
    periods = tuple(
        Period(n, "", start, start + timedelta(minutes=40)) for n, start in enumerate(starts, 1)
    )
    return local_day(day, ZONE, periods)


def every_slot(day: Day, asset: str, random: Random) -> list[UsageSlot]:
    frames = []
    for number in range(288):
        active = random.randrange(301)
        start = day.start + timedelta(minutes=5 * number)
        frames.append(UsageSlot(asset, start, active, 300 - active, 0, 0, random.random()))
    return frames


def timed(work: Callable[[], int]) -> tuple[int, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


@pytest.mark.benchmark
def test_the_engine_against_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    random = Random(1)
    days = [school_day(FIRST + timedelta(days=n)) for n in range(DAYS)]
    names = [f"A-{n}" for n in range(ASSETS)]
    slots = [slot for day in days for name in names for slot in every_slot(day, name, random)]
    targets = [
        Target(SCHOOL, name, day.day, n, f"{n}", "display", owes=True)
        for day in days
        for n, name in enumerate(names)
    ]
    lessons = {
        Lesson(day.day, period.number, f"{n}")
        for day in days
        for period in day.periods
        for n in range(ASSETS)
    }
    horizon, rule = days[-1].end, LessonRule()
    table = pa.table(
        {
            "school": pa.array([SCHOOL] * len(slots)),
            "asset": pa.array([s.asset for s in slots]),
            "slot_start": pa.array([naive_utc(s.start) for s in slots], pa.timestamp("us")),
            "active_s": pa.array([float(s.active_s) for s in slots]),
            "standby_s": pa.array([float(s.standby_s) for s in slots]),
            "off_s": pa.array([float(s.off_s) for s in slots]),
            "unobserved_s": pa.array([float(s.unobserved_s) for s in slots]),
            "energy_wh": pa.array([s.energy_wh for s in slots]),
            "first_received_at": pa.array([naive_utc(s.start) for s in slots], pa.timestamp("us")),
        }
    )

    def by_engine() -> int:
        con.register("cuts", rollup.cuts_table(SCHOOL, (c for d in days for c in cuts(d)), horizon))
        con.register("targets", rollup.targets_table(targets))
        con.register("lessons", rollup.lessons_table(SCHOOL, lessons))
        con.execute(f"create or replace table seen as {sql.seen}")
        return len(con.execute(sql.period_use).fetchall())

    with duckdb.connect(config={"threads": 2}) as con:
        con.register("incoming", table)
        con.execute("create table slots as select * from incoming")
        sql = statements(rollup_plan(rule))
        engine_rows, engine_s = timed(by_engine)
    python_rows, python_s = timed(
        lambda: len(roll_up(targets, slots, days, lessons, horizon=horizon, rule=rule))
    )
    assert engine_rows == python_rows
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nroll-up of {len(slots):,} slots to {engine_rows:,} rows: "
            f"DuckDB {engine_s:.2f} s, Python {python_s:.2f} s, "
            f"{python_s / engine_s:.1f} times as fast"
        )


@pytest.mark.benchmark
async def test_history_is_rolled_up_as_it_arrives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(1)
    clock = TestClock(local("23:59"))
    registry = Registry.open("sqlite://")
    fill(registry)
    store = DuckDBStore(tmp_path / "telemetry.duckdb", clock=clock)
    rollups = Rollups(store, registry, clock)
    await rollups.prepare()
    days = [school_day(FIRST + timedelta(days=n)) for n in range(DAYS)]
    sent = written_s = rolled_s = 0.0
    for day in days:
        slots = [s for n in range(ASSETS) for s in every_slot(day, f"B-{n}", random)]
        start = time.perf_counter()
        await send(store, slots)
        written_s += time.perf_counter() - start
        start = time.perf_counter()
        await rollups.settled()
        rolled_s += time.perf_counter() - start
        sent += len(slots)
    start = time.perf_counter()
    await rollups.rebuild(SCHOOL)
    rebuilt_s = time.perf_counter() - start
    store.close()
    registry.close()
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\n{sent:,.0f} slots: stored in {written_s:.1f} s, rolled up day by day in "
            f"{rolled_s:.1f} s, rebuilt in {rebuilt_s:.1f} s"
        )
