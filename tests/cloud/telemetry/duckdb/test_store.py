import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from cloud.errors import StoreBusy, StoreLocked, StoreTooNew
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.line_protocol import Batch, Parser
from cloud.telemetry.store import UsageWritten
from tests._parts.cloud_app import NOW, SetClock
from tests._parts.duckdb_file import query

NS = 1_000_000_000
DAY = timedelta(days=1)


def points(*lines: str) -> Batch:
    return Parser().parse("\n".join(lines).encode(), precision="s", now_ns=0)


def second(number: int) -> datetime:
    return datetime.fromtimestamp(number, UTC)


def opened(path: Path) -> DuckDBStore:
    return DuckDBStore(path, clock=SetClock(), memory_mb=128, threads=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[DuckDBStore]:
    store = opened(path)
    yield store
    store.close()


async def readings(store: DuckDBStore) -> object:
    return await store.readings("S", "A", second(0), NOW)


async def test_the_last_write_of_a_point_wins(store: DuckDBStore) -> None:
    await store.write(points("reading,school=S,asset=A v=1 10", "reading,school=S,asset=A v=2 10"))
    assert await readings(store) == {"v": [(second(10), 2.0)]}
    await store.write(points('reading,asset=A,school=S v=3,w=true,t="x" 10'))
    assert await readings(store) == {
        "v": [(second(10), 3.0)],
        "w": [(second(10), True)],
        "t": [(second(10), "x")],
    }


async def test_a_point_that_changes_a_type_stays_out_whole_and_the_rest_is_stored(
    store: DuckDBStore,
) -> None:
    result = await store.write(
        points(
            "reading,school=S,asset=A v=1 10",
            'reading,school=S,asset=A v="x",w=1 11',
            "reading,school=S,asset=A v=3 12",
            "reading,school=S,asset=A v=3i 13",
        )
    )
    assert (result.written, result.dropped) == (2, 2)
    assert result.conflict == (
        'input field "v" on measurement "reading" is type string, already exists as type float'
    )
    assert await readings(store) == {"v": [(second(10), 1.0), (second(12), 3.0)]}


async def test_a_slot_keeps_what_a_later_write_of_it_leaves_out(store: DuckDBStore) -> None:
    head = "usage,school=S,asset=A,room=1,category=display"
    await store.write(
        points(f"{head} active_s=1,standby_s=2,off_s=3,unobserved_s=294,energy_wh=5 300")
    )
    await store.write(points("usage,school=S,asset=A,room=2,category=display active_s=4 300"))
    (slot,) = await store.slots("S", "A", second(0), NOW)
    assert (slot.active_s, slot.unobserved_s, slot.energy_wh) == (4.0, 294.0, 5.0)
    assert slot.start == second(300)
    rooms = query(store, "SELECT room FROM usage_slots")
    assert rooms == [("2",)]


async def test_followers_hear_what_was_written_after_it_is_there(store: DuckDBStore) -> None:
    heard: list[object] = []

    def on_usage(written: object) -> None:
        heard.append((written, query(store, "SELECT count(*) FROM usage_slots")))

    def on_points(pairs: object) -> None:
        heard.append(pairs)
        raise RuntimeError("a follower's own mistake")

    store.on_usage(on_usage)
    store.on_points(on_points)
    await store.write(
        points(
            "usage,school=S,asset=A active_s=1 600",
            "usage,school=S,asset=A active_s=1 300",
            "reading,school=S,asset=A v=1 10",
            "gateway,school=S,gateway=g v=1 10",
        )
    )
    assert heard == [([UsageWritten("S", "A", second(300), second(600))], [(2,)]), [("S", "A")]]


async def test_the_newest_values_are_at_hand_also_after_a_restart(
    store: DuckDBStore, path: Path
) -> None:
    await store.write(
        points(
            'reading,school=S,asset=A,profile=p,room=2 v=2,v_quality="uncertain" 20',
            "reading,school=S,asset=A,profile=p,room=1 v=1,w=true 10",
            "gateway,school=S,gateway=g backlog=3 20",
            'gateway,school=S,gateway=g,device=d,asset=A,protocol=mqtt last_error="no" 20',
        )
    )
    before = (store.latest_readings("S"), store.latest_gateways("S"))
    store.close()
    again = opened(path)
    try:
        (asset,) = again.latest_readings("S")
        assert (again.latest_readings("S"), again.latest_gateways("S")) == before
        assert again.latest_readings("S", "B") == []
        assert again.latest_readings("T") == []
        assert again.schools() == ["S"]
    finally:
        again.close()
    assert asset.room == "2"
    assert {name: latest.value for name, latest in asset.points.items()} == {"v": 2.0, "w": True}


async def test_an_export_is_ordered_by_asset_point_and_time(store: DuckDBStore) -> None:
    await store.write(
        points(
            "reading,school=S,asset=B v=1 10",
            "reading,school=S,asset=A,room=2 b=1,a=1 20",
            "reading,school=S,asset=A,room=1 b=2,a=2 10",
            "reading,school=T,asset=A b=2 10",
        )
    )
    rows = [row for chunk in store.export_readings("S", None, None) for row in chunk]
    assert [(row.asset, row.point, row.observed_at) for row in rows] == [
        ("A", "a", second(10)),
        ("A", "a", second(20)),
        ("A", "b", second(10)),
        ("A", "b", second(20)),
        ("B", "v", second(10)),
    ]
    chunks = store.export_readings("S", second(15), second(20) + DAY)
    assert sum(len(chunk) for chunk in chunks) == 2


async def test_the_newest_readings_of_a_span_are_kept_by_the_limit(store: DuckDBStore) -> None:
    await store.write(points(*(f"reading,school=S,asset=A v={n},w=1 {n}" for n in range(10))))
    found = await store.readings("S", "A", second(2), second(8), points=["v"], limit=3)
    assert found == {"v": [(second(n), float(n)) for n in (5, 6, 7)]}


async def test_gateway_reports_come_back_in_order_without_those_of_devices(
    store: DuckDBStore,
) -> None:
    await store.write(
        points(
            "gateway,school=S,gateway=g backlog=2,errors=1 20",
            "gateway,school=S,gateway=g backlog=1 10",
            "gateway,school=S,gateway=g,device=d backlog=9 10",
        )
    )
    history = await store.gateway_history("g", second(0), NOW, ["backlog"])
    assert history == [(second(10), {"backlog": 1.0}), (second(20), {"backlog": 2.0})]


async def test_what_is_too_old_goes(store: DuckDBStore) -> None:
    await store.write(
        points(
            "reading,school=S,asset=A v=1 100",
            "reading,school=S,asset=A v=1 200",
            "usage,school=S,asset=A active_s=1 300",
            "usage,school=S,asset=A active_s=1 600",
        )
    )
    assert await store.purge(second(200), second(600)) == 2
    assert await readings(store) == {"v": [(second(200), 1.0)]}
    assert [s.start for s in await store.slots("S", "A", second(0), NOW)] == [second(600)]


async def test_batches_that_wait_together_are_all_answered(store: DuckDBStore) -> None:
    batches = [points(f"reading,school=S,asset=A v={n} {n}") for n in range(200)]
    results = await asyncio.gather(*(store.write(batch) for batch in batches))
    assert all(result.written == 1 for result in results)
    assert len((await store.readings("S", "A", second(0), NOW))["v"]) == 200


async def test_more_than_may_wait_is_refused(path: Path) -> None:
    store = DuckDBStore(path, memory_mb=128, threads=1, max_waiting_values=3)
    try:
        blocked = store._writer.run(lambda c: c.execute("SELECT count(*) FROM range(30000000)"))
        first = store.write(points("reading,school=S,asset=A a=1,b=2 1"))
        with pytest.raises(StoreBusy):
            store.write(points("reading,school=S,asset=A a=1,b=2 2"))
        await first
        await asyncio.wrap_future(blocked)
    finally:
        store.close()


async def test_a_closed_store_takes_nothing(path: Path) -> None:
    store = opened(path)
    store.close()
    with pytest.raises(StoreBusy):
        store.write(points("reading,school=S,asset=A v=1 1"))
    with pytest.raises(StoreBusy):
        store.rollups.note_stale(["S"])


def test_a_file_that_another_process_has_open_is_said_to_be(path: Path) -> None:
    script = f"import duckdb; c = duckdb.connect({str(path)!r}); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreLocked, match="another process has this telemetry file open"):
            opened(path)
        other.kill()


def test_a_file_of_a_later_version_is_left_alone(path: Path) -> None:
    opened(path).close()
    with duckdb.connect(path) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")
    with pytest.raises(StoreTooNew, match="written by a later version"):
        opened(path)
