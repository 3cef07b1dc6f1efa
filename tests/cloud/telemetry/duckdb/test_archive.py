from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest

from cloud.errors import LoadError, StoreFailed
from cloud.telemetry.bulk_files import slot_file
from cloud.telemetry.duckdb import DuckDBStore, schema
from cloud.telemetry.line_protocol import Parser
from cloud.telemetry.store import Slot
from device_profiles.points import to_ns
from tests._parts.duckdb_file import query
from tests._parts.slot_files import SlotRow, slot_rows, slot_table, write_slots, write_table

DAY = date(2026, 11, 23)
MORNING = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
LATER = MORNING + timedelta(minutes=10)
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
ROWS = [
    *slot_rows("2133100001", "A-1", MORNING, LATER, "active"),
    *slot_rows("2133100002", "B-1", MORNING, LATER, "off"),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    store = DuckDBStore(tmp_path / "telemetry.duckdb")
    yield store
    store.close()


async def take(store: DuckDBStore, path: Path, day: date = DAY) -> bool:
    await store.rollups.prepare()
    schools = await store.load_slots(slot_file(path, day))
    await store.finish_slots()
    return bool(schools)


async def live(store: DuckDBStore, asset: str, start: datetime, fields: str) -> None:
    line = (
        f"usage,school=2133100001,asset={asset},category=display,room=102 {fields} {to_ns(start)}"
    )
    await store.write(Parser().parse(line.encode(), now_ns=0))


async def of_a1(store: DuckDBStore) -> list[Slot]:
    return await store.slots("2133100001", "A-1", NEVER, LATER + timedelta(days=1))


async def test_archived_slots_are_read_like_any_others(store: DuckDBStore, tmp_path: Path) -> None:
    assert await take(store, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    slots = await of_a1(store)
    assert [(slot.start, slot.active_s, slot.energy_wh) for slot in slots] == [
        (MORNING, 300.0, None),
        (MORNING + timedelta(minutes=5), 300.0, None),
    ]
    assert [s for chunk in store.export_slots("2133100001", None, None) for s in chunk] == slots
    rooms = query(store, "select distinct school, room from usage_slots")
    assert sorted(rooms) == [("2133100001", "101"), ("2133100002", "101")]


async def test_a_file_that_is_there_changes_nothing(store: DuckDBStore, tmp_path: Path) -> None:
    path = write_slots(tmp_path / "in" / "a.parquet", ROWS)
    again = write_slots(tmp_path / "in" / "same.parquet", ROWS)
    assert await take(store, path)
    assert not await take(store, again)
    assert len(await of_a1(store)) == 2


async def test_a_live_slot_counts_instead_of_an_archived_one(
    store: DuckDBStore, tmp_path: Path
) -> None:
    await live(store, "A-1", MORNING, "active_s=0,standby_s=300,off_s=0,unobserved_s=0")
    await take(store, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    await live(store, "A-1", LATER, "active_s=0,standby_s=0,off_s=300,unobserved_s=0")
    slots = await of_a1(store)
    assert [(slot.active_s, slot.standby_s, slot.off_s) for slot in slots] == [
        (0, 300, 0),
        (300, 0, 0),
        (0, 0, 300),
    ]
    everywhere = "select count(*), count(distinct slot_start) from usage_slots where asset = 'A-1'"
    assert query(store, everywhere) == [(3, 3)]


async def test_archived_slots_outlive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.duckdb"
    first = DuckDBStore(path)
    await take(first, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    first.close()
    second = DuckDBStore(path)
    assert len(await of_a1(second)) == 2
    second.close()


async def test_archived_slots_are_a_sign_of_a_device_as_live_ones_are(
    store: DuckDBStore, tmp_path: Path
) -> None:
    await take(store, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    newest = MORNING + timedelta(minutes=5)
    (archived,) = store.latest_slots("2133100001", "A-1")
    assert (archived.start, archived.state, archived.room) == (newest, "active", "101")
    await live(store, "A-1", LATER, "active_s=0,standby_s=0,off_s=0,unobserved_s=300")
    assert store.latest_slots("2133100001", "A-1") == [archived]
    await live(store, "A-1", LATER, "active_s=0,standby_s=0,off_s=200,unobserved_s=100")
    assert [slot.state for slot in store.latest_slots("2133100001", "A-1")] == ["off"]


async def test_a_folder_of_the_second_version_knows_what_was_observed_last(
    tmp_path: Path,
) -> None:
    path = tmp_path / "telemetry.duckdb"
    first = DuckDBStore(path)
    await take(first, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    expected = first.latest_slots("2133100001")
    first.close()
    with duckdb.connect(path) as con:
        con.execute("alter table archived_senders drop column last_observed")
        con.execute("alter table archived_senders drop column last_state")
        con.execute("delete from schema_version where version > 2")
    second = DuckDBStore(path)
    assert second.latest_slots("2133100001") == expected != []
    second.close()


async def test_a_folder_that_is_moved_is_still_read(tmp_path: Path) -> None:
    first = DuckDBStore(tmp_path / "here" / "telemetry.duckdb")
    await take(first, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    first.close()
    (tmp_path / "here").rename(tmp_path / "there")
    second = DuckDBStore(tmp_path / "there" / "telemetry.duckdb")
    assert len(await of_a1(second)) == 2
    second.close()


async def test_a_lost_file_is_named_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.duckdb"
    store = DuckDBStore(path)
    await take(store, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    store.close()
    (lost,) = (tmp_path / "telemetry.slots").rglob("*.parquet")
    lost.unlink()
    with pytest.raises(StoreFailed, match="an archived file of slots is missing; restore it"):
        DuckDBStore(path)


async def test_what_a_dead_load_left_over_is_swept_away(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "telemetry.duckdb")
    await take(store, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    store.close()
    folder = tmp_path / "telemetry.slots" / "day=2026-11-23"
    write_slots(folder / "orphan.parquet", ROWS)
    (folder / "half.part").write_bytes(b"PAR1")
    store = DuckDBStore(tmp_path / "telemetry.duckdb")
    assert len(list(folder.iterdir())) == 1
    assert len(await of_a1(store)) == 2
    store.close()


async def test_old_slots_go_by_whole_files(store: DuckDBStore, tmp_path: Path) -> None:
    evening = MORNING + timedelta(days=1)
    tomorrow = slot_rows("2133100001", "A-1", evening, evening + timedelta(minutes=5), "active")
    await take(store, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    await take(store, write_slots(tmp_path / "in" / "b.parquet", tomorrow), DAY + timedelta(days=1))
    half = MORNING + timedelta(minutes=5)
    assert await store.purge(NEVER, half) == 0, "the file ends later"
    assert await store.purge(NEVER, LATER) == 4
    assert [slot.start for slot in await of_a1(store)] == [evening]
    await store.purge(NEVER, LATER)
    assert len(list((tmp_path / "telemetry.slots").rglob("*.parquet"))) == 1
    senders = query(store, "select distinct asset from archived_senders")
    assert senders == [("A-1",)]


UNSORTED = [ROWS[1], ROWS[0], *ROWS[2:]]
EMPTY = pa.table({name: [] for name in slot_table(ROWS).column_names}, slot_table(ROWS).schema)
WHOLE = slot_table(ROWS)
NULL = WHOLE.set_column(1, "asset", pa.array([None, "A-1", "B-1", "B-1"], pa.string()))


@pytest.mark.parametrize(
    ("table", "day", "problem"),
    [
        (slot_table(UNSORTED), DAY, "is double or out of order"),
        (slot_table([ROWS[0], ROWS[0]]), DAY, "the slot of 2133100001 A-1 at 2026-11-23 00:00:00"),
        (WHOLE, DAY - timedelta(days=2), "expected those of the day 2026-11-21"),
        (WHOLE.drop_columns(["room"]), DAY, "the column room is missing"),
        (
            WHOLE.set_column(5, "active_s", pa.array([1.0] * 4, pa.float64())),
            DAY,
            "active_s is double, expected float",
        ),
        (NULL, DAY, "asset is empty in 1 rows"),
        (EMPTY, DAY, "holds no slots"),
    ],
    ids=["unsorted", "twice", "day", "column", "type", "null", "empty"],
)
async def test_a_wrong_file_is_refused_whole(
    store: DuckDBStore, tmp_path: Path, table: pa.Table, day: date, problem: str
) -> None:
    path = write_table(tmp_path / "in" / "a.parquet", table)
    with pytest.raises(LoadError, match=problem) as refused:
        await take(store, path, day)
    assert str(refused.value).startswith(f"{path}: ")
    assert await of_a1(store) == []
    assert list((tmp_path / "telemetry.slots").rglob("*.parquet")) == []


async def test_what_is_no_parquet_at_all_is_refused(store: DuckDBStore, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_text("school,asset")
    with pytest.raises(LoadError, match="not a Parquet file"):
        await take(store, path)
    with pytest.raises(LoadError, match="cannot be read: No such file"):
        await take(store, tmp_path / "none.parquet")


async def test_two_files_never_hold_the_same_school_and_day(
    store: DuckDBStore, tmp_path: Path
) -> None:
    await take(store, write_slots(tmp_path / "in" / "a.parquet", ROWS))
    other: list[SlotRow] = [(*ROWS[0][:3], "off")]
    with pytest.raises(LoadError, match="slots of school 2133100001 on 2026-11-23 were loaded"):
        await take(store, write_slots(tmp_path / "in" / "b.parquet", other))
    assert len(await of_a1(store)) == 2


async def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.duckdb"
    with duckdb.connect(path) as con:
        con.execute("create table schema_version (version integer not null)")
        con.execute(schema._VERSION_1)
        con.execute("insert into schema_version values (1)")
        con.execute(
            "insert into usage_slots values ('2133100001', 'A-1', '2026-11-23 00:00', '101', "
            "'display', 300, 0, 0, 0, null, '2026-11-23 00:06')"
        )
    store = DuckDBStore(path)
    assert [slot.active_s for slot in await of_a1(store)] == [300]
    await live(store, "A-1", MORNING, "active_s=100,standby_s=200,off_s=0,unobserved_s=0")
    times = query(
        store,
        "select strftime(first_received_at, '%d %H:%M'), received_at > first_received_at "
        "from usage_slots",
    )
    assert times == [("23 00:06", True)]
    store.close()
