import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cloud.bulk.folder import city_folder
from cloud.bulk.load import Load
from cloud.bulk.offline import offline
from cloud.errors import LoadError
from tests._parts.loaded import NOW, clock_after, held, held_in, load, no_progress
from tests._parts.small_school import TestClock


def events_held(tables: dict[str, list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Return the events of all points, each with its text and its value."""
    by_event: dict[tuple[Any, ...], list[Any]] = {}
    for measurement, tags, field, at, number, text, received in tables["points"]:
        if measurement == "event":
            named = dict(json.loads(tags))
            key = named["school"], named.get("asset", ""), named["type"], at, received
            values = by_event.setdefault(key, [None, None])
            values[field == "value"] = text if field == "text" else number
    return sorted((*key[:4], *values, key[4]) for key, values in by_event.items())


class Killed(BaseException):
    """What ends a process from outside."""


@pytest.fixture(scope="module")
def once(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the city was loaded, at one go."""
    data = tmp_path_factory.mktemp("once")
    asyncio.run(load(city, data))
    return data


def test_a_load_holds_all_that_is_in_the_files(city: Path, once: Path) -> None:
    with duckdb.connect() as con:
        files = con.execute(
            "select school, asset, slot_start, active_s::double, received_at from read_parquet(?) "
            "order by school, asset, slot_start",
            [str(city / "slots" / "*" / "*.parquet")],
        ).fetchall()
        readings = con.execute(
            "select count(*) from read_parquet(?)", [str(city / "readings" / "*" / "*.parquet")]
        ).fetchone()
        events = con.execute(
            "select school, asset, type, epoch_us(happened_at) * 1000, text, value, received_at "
            "from read_parquet(?) order by all",
            [str(city / "events" / "*" / "*.parquet")],
        ).fetchall()
    tables = held_in(once)
    assert [(row[0], row[1], row[2], row[5], row[10]) for row in tables["slots"]] == files
    points = [row for row in tables["points"] if row[0] == "reading"]
    assert (len(points),) == readings
    assert events_held(tables) == events
    assert len(events) > 5
    assert tables["stale"] == []
    rolled = {(row[0], row[1], row[2]) for row in tables["usage_rollup"]}
    assert rolled == {(row[0], row[1], row[2]) for row in tables["usage_days"]}
    assert {(school, asset) for school, asset, *_ in files} <= {key[:2] for key in rolled}


async def test_twice_changes_nothing(city: Path, once: Path, tmp_path: Path) -> None:
    shutil.copytree(once, tmp_path / "data")
    before = held_in(tmp_path / "data")
    again = await load(city, tmp_path / "data")
    assert (again.book_files, again.slot_files) == (0, 0)
    assert (again.reading_files, again.event_files) == (0, 0)
    assert again.unchanged_files > 20
    assert held_in(tmp_path / "data") == before


STOPS = [("books", 5), ("slots", 1), ("slots", 2), ("readings", 1), ("events", 1), ("roll-up", 1)]


@pytest.mark.parametrize(("step", "number"), STOPS, ids=str)
async def test_a_load_that_was_killed_goes_on_to_the_same_end(
    city: Path, once: Path, tmp_path: Path, step: str, number: int
) -> None:
    seen = 0

    def kill(current_step: str, _done: int, _of: int) -> None:
        nonlocal seen
        seen += current_step == step
        if seen == number and current_step == step:
            raise Killed

    clock = clock_after()
    with pytest.raises(Killed), offline(tmp_path, make=True, clock=clock) as (store, registry):
        await Load(city_folder(city), store, registry, clock, kill).run()
    rest = await load(city, tmp_path)
    assert rest.unchanged_files > 0
    assert held_in(tmp_path) == held_in(once)


async def test_days_that_come_later_are_added(city: Path, once: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    shutil.copytree(city, part)
    shutil.rmtree(part / "slots" / "day=2026-11-20")
    shutil.rmtree(part / "readings" / "day=2026-11-20")
    first = await load(part, tmp_path / "data")
    second = await load(city, tmp_path / "data")
    assert first.slot_files == second.slot_files == 1
    assert held_in(tmp_path / "data") == held_in(once)


async def test_books_that_changed_are_imported_and_followed(
    city: Path, once: Path, tmp_path: Path
) -> None:
    shutil.copytree(once, tmp_path / "data")
    changed = tmp_path / "city"
    shutil.copytree(city, changed)
    (terms,) = (changed / "books").glob("*-terms")
    for path in terms.iterdir():
        path.write_text(path.read_text().replace("2026-09-01", "2026-11-20"))
    done = await load(changed, tmp_path / "data")
    assert done.book_files == len(list(terms.iterdir()))
    tables = held_in(tmp_path / "data")
    scheduled = {str(row[2]) for row in tables["usage_rollup"] if row[15]}
    assert scheduled == {"2026-11-20"}


async def test_a_registry_that_was_begun_anew_gets_its_books_again(
    city: Path, once: Path, tmp_path: Path
) -> None:
    shutil.copytree(once, tmp_path / "data")
    for path in (tmp_path / "data").glob("registry.sqlite*"):
        path.unlink()
    done = await load(city, tmp_path / "data")
    assert (done.book_files > 20, done.slot_files) == (True, 0)
    assert held_in(tmp_path / "data") == held_in(once)


async def test_a_file_that_the_import_refuses_ends_the_load(city: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "city"
    shutil.copytree(city, wrong)
    (rooms,) = (wrong / "books").glob("*-rooms")
    path = next(rooms.iterdir())
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, f"{lines[1]}1"]))
    with pytest.raises(LoadError) as refused:
        await load(wrong, tmp_path / "data")
    assert str(refused.value).startswith(f"{path}: 1 problems: row {len(lines) + 1}")
    assert "repeats row 2" in str(refused.value)


async def test_other_slots_of_a_day_that_is_loaded_are_refused(
    city: Path, once: Path, tmp_path: Path
) -> None:
    shutil.copytree(once, tmp_path / "data")
    other = tmp_path / "city"
    shutil.copytree(city, other)
    source, target = (next((other / "slots" / f"day=2026-11-{day}").iterdir()) for day in (19, 20))
    with duckdb.connect() as con:
        con.execute(
            f"copy (select * from read_parquet('{target}') limit 100) to '{source}' "
            "(format parquet)"
        )
    source.rename(target)
    with pytest.raises(LoadError, match=r"on 2026-11-20 were loaded before, from a file with othe"):
        await load(other, tmp_path / "data")
    assert held_in(tmp_path / "data") == held_in(once)


@pytest.mark.parametrize("days", [-3, 500])
async def test_days_out_of_reach_are_refused(city: Path, tmp_path: Path, days: int) -> None:
    clock = clock_after(days)
    with offline(tmp_path, make=True, clock=clock) as (store, registry):
        work = Load(city_folder(city), store, registry, clock, no_progress)
        with pytest.raises(LoadError, match=r"slots of 2026-11-.*expected days of the last 400"):
            await work.run()
        assert held(store)["slots"] == []


async def test_time_that_passes_is_made_up_for(city: Path, once: Path, tmp_path: Path) -> None:
    shutil.copytree(once, tmp_path / "data")
    clock = TestClock(NOW + (NOW - NOW.replace(day=18)))
    with offline(tmp_path / "data", clock=clock) as (store, registry):
        await Load(city_folder(city), store, registry, clock, no_progress).run()
        days = {str(row[2]) for row in held(store)["usage_days"]}
    assert days == {f"2026-11-{day}" for day in (19, 20, 21, 22)} | {"2026-11-23"}
