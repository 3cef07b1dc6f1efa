import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import delete, update

from cloud.errors import StoreFailed
from cloud.registry import tables
from cloud.registry.store import Registry
from cloud.telemetry.duckdb import DuckDBStore
from cloud.utilization import refresh, rollup, rollup_store
from cloud.utilization.refresh import Rollups
from tests._parts.patience import PATIENCE_S
from tests._parts.small_school import MONDAY, SCHOOL, TestClock, local, send, slots

FRIDAY = MONDAY - timedelta(days=3)
Row = dict[str, Any]


async def rows(store: DuckDBStore, where: str = "true") -> list[Row]:
    def work(con: duckdb.DuckDBPyConnection) -> list[Row]:
        cursor = con.execute(
            f"select * from usage_rollup where {where} order by asset, day, period"
        )
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return await store.read(work)


async def row(store: DuckDBStore, asset: str, day: date, period: int) -> Row:
    found = await rows(store, f"asset = '{asset}' and day = '{day}' and period = {period}")
    assert len(found) == 1, f"{asset} on {day}, period {period}: {len(found)} rows"
    return found[0]


async def test_slots_become_rows_of_the_ledgers_asset(rollups: Rollups, store: DuckDBStore) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active", energy_wh=10))
    await rollups.settled()
    found = await row(store, "A-1", MONDAY, 1)
    assert (found["asset_id"], found["room"], found["category"]) == (1, "101", "display")
    assert (found["active_s"], found["energy_wh"], found["lesson_used"]) == (2400, 80, True)
    assert (await row(store, "A-1", MONDAY, 2))["unobserved_s"] == 2400


async def test_a_late_slot_changes_its_row(rollups: Rollups, store: DuckDBStore) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await rollups.settled()
    assert not (await row(store, "A-1", MONDAY, 2))["lesson_used"]
    await send(store, slots("A-1", local("08:50"), local("09:30"), "active"))
    await rollups.settled()
    found = await row(store, "A-1", MONDAY, 2)
    assert (found["lesson_used"], found["unobserved_s"]) == (True, 0)


