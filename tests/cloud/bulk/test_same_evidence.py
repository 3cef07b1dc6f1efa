"""A school's evidence is the same whether its gateway sent it or a file was loaded."""

import shutil
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import duckdb
import httpx
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types
from polars.testing import assert_frame_equal

from cloud.bulk.offline import offline
from cloud.scoring.evidence.collect import gather
from cloud.scoring.evidence.evidence import Evidence
from cloud.telemetry.bulk_files import SLOTS as SCHEMA
from cloud.telemetry.duckdb import DuckDBStore
from simulators.city.send import write_lines
from tests._parts.cloud_app import WRITE, cloud_app, small_settings
from tests._parts.loaded import NOW, held, load
from tests._parts.small_city import END

LINES_AT_ONCE = 5_000
SAME = ("usage_rollup", "usage_days")


def with_late_slots(city: Path, folder: Path) -> Path:
    """Return a copy of the city in which one slot in forty came half an hour late."""
    shutil.copytree(city, folder)
    with duckdb.connect() as con:
        for path in (folder / "slots").glob("*/*.parquet"):
            rows = con.sql(
                "select * replace (received_at + case when hash(asset, slot_start) % 40 = 0 "
                "then interval 30 minute else interval 0 minute end as received_at) "
                "from read_parquet(?, hive_partitioning = false)",
                params=[str(path)],
            )
            pq.write_table(rows.to_arrow_table().cast(SCHEMA), path)
    return folder


def late_slots(city: Path) -> set[tuple[str, str, str]]:
    """Return school, asset and second of the slots that came more than ten minutes late."""
    with duckdb.connect() as con:
        rows = con.execute(
            "select school, asset, epoch(slot_start)::bigint from read_parquet(?) "
            "where received_at > slot_start + interval 15 minute",
            [str(city / "slots" / "*" / "*.parquet")],
        ).fetchall()
    return {(school, asset, str(second)) for school, asset, second in rows}


def is_late(line: str, late: set[tuple[str, str, str]]) -> bool:
    head, _, rest = line.partition(" ")
    tags = dict(pair.split("=", 1) for pair in head.split(",")[1:])
    return (tags["school"], tags["asset"], rest.rsplit(" ", 1)[1]) in late


async def write(client: httpx.AsyncClient, lines: list[str]) -> None:
    for at in range(0, len(lines), LINES_AT_ONCE):
        body = "\n".join(lines[at : at + LINES_AT_ONCE])
        answer = await client.post(f"{WRITE}&precision=s", content=body)
        assert answer.status_code == 204, answer.text


async def test_both_ways_in_give_the_same_evidence(city: Path, tmp_path: Path) -> None:
    city = with_late_slots(city, tmp_path / "city")
    await load(city, tmp_path / "loaded")
    with offline(tmp_path / "loaded") as (store, registry):
        loaded = held(store)
        schools = [school.id for school in registry.schools()]
        start = END - timedelta(days=1)
        by_file = await gather(store, registry, schools, start, END)

    lines = list(write_lines(city, schools))
    late = late_slots(city)
    assert 0 < len(late) < len(lines) / 20
    async with cloud_app(small_settings(tmp_path / "sent")) as cloud:
        for path in sorted((city / "books").glob("*/*.csv")):
            kind = path.parent.name.split("-", 1)[1]
            files = {"file": (path.name, path.read_bytes())}
            answer = await cloud.client.post(f"/api/v1/imports/{kind}", files=files)
            assert answer.json()["applied"], answer.text
        cloud.clock.moment = NOW - timedelta(days=2, hours=1)  # before any slot: none is late
        await write(cloud.client, [line for line in lines if not is_late(line, late)])
        await cloud.services.rollups.settled()
        cloud.clock.moment = NOW
        await write(cloud.client, [line for line in lines if is_late(line, late)])
        services = cloud.services
        await services.rollups.settled()
        assert isinstance(services.store, DuckDBStore)
        sent = held(services.store)
        by_line = await gather(services.store, services.registry, schools, start, END)
    for table in SAME:
        assert sent[table] == loaded[table], table
    assert [row[:10] for row in sent["slots"]] == [row[:10] for row in loaded["slots"]]
    assert [row[:6] for row in sent["points"]] == [row[:6] for row in loaded["points"]]
    assert {row[0] for row in sent["points"]} == {"reading", "event"}
    assert by_file.use.height > 0
    assert (by_line.start, by_line.end) == (by_file.start, by_file.end)
    for field in fields(Evidence)[2:]:
        both = (getattr(by_line, field.name), getattr(by_file, field.name))
        assert_frame_equal(*both, check_row_order=False, check_column_order=False)
