from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloud.errors import LoadError
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.line_protocol import Parser
from device_profiles.points import to_ns
from tests._parts.duckdb_file import query
from tests._parts.slot_files import naive, slot_rows, write_readings, write_slots

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path / "telemetry.duckdb")
    yield opened
    opened.close()


def reading(moment: datetime, number: float, **changed: Any) -> dict[str, Any]:
    return {
        "school": "2133100001",
        "asset": "E-1",
        "room": "101",
        "category": "environment",
        "profile": "milesight-am308",
        "point": "co2",
        "observed_at": naive(moment),
        "number": number,
        "received_at": naive(moment),
    } | changed


async def stored(store: DuckDBStore) -> dict[str, list[tuple[datetime, Any]]]:
    return await store.readings("2133100001", "E-1", AT - HOUR, AT + 9 * HOUR)


async def test_readings_of_files_are_those_of_lines(store: DuckDBStore, tmp_path: Path) -> None:
    head = "reading,asset=E-1,category=environment,profile=milesight-am308,room=101"
    line = f"{head},school=2133100001 co2=600 {to_ns(AT)}"
    await store.write(Parser().parse(line.encode(), now_ns=0))
    path = write_readings(
        tmp_path / "a.parquet",
        [reading(AT, 612.5), reading(AT + HOUR, 700), reading(AT, 300, point="illuminance")],
    )
    assert await store.load_readings([path]) == 3
    assert await store.load_readings([path]) == 3, "again, without effect"
    assert await stored(store) == {
        "co2": [(AT, 612.5), (AT + HOUR, 700.0)],
        "illuminance": [(AT, 300.0)],
    }
    (latest,) = store.latest_readings("2133100001")
    assert (latest.profile, latest.points["co2"].value) == ("milesight-am308", 700.0)
    series = query(store, "select count(*) from series")
    assert series == [(1,)], "the tags are those of the line"


async def test_tags_that_are_empty_are_left_out(store: DuckDBStore, tmp_path: Path) -> None:
    rows = [reading(AT, 600, room=None), reading(AT + HOUR, 601, room="")]
    assert await store.load_readings([write_readings(tmp_path / "a.parquet", rows)]) == 2
    assert [value for _, value in (await stored(store))["co2"]] == [600, 601]


async def test_a_point_that_is_no_number_refuses_the_files_whole(
    store: DuckDBStore, tmp_path: Path
) -> None:
    line = f"reading,asset=E-1,school=2133100001 co2=true {to_ns(AT)}"
    await store.write(Parser().parse(line.encode(), now_ns=0))
    rows = [reading(AT, 1, point="light"), reading(AT, 600)]
    with pytest.raises(LoadError, match="co2 is a number here, already exists as type boolean"):
        await store.load_readings([write_readings(tmp_path / "a.parquet", rows)])
    assert list(await stored(store)) == ["co2"]
    good = write_readings(tmp_path / "b.parquet", [reading(AT, 1, point="light")])
    assert await store.load_readings([good]) == 1, "numbers that were taken back are given anew"
    assert (await stored(store))["light"] == [(AT, 1.0)]


async def test_a_file_of_something_else_is_refused(store: DuckDBStore, tmp_path: Path) -> None:
    slots = write_slots(tmp_path / "a.parquet", slot_rows("s", "a", AT, AT + HOUR, "off"))
    with pytest.raises(LoadError, match=r"a\.parquet: the column profile is missing"):
        await store.load_readings([slots])
    (tmp_path / "b.parquet").write_text("nothing")
    with pytest.raises(LoadError, match=r"b\.parquet: not a Parquet file"):
        await store.load_readings([tmp_path / "b.parquet"])
