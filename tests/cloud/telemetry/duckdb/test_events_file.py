"""Events of files equal those of lines, and a query returns the newest first."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest

from cloud.errors import LoadError
from cloud.telemetry.bulk_files import EVENTS as SCHEMA
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.line_protocol import Parser
from cloud.telemetry.store import Reported
from device_profiles.points import line, to_ns
from tests._parts.duckdb_file import query
from tests._parts.slot_files import naive, write_table

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCHOOL = "2133100001"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path / "telemetry.duckdb")
    yield opened
    opened.close()


def event(moment: datetime, **changed: Any) -> dict[str, Any]:
    return {
        "school": SCHOOL,
        "asset": "D-1",
        "type": "fault",
        "happened_at": naive(moment),
        "text": "背光过热",
        "value": 3.0,
        "received_at": naive(moment),
    } | changed


def write_events(path: Path, *rows: dict[str, Any]) -> Path:
    return write_table(path, pa.Table.from_pylist(list(rows), schema=SCHEMA))


async def events_of(store: DuckDBStore, *assets: str, **limits: Any) -> list[Reported]:
    span = {"start": None, "end": None, "limit": 50} | limits
    return await store.events(SCHOOL, assets, **span)


async def write(store: DuckDBStore, tags: dict[str, str], **fields: Any) -> None:
    at = fields.pop("at", AT)
    text = line("event", {"school": SCHOOL, **tags}, fields, to_ns(at))
    result = await store.write(Parser().parse(text.encode(), now_ns=0))
    assert (result.written, result.conflict) == (1, None)


async def test_events_of_files_are_those_of_lines(store: DuckDBStore, tmp_path: Path) -> None:
    await write(store, {"asset": "D-1", "type": "fault"}, text="背光过热", value=3.0)
    path = write_events(
        tmp_path / "a.parquet",
        event(AT),
        event(AT + HOUR, asset="", type="clock", text="no time", value=None),
    )
    assert await store.load_events([path]) == 2
    assert await store.load_events([path]) == 2, "again, without effect"
    assert await events_of(store, "", "D-1") == [
        Reported(None, "clock", AT + HOUR, "no time", None),
        Reported("D-1", "fault", AT, "背光过热", 3.0),
    ]
    count = "select (select count(*) from series), (select count(*) from points)"
    assert query(store, count) == [(2, 3)]


async def test_a_query_returns_the_newest_events_of_its_assets(store: DuckDBStore) -> None:
    for hours, asset in ((0, "D-1"), (1, "D-2"), (2, "D-1"), (3, "")):
        await write(store, {"asset": asset, "type": "fault"}, text=asset, at=AT + hours * HOUR)
    other = {"school": "2133100002", "asset": "D-1", "type": "fault"}
    await write(store, other, text="another school", at=AT + 9 * HOUR)
    both = [AT + 3 * HOUR, AT + 2 * HOUR, AT]
    assert [event.at for event in await events_of(store, "", "D-1")] == both
    assert [event.at for event in await events_of(store, "", "D-1", limit=2)] == both[:2]
    assert [event.at for event in await events_of(store, "D-1", end=AT + 2 * HOUR)] == [AT]
    assert [event.at for event in await events_of(store, "D-1", start=AT + HOUR)] == [AT + 2 * HOUR]
    assert [event.asset for event in await events_of(store, "")] == [None]


async def test_a_store_without_events_has_none(store: DuckDBStore, tmp_path: Path) -> None:
    assert await events_of(store, "D-1") == []
    assert await store.load_events([write_events(tmp_path / "none.parquet")]) == 0


async def test_what_is_no_file_of_events_is_one_sentence(
    store: DuckDBStore, tmp_path: Path
) -> None:
    wrong = write_table(tmp_path / "wrong.parquet", pa.table({"school": [SCHOOL]}))
    with pytest.raises(LoadError, match=r"wrong\.parquet: the column asset is missing"):
        await store.load_events([wrong])
    await write(store, {"asset": "D-1", "type": "fault"}, text="broken", value=True)
    path = write_events(tmp_path / "a.parquet", event(AT + HOUR, asset="D-9"))
    with pytest.raises(LoadError, match="value is float here, already exists as type boolean"):
        await store.load_events([path])
    assert [event.text for event in await events_of(store, "D-1", "D-9")] == ["broken"]