async def test_a_slot_that_is_sent_again_replaces_its_share(
    rollups: Rollups, store: DuckDBStore
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    await send(store, slots("A-1", local("08:00"), local("08:05"), "standby"))
    await rollups.settled()
    found = await row(store, "A-1", MONDAY, 1)
    assert (found["active_s"], found["standby_s"]) == (0, 300)


async def test_a_bound_device_that_says_nothing_is_unobserved_once_the_school_is_connected(
    rollups: Rollups, store: DuckDBStore
) -> None:
    assert await rows(store) == []
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    silent = await row(store, "A-3", FRIDAY, 1)
    assert (silent["unobserved_s"], silent["off_s"], silent["lesson_over"]) == (2400, 0, True)
    weekend = await rows(store, f"asset = 'A-3' and day = '{FRIDAY + timedelta(days=1)}'")
    assert [(r["period"], r["unobserved_s"]) for r in weekend] == [(-1, 86_400)]
    assert await rows(store, "asset = 'A-5'") == [], "a meter owes no slots"
    assert await rows(store, f"day < '{FRIDAY}'") == []


async def test_an_older_slot_moves_the_day_the_school_was_connected(
    rollups: Rollups, store: DuckDBStore
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    assert (await row(store, "A-3", FRIDAY, 1))["unobserved_s"] == 2400


async def test_an_asset_that_the_ledger_does_not_know_is_kept_apart(
    rollups: Rollups, store: DuckDBStore
) -> None:
    await send(store, slots("X-9", local("08:00"), local("08:10"), "active"))
    await rollups.settled()
    found = await rows(store, "asset = 'X-9'")
    assert [(r["period"], r["asset_id"], r["due_s"], r["room"]) for r in found] == [
        (1, None, 600, "101")
    ]


async def test_time_alone_makes_a_silent_device_unobserved(
    rollups: Rollups, store: DuckDBStore, clock: TestClock
) -> None:
    clock.at = local("08:15")
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    assert (await row(store, "A-1", MONDAY, 1))["unobserved_s"] == 0
    clock.at = local("08:50")
    await rollups.settled()
    found = await row(store, "A-1", MONDAY, 1)
    assert (found["unobserved_s"], found["lesson_over"]) == (2100, True)


async def test_a_machine_that_slept_for_days_makes_up_for_them(
    rollups: Rollups, store: DuckDBStore, clock: TestClock
) -> None:
    clock.at = local("08:15", FRIDAY)
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    clock.at = local("18:00")
    await rollups.settled()
    assert (await row(store, "A-1", FRIDAY, 1))["unobserved_s"] == 2100
    assert (await row(store, "A-1", FRIDAY + timedelta(days=1), -1))["unobserved_s"] == 86_400
    assert (await row(store, "A-1", MONDAY, 2))["unobserved_s"] == 2400


async def test_a_changed_timetable_rebuilds_what_is_there(
    rollups: Rollups, store: DuckDBStore, registry: Registry
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await rollups.settled()
    with registry.writing() as session:
        session.execute(delete(tables.Lesson))
        session.execute(delete(tables.Period).where(tables.Period.number == 2))
        session.commit()
    registry.changed("timetable", frozenset({SCHOOL}))
    await rollups.settled()
    assert not (await row(store, "A-1", MONDAY, 1))["scheduled"]
    assert await rows(store, "period in (0, 2)") == []


async def test_a_binding_that_is_taken_away_takes_its_rows_along(
    rollups: Rollups, store: DuckDBStore, registry: Registry
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await rollups.settled()
    assert await rows(store, "asset = 'A-3'")
    with registry.writing() as session:
        session.execute(delete(tables.Binding).where(tables.Binding.device == "A-3"))
        session.execute(
            update(tables.Binding).where(tables.Binding.device == "A-1").values(device="gone")
        )
        session.commit()
    await rollups.rebuild(SCHOOL)
    assert await rows(store, "asset = 'A-3'") == []
    assert {r["asset_id"] for r in await rows(store, "asset = 'A-1'")} == {None}
    assert {r["asset_id"] for r in await rows(store, "asset = 'gone'")} == {1}


async def test_a_binding_counts_from_its_day_on(
    rollups: Rollups, store: DuckDBStore, registry: Registry
) -> None:
    with registry.writing() as session:
        session.execute(update(tables.Binding).values(valid_from=MONDAY))
        session.commit()
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    assert [r["asset_id"] for r in await rows(store, f"day = '{FRIDAY}'")] == [None]
    assert (await row(store, "A-3", MONDAY, 1))["unobserved_s"] == 2400


async def test_a_written_off_asset_owes_nothing(
    rollups: Rollups, store: DuckDBStore, registry: Registry
) -> None:
    with registry.writing() as session:
        session.execute(
            update(tables.Asset).where(tables.Asset.asset_no == "A-3").values(condition="7")
        )
        session.commit()
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    assert await rows(store, "asset = 'A-3'") == []


async def test_a_restart_rolls_up_what_was_not(
    tmp_path: Path, registry: Registry, clock: TestClock
) -> None:
    path = tmp_path / "restart.duckdb"
    store = DuckDBStore(path, clock=clock)
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    first = Rollups(store, registry, clock)
    await first.prepare()
    await first.settled()
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 300
    clock.at += timedelta(hours=2)
    await send(store, slots("A-1", local("08:05"), local("08:10"), "active"))
    store.close()

    store = DuckDBStore(path, clock=clock)
    second = Rollups(store, registry, clock)
    await second.prepare()
    await second.settled()
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 600
    store.close()


async def test_the_loop_rolls_up_by_itself(
    rollups: Rollups, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollups._coalesce_s = 0
    done = asyncio.Event()
    note = rollups._note_done
    loop = asyncio.get_running_loop()

    def noted(con: duckdb.DuckDBPyConnection) -> None:
        note(con)
        loop.call_soon_threadsafe(done.set)

    monkeypatch.setattr(rollups, "_note_done", noted)
    task = asyncio.create_task(rollups.run())
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
        await rollups.settled()
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 300
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_failed_is_tried_again(
    rollups: Rollups, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))

    def full(*_: object) -> None:
        raise StoreFailed("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(rollup_store, "replace", full)
        with pytest.raises(StoreFailed):
            await rollups.settled()
    await rollups.settled()
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 300


async def test_days_whose_slots_were_purged_keep_their_rows(
    rollups: Rollups, store: DuckDBStore
) -> None:
    for day in (FRIDAY, MONDAY):
        await send(store, slots("A-1", local("08:00", day), local("09:30", day), "active"))
    await rollups.settled()
    await store.purge(local("08:20"), local("08:20"))
    await rollups.rebuild(SCHOOL)
    assert (await row(store, "A-1", FRIDAY, 1))["active_s"] == 2400
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 2400


async def test_a_wrong_clock_makes_no_rows(rollups: Rollups, store: DuckDBStore) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    for year in (1970, 2106):
        start = local("08:00", date(year, 1, 1))
        await send(store, slots("A-1", start, start + timedelta(minutes=5), "active"))
    await rollups.settled()
    await rollups.rebuild(SCHOOL)
    assert {r["day"] for r in await rows(store)} == {MONDAY}


async def test_the_loop_outlives_a_failure(
    rollups: Rollups, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "_RETRY_S", 0)
    replace, tries, done = rollup_store.replace, 0, asyncio.Event()
    loop = asyncio.get_running_loop()

    def second_time(*args: Any) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreFailed("disk full")
        replace(*args)
        loop.call_soon_threadsafe(done.set)

    monkeypatch.setattr(rollup_store, "replace", second_time)
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    task = asyncio.create_task(rollups.run())
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
    await rollups.settled()
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 300
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def days(store: DuckDBStore, where: str = "true") -> list[Row]:
    def work(con: duckdb.DuckDBPyConnection) -> list[Row]:
        cursor = con.execute(f"select * from usage_days where {where} order by asset, day")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return await store.read(work)


async def test_whole_days_are_kept_beside_and_late_slots_change_them(
    rollups: Rollups, store: DuckDBStore, clock: TestClock
) -> None:
    clock.at = local("08:10")
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    (found,) = await days(store, "asset = 'A-1'")
    assert (found["asset_id"], found["room"], found["week"]) == (1, "101", "2026-W48")
    assert (found["slots"], found["in_time_slots"], found["active_s"]) == (1, 1, 300)
    clock.at = local("23:59")
    await send(store, slots("A-1", local("22:00"), local("22:10"), "standby"))
    await rollups.settled()
    (found,) = await days(store, "asset = 'A-1'")
    assert (found["slots"], found["in_time_slots"], found["evening_on_s"]) == (3, 1, 600)
    assert found["evening_unobserved_s"] == found["evening_due_s"] - 600


async def test_a_slot_that_is_sent_again_later_came_when_it_first_came(
    rollups: Rollups, store: DuckDBStore, clock: TestClock
) -> None:
    clock.at = local("08:06")
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    clock.at = local("18:00")
    await send(store, slots("A-1", local("08:00"), local("08:05"), "standby"))
    await rollups.settled()
    (found,) = await days(store, "asset = 'A-1'")
    assert (found["in_time_slots"], found["active_s"]) == (1, 0)


async def test_a_name_that_is_met_late_was_silent_before(
    rollups: Rollups, store: DuckDBStore
) -> None:
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    assert await rows(store, "asset = 'A-6'") == []
    await send(store, slots("A-6", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    told = await rows(store)
    assert (await row(store, "A-6", FRIDAY, 1))["unobserved_s"] == 2400
    await rollups.rebuild(SCHOOL)
    assert await rows(store) == told, "in whatever order it came"


async def test_rows_that_are_the_same_are_not_written_again(
    rollups: Rollups, store: DuckDBStore
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await rollups.settled()
    numbered = "select rowid, * from usage_rollup order by all"
    before = await store.read(lambda con: con.execute(numbered).fetchall())
    await send(store, slots("A-1", local("12:00"), local("12:05"), "active"))
    await rollups.settled()
    after = await store.read(lambda con: con.execute(numbered).fetchall())
    assert len(set(after) - set(before)) == 1


async def test_a_file_of_an_older_version_is_rolled_up_anew(
    store: DuckDBStore, registry: Registry, clock: TestClock
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))

    def age(con: duckdb.DuckDBPyConnection) -> None:
        keyed = rollup.DDL.replace("lesson_used boolean not null", "lesson_used boolean not null, "
                                   "primary key (school, asset, day, period)")  # fmt: skip
        con.execute(keyed)
        con.execute("create table usage_rollup_state (received_until timestamp, b boolean)")
        zeros = ", ".join(f"0 as {name}" for name in ("due_s", "active_s", "standby_s", "off_s"))
        no = ", ".join(
            f"false as {name}"
            for name in ("scheduled", "lesson_over", "lesson_observed", "lesson_used")
        )
        con.execute(
            "insert into usage_rollup by name select 'x' as school, 'y' as asset, "
            "0 as unobserved_s, date '2026-01-01' as day, 1 as period, 'w' as \"week\", "
            f"1 as weekday, {zeros}, {no}"
        )

    await asyncio.wrap_future(store.run_write(age))
    rollups = Rollups(store, registry, clock)
    await rollups.prepare()
    await rollups.settled()
    assert len(await rows(store, "school = 'x'")) == 1, "what was there is kept"
    assert (await row(store, "A-1", MONDAY, 1))["lesson_used"]
    assert len(await days(store, "asset = 'A-1'")) == 1


async def test_what_was_noted_as_stale_is_worked_off_after_a_restart(
    tmp_path: Path, registry: Registry, clock: TestClock
) -> None:
    path = tmp_path / "restart.duckdb"
    store = DuckDBStore(path, clock=clock)
    first = Rollups(store, registry, clock)
    await first.prepare()
    for day in (FRIDAY, MONDAY):
        await send(store, slots("A-1", local("08:00", day), local("08:40", day), "active"))
    await first.settled()
    with registry.writing() as session:
        session.execute(delete(tables.Lesson))
        session.commit()
    registry.changed("timetable", frozenset({SCHOOL}))
    store.close()

    store = DuckDBStore(path, clock=clock)
    second = Rollups(store, registry, clock)
    await second.prepare()
    await second.settled()
    assert not (await row(store, "A-1", FRIDAY, 1))["scheduled"]
    noted = await store.read(lambda con: con.execute("from usage_stale").fetchall())
    assert noted == []
    store.close()
