import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from cloud.errors import StoreFailed
from cloud.registry import tables
from cloud.registry.store import Registry
from cloud.telemetry.store import TelemetryStore
from cloud.utilization import refresh
from cloud.utilization.refresh import Rollups
from tests._parts.patience import PATIENCE_S
from tests._parts.small_school import MONDAY, SCHOOL, TestClock, local, send, slots

FRIDAY = MONDAY - timedelta(days=3)
Row = dict[str, Any]


async def rows(store: TelemetryStore, **wanted: object) -> list[Row]:
    """Return the rows of periods that have these values, in order."""
    table = await store.rollups.period_use(
        await store.slot_schools(), date.min, date.max, with_unknown=True
    )
    return [row for row in table.to_pylist() if wanted.items() <= row.items()]


async def row(store: TelemetryStore, asset: str, day: date, period: int) -> Row:
    matching = await rows(store, asset=asset, day=day, period=period)
    assert len(matching) == 1, f"{asset} on {day}, period {period}: {len(matching)} rows"
    return matching[0]


async def test_slots_become_rows_of_the_ledgers_asset(
    rollups: Rollups, store: TelemetryStore
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active", energy_wh=10))
    await rollups.settled()
    use = await row(store, "A-1", MONDAY, 1)
    assert (use["asset_id"], use["room"], use["category"]) == (1, "101", "display")
    assert (use["active_s"], use["energy_wh"], use["lesson_used"]) == (2400, 80, True)
    assert (await row(store, "A-1", MONDAY, 2))["unobserved_s"] == 2400


async def test_a_late_slot_changes_its_row(rollups: Rollups, store: TelemetryStore) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await rollups.settled()
    assert not (await row(store, "A-1", MONDAY, 2))["lesson_used"]
    await send(store, slots("A-1", local("08:50"), local("09:30"), "active"))
    await rollups.settled()
    use = await row(store, "A-1", MONDAY, 2)
    assert (use["lesson_used"], use["unobserved_s"]) == (True, 0)


async def test_a_slot_that_is_sent_again_replaces_its_share(
    rollups: Rollups, store: TelemetryStore
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    await send(store, slots("A-1", local("08:00"), local("08:05"), "standby"))
    await rollups.settled()
    use = await row(store, "A-1", MONDAY, 1)
    assert (use["active_s"], use["standby_s"]) == (0, 300)


async def test_a_bound_device_that_says_nothing_is_unobserved_once_the_school_is_connected(
    rollups: Rollups, store: TelemetryStore
) -> None:
    assert await rows(store) == []
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    silent = await row(store, "A-3", FRIDAY, 1)
    assert (silent["unobserved_s"], silent["off_s"], silent["lesson_over"]) == (2400, 0, True)
    weekend = await rows(store, asset="A-3", day=FRIDAY + timedelta(days=1))
    assert [(r["period"], r["unobserved_s"]) for r in weekend] == [(-1, 86_400)]
    assert await rows(store, asset="A-5") == [], "a meter owes no slots"
    assert {row["day"] for row in await rows(store)} >= {FRIDAY}
    assert min(row["day"] for row in await rows(store)) == FRIDAY


async def test_an_older_slot_moves_the_day_the_school_was_connected(
    rollups: Rollups, store: TelemetryStore
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    assert (await row(store, "A-3", FRIDAY, 1))["unobserved_s"] == 2400


async def test_an_asset_that_the_ledger_does_not_know_is_kept_apart(
    rollups: Rollups, store: TelemetryStore
) -> None:
    await send(store, slots("X-9", local("08:00"), local("08:10"), "active"))
    await rollups.settled()
    uses = await rows(store, asset="X-9")
    assert [(r["period"], r["asset_id"], r["due_s"], r["room"]) for r in uses] == [
        (1, None, 600, "101")
    ]


async def test_time_alone_makes_a_silent_device_unobserved(
    rollups: Rollups, store: TelemetryStore, clock: TestClock
) -> None:
    clock.at = local("08:15")
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    assert (await row(store, "A-1", MONDAY, 1))["unobserved_s"] == 0
    clock.at = local("08:50")
    await rollups.settled()
    use = await row(store, "A-1", MONDAY, 1)
    assert (use["unobserved_s"], use["lesson_over"]) == (2100, True)


async def test_a_machine_that_slept_for_days_makes_up_for_them(
    rollups: Rollups, store: TelemetryStore, clock: TestClock
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
    rollups: Rollups, store: TelemetryStore, registry: Registry
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
    assert {row["period"] for row in await rows(store)} == {-1, 1}


async def test_a_binding_that_is_taken_away_takes_its_rows_along(
    rollups: Rollups, store: TelemetryStore, registry: Registry
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await rollups.settled()
    assert await rows(store, asset="A-3")
    with registry.writing() as session:
        session.execute(delete(tables.Binding).where(tables.Binding.device == "A-3"))
        session.execute(
            update(tables.Binding).where(tables.Binding.device == "A-1").values(device="gone")
        )
        session.commit()
    await rollups.rebuild(SCHOOL)
    assert await rows(store, asset="A-3") == []
    assert {r["asset_id"] for r in await rows(store, asset="A-1")} == {None}
    assert {r["asset_id"] for r in await rows(store, asset="gone")} == {1}


async def test_a_binding_counts_from_its_day_on(
    rollups: Rollups, store: TelemetryStore, registry: Registry
) -> None:
    with registry.writing() as session:
        session.execute(update(tables.Binding).values(valid_from=MONDAY))
        session.commit()
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    assert [r["asset_id"] for r in await rows(store, day=FRIDAY)] == [None]
    assert (await row(store, "A-3", MONDAY, 1))["unobserved_s"] == 2400


async def test_a_written_off_asset_owes_nothing(
    rollups: Rollups, store: TelemetryStore, registry: Registry
) -> None:
    with registry.writing() as session:
        session.execute(
            update(tables.Asset).where(tables.Asset.asset_no == "A-3").values(condition="7")
        )
        session.commit()
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    assert await rows(store, asset="A-3") == []


async def test_the_loop_rolls_up_by_itself(
    rollups: Rollups, store: TelemetryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollups._coalesce_s = 0
    done = asyncio.Event()
    note = store.rollups.note_progress

    async def noted(*arguments: Any) -> None:
        await note(*arguments)
        done.set()

    monkeypatch.setattr(store.rollups, "note_progress", noted)
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
    rollups: Rollups, store: TelemetryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))

    def full(*_: object) -> None:
        raise StoreFailed("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(store.rollups, "replace", full)
        with pytest.raises(StoreFailed):
            await rollups.settled()
    await rollups.settled()
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 300


async def test_days_whose_slots_were_purged_keep_their_rows(
    rollups: Rollups, store: TelemetryStore
) -> None:
    for day in (FRIDAY, MONDAY):
        await send(store, slots("A-1", local("08:00", day), local("09:30", day), "active"))
    await rollups.settled()
    await store.purge(local("08:20"), local("08:20"))
    await rollups.rebuild(SCHOOL)
    assert (await row(store, "A-1", FRIDAY, 1))["active_s"] == 2400
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 2400


async def test_a_wrong_clock_makes_no_rows(rollups: Rollups, store: TelemetryStore) -> None:
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    for year in (1970, 2106):
        start = local("08:00", date(year, 1, 1))
        await send(store, slots("A-1", start, start + timedelta(minutes=5), "active"))
    await rollups.settled()
    await rollups.rebuild(SCHOOL)
    assert {r["day"] for r in await rows(store)} == {MONDAY}


async def test_the_loop_outlives_a_failure(
    rollups: Rollups, store: TelemetryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "_RETRY_S", 0)
    replace, tries, done = store.rollups.replace, 0, asyncio.Event()

    async def second_time(*arguments: Any) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreFailed("disk full")
        await replace(*arguments)
        done.set()

    monkeypatch.setattr(store.rollups, "replace", second_time)
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    task = asyncio.create_task(rollups.run())
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
    await rollups.settled()
    assert (await row(store, "A-1", MONDAY, 1))["active_s"] == 300
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def days(store: TelemetryStore, **wanted: object) -> list[Row]:
    """Return the rows of school days that have these values, in order."""
    table = await store.rollups.day_use(
        await store.slot_schools(), date.min, date.max, with_unknown=True
    )
    return [row for row in table.to_pylist() if wanted.items() <= row.items()]


async def test_whole_days_are_kept_as_well_and_late_slots_change_them(
    rollups: Rollups, store: TelemetryStore, clock: TestClock
) -> None:
    clock.at = local("08:10")
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    (day_use,) = await days(store, asset="A-1")
    assert (day_use["asset_id"], day_use["room"], day_use["week"]) == (1, "101", "2026-W48")
    assert (day_use["slots"], day_use["in_time_slots"], day_use["active_s"]) == (1, 1, 300)
    clock.at = local("23:59")
    await send(store, slots("A-1", local("22:00"), local("22:10"), "standby"))
    await rollups.settled()
    (day_use,) = await days(store, asset="A-1")
    assert (day_use["slots"], day_use["in_time_slots"], day_use["evening_on_s"]) == (3, 1, 600)
    assert day_use["evening_unobserved_s"] == day_use["evening_due_s"] - 600


async def test_a_slot_that_is_sent_again_later_came_when_it_first_came(
    rollups: Rollups, store: TelemetryStore, clock: TestClock
) -> None:
    clock.at = local("08:06")
    await send(store, slots("A-1", local("08:00"), local("08:05"), "active"))
    clock.at = local("18:00")
    await send(store, slots("A-1", local("08:00"), local("08:05"), "standby"))
    await rollups.settled()
    (day_use,) = await days(store, asset="A-1")
    assert (day_use["in_time_slots"], day_use["active_s"]) == (1, 0)


async def test_a_name_that_is_met_late_was_silent_before(
    rollups: Rollups, store: TelemetryStore
) -> None:
    await send(store, slots("A-1", local("08:00", FRIDAY), local("08:05", FRIDAY), "active"))
    await rollups.settled()
    assert await rows(store, asset="A-6") == []
    await send(store, slots("A-6", local("08:00"), local("08:05"), "active"))
    await rollups.settled()
    uses = await rows(store)
    assert (await row(store, "A-6", FRIDAY, 1))["unobserved_s"] == 2400
    await rollups.rebuild(SCHOOL)
    assert await rows(store) == uses, "in whatever order it came"
