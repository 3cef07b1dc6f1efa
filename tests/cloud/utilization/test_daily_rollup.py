from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.telemetry.duckdb.rollups import statements
from cloud.telemetry.tables import DAY_USE, naive_utc
from cloud.utilization import rollup
from cloud.utilization.periods import Day, Period, cuts, local_day
from cloud.utilization.reference_daily import DayUse, use_of_days
from cloud.utilization.reference_rollup import LessonRule, Target
from cloud.utilization.rollup_plan import rollup_plan
from device_profiles.usage import SLOT_S, UsageSlot

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
SLOT = timedelta(seconds=SLOT_S)
IN_TIME = timedelta(minutes=15)
OWED = Target("s", "A-1", MONDAY, 1, "101", "display", owes=True)


def at(text: str, day: date = MONDAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=ZONE).astimezone(UTC)


def slot(text: str, delay: timedelta = SLOT, **seconds: float) -> tuple[UsageSlot, datetime | None]:
    spent = {f"{s}_s": seconds.get(s, 0.0) for s in ("active", "standby", "off", "unobserved")}
    start = at(text)
    return UsageSlot("A-1", start, **spent), start + delay


def use_of(
    *slots: tuple[UsageSlot, datetime | None], target: Target = OWED, until: str = "23:59"
) -> DayUse:
    (day_use,) = use_of_days([target], slots, [local_day(MONDAY, ZONE)], horizon=at(until))
    return day_use


def test_every_slot_that_has_ended_is_due() -> None:
    day_use = use_of(until="12:00")
    assert (day_use.due_slots, day_use.slots, day_use.evening_due_s) == (144, 0, 0)


def test_a_slot_without_any_observation_does_not_count() -> None:
    day_use = use_of(slot("08:00", off=300), slot("08:05", unobserved=300))
    assert (day_use.slots, day_use.in_time_slots) == (1, 1)


def test_a_slot_may_take_ten_minutes_after_its_end() -> None:
    late = IN_TIME + timedelta(seconds=1)
    day_use = use_of(slot("08:00", IN_TIME, active=300), slot("08:05", late, active=300))
    assert (day_use.slots, day_use.in_time_slots, day_use.active_s) == (2, 1, 600)


def test_a_slot_of_unknown_arrival_is_not_late() -> None:
    undated = slot("08:10", active=300)[0], None
    assert use_of(slot("08:00", active=300), undated).in_time_slots is None
    hidden = slot("08:10", unobserved=300)[0], None
    assert use_of(slot("08:00", active=300), hidden).in_time_slots == 1


def test_on_late_in_the_evening_is_distinguished_from_unobserved() -> None:
    day_use = use_of(
        slot("21:55", active=300),
        slot("22:00", active=100, standby=150, off=50),
        slot("23:00", standby=200, unobserved=100),
        slot("23:05", off=300),
        until="23:30",
    )
    assert (day_use.evening_due_s, day_use.evening_on_s) == (5400, 450)
    assert day_use.evening_unobserved_s == 5400 - 450 - 350


def test_the_night_ends_at_five() -> None:
    assert use_of(slot("04:55", active=120), slot("05:00", active=300)).night_active_s == 120


def test_who_owes_nothing_is_due_for_what_it_sent() -> None:
    target = Target("s", "A-1", MONDAY, None, None, None, owes=False)
    day_use = use_of(slot("22:30", off=300), target=target)
    assert (day_use.due_slots, day_use.evening_due_s, day_use.evening_unobserved_s) == (1, 300, 0)
    assert use_of_days([target], [], [local_day(MONDAY, ZONE)], horizon=at("23:59")) == []


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 4), (date(2026, 10, 25), 6), (date(2026, 11, 2), 5)]
)
def test_the_night_of_a_clock_change_is_shorter_or_longer(day: date, hours: int) -> None:
    local = local_day(day, ZoneInfo("Europe/Berlin"))
    assert local.night_end - local.start == timedelta(hours=hours)
    assert local.end - local.evening == timedelta(hours=2)


def by_duckdb(
    targets: list[Target],
    slots: list[tuple[UsageSlot, datetime | None]],
    days: list[Day],
    horizon: datetime,
) -> list[DayUse]:
    usage_slots = [s for s, _ in slots]
    table = {
        "school": pa.array(["s"] * len(slots), pa.string()),
        "asset": pa.array([s.asset for s in usage_slots], pa.string()),
        "slot_start": pa.array([naive_utc(s.start) for s in usage_slots], pa.timestamp("us")),
        **{
            name: pa.array([getattr(s, name) for s in usage_slots], pa.float64())
            for name in ("active_s", "standby_s", "off_s", "unobserved_s", "energy_wh")
        },
        "first_received_at": pa.array(
            [None if moment is None else naive_utc(moment) for _, moment in slots],
            pa.timestamp("us"),
        ),
    }
    with duckdb.connect() as con:
        con.register("slots", pa.table(table))
        cut_rows = [cut for day in days for cut in cuts(day)]
        con.register("cuts", rollup.cuts_table("s", cut_rows, horizon))
        con.register("targets", rollup.targets_table(targets))
        sql = statements(rollup_plan(LessonRule()))
        con.execute(f"create table seen as {sql.seen}")
        rows = con.execute(sql.day_use)
        assert [column[0] for column in rows.description or ()] == DAY_USE.names
        return [DayUse(*row) for row in rows.fetchall()]


@st.composite
def some_days(draw: st.DrawFn) -> list[Day]:
    days = []
    for offset in range(draw(st.integers(1, 2))):
        day = local_day(MONDAY + timedelta(days=offset), ZONE)
        minute, periods = draw(st.integers(0, 1300)), []
        for number in range(1, draw(st.integers(0, 3)) + 1):
            start = day.start + timedelta(minutes=minute)
            periods.append(Period(number, "", start, start + timedelta(minutes=43)))
            minute += 43 + draw(st.integers(0, 30))
        days.append(local_day(day.day, ZONE, tuple(periods)))
    return days


@st.composite
def sent(draw: st.DrawFn) -> list[tuple[UsageSlot, datetime | None]]:
    first = local_day(MONDAY, ZONE).start
    numbers = st.sampled_from(range(2 * 288)) | st.integers(50, 70) | st.integers(260, 290)
    keys = draw(st.sets(st.tuples(st.sampled_from(("A-1", "A-2")), numbers), max_size=40))
    slots = []
    for asset, number in sorted(keys):
        parts = sorted(draw(st.lists(st.integers(0, 300), min_size=3, max_size=3)))
        a, b, c = (float(part) for part in parts)
        start = first + number * SLOT
        delay = timedelta(seconds=draw(st.sampled_from((300, 899, 900, 901, 90_000))))
        came = draw(st.sampled_from((start + delay,) * 9 + (None,)))
        slots.append((UsageSlot(asset, start, a, b - a, c - b, SLOT_S - c), came))
    return slots


TARGETS = st.lists(
    st.builds(
        Target,
        st.just("s"),
        st.sampled_from(("A-1", "A-2", "A-3")),
        st.sampled_from((MONDAY, MONDAY + timedelta(days=1))),
        st.none() | st.integers(1, 9),
        st.none() | st.just("101"),
        st.none() | st.just("display"),
        owes=st.booleans(),
    ),
    unique_by=lambda t: (t.asset, t.day),
    max_size=6,
)


def comparable(row: DayUse) -> dict[str, Any]:
    return {column: getattr(row, column) for column in DAY_USE.names}


@settings(max_examples=60, deadline=None)
@given(TARGETS, sent(), some_days(), st.integers(0, 2 * 1440))
def test_the_engine_agrees_with_the_reference(
    targets: list[Target],
    slots: list[tuple[UsageSlot, datetime | None]],
    days: list[Day],
    minute: int,
) -> None:
    horizon = local_day(MONDAY, ZONE).start + timedelta(minutes=minute)

    def key(row: DayUse) -> tuple[str, date]:
        return row.asset, row.day

    reference = sorted(use_of_days(targets, slots, days, horizon=horizon), key=key)
    engine = sorted(by_duckdb(targets, slots, days, horizon), key=key)
    assert list(map(key, engine)) == list(map(key, reference))
    for mine, theirs in zip(engine, reference, strict=True):
        assert comparable(mine) == pytest.approx(comparable(theirs), abs=1e-6)


def test_a_row_has_the_columns_of_the_table() -> None:
    assert list(DayUse.__dataclass_fields__) == DAY_USE.names
