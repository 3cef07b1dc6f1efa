"""From a real InfluxDB to Parquet, and on to the same evidence."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from cloud.bulk.folder import city_folder
from cloud.bulk.offline import offline
from cloud.cli import main
from simulators.city.city import read_city
from simulators.city.send import write_lines
from tests._parts.city_books import import_books
from tests._parts.patience import PATIENCE_S
from tests._parts.write_servers import BUCKET, ORG, InfluxServer, find_influxd, running

SLOT = (
    "school, asset, slot_start, room, category, active_s, standby_s, off_s, unobserved_s, energy_wh"
)
READING = "school, asset, room, category, profile, point, observed_at, number"
EVENT = "school, asset, type, happened_at, text, value"


@pytest.fixture(scope="module")
def influx(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """An InfluxDB that holds all that the city sent."""
    binary = find_influxd()
    if binary is None:
        pytest.skip("no InfluxDB 2 found: `make influxd` builds one")
    server = InfluxServer(binary, tmp_path_factory.mktemp("influx"))
    with running(server):
        answer = httpx.post(
            f"{server.url}/api/v2/write",
            params={"org": ORG, "bucket": BUCKET, "precision": "s"},
            content="\n".join(write_lines(city, read_city(city)["schools"])),
            headers={"Authorization": f"Token {server.token}"},
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 204, answer.text
        yield server


@pytest.fixture
def fetch(influx: InfluxServer, city: Path, tmp_path: Path) -> list[str]:
    (tmp_path / "token").write_text(influx.token)
    facts = read_city(city)
    flags = ["--url", influx.url, "--token-file", str(tmp_path / "token")]
    return ["fetch", *flags, "--start", facts["start"], "--end", facts["end"]]


def rows(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        query = f"select {columns} from read_parquet(?, hive_partitioning = false) order by all"
        return con.execute(query, [str(folder / "*" / "*.parquet")]).fetchall()


@pytest.mark.real
def test_it_is_what_was_sent(
    city: Path, fetch: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([*fetch, "--out", str(out)]) == 0
    slots = rows(city / "slots", SLOT)
    same = rows(out / "slots", SLOT) == slots
    assert same
    assert slots
    assert f"{out}: {len(slots):,} slots, " in capsys.readouterr().out
    assert {row[0] for row in rows(out / "slots", "received_at")} == {None}
    same = rows(out / "readings", READING) == rows(city / "readings", READING)
    assert same
    assert rows(out / "events", EVENT) == rows(city / "events", EVENT)
    days = read_city(city)["days"]
    assert [str(day) for day in city_folder(out).slots] == days
    shutil.rmtree(out / "slots" / f"day={days[0]}")
    assert main([*fetch, "--out", str(out)]) == 0
    assert f" 0 readings, 0 events; {len(days) - 1} days were there" in capsys.readouterr().out
    same = rows(out / "slots", SLOT) == slots
    assert same


@pytest.mark.real
def test_what_follows_from_it_is_the_same_but_for_when_it_came(
    city: Path, fetch: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert main([*fetch, "--out", str(out)]) == 0
    with offline(tmp_path / "data", make=True) as (_, registry):
        import_books(registry, city)
    evidence_rows = []
    for source in (city, out):
        evidence = tmp_path / f"evidence-{source.name}"
        flags = ["--data", str(tmp_path / "data"), "--slots", str(source / "slots")]
        assert main(["rollup", *flags, "--out", str(evidence)]) == 0
        with duckdb.connect() as con:
            files = str(evidence / "usage_days" / "*.parquet")
            days = con.execute(
                "select * exclude (in_time_slots) from read_parquet(?) order by all", [files]
            ).fetchall()
            dated = con.execute(
                "select distinct in_time_slots is not null from read_parquet(?) where slots > 0",
                [files],
            ).fetchall()
        assert dated == [(source is city,)]
        evidence_rows.append(days)
    assert evidence_rows[0]
    assert evidence_rows[0] == evidence_rows[1]


def test_what_does_not_answer_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ["--start", "2026-11-19", "--end", "2026-11-20", "--out", str(tmp_path / "out")]
    assert main(["fetch", "--url", "http://127.0.0.1:1", *span]) == 1
    assert capsys.readouterr().err.startswith("campus-cloud: http://127.0.0.1:1: no answer: ")
    assert main(["fetch", "--url", "ftp://here", *span]) == 1
    assert "not an http address" in capsys.readouterr().err
    assert main(["fetch", "--url", "http://127.0.0.1:1", *span, "--zone", "Nowhere/Land"]) == 1
    assert "--zone 'Nowhere/Land': no such time zone" in capsys.readouterr().err
    late = ["--start", "2026-11-21", "--end", "2026-11-20", "--out", str(tmp_path / "out")]
    assert main(["fetch", "--url", "http://127.0.0.1:1", *late]) == 1
    assert "--start 2026-11-21 is after --end 2026-11-20" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.real
def test_a_wrong_token_and_an_empty_bucket_are_one_sentence(
    influx: InfluxServer, fetch: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert main([*fetch, *out, "--bucket", "nonesuch"]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(f"campus-cloud: {influx.url}: ")
    assert "nonesuch" in errors
    assert errors.count("\n") == 1
    (tmp_path / "token").write_text("wrong")
    assert main([*fetch, *out]) == 1
    errors = capsys.readouterr().err
    assert errors.lower() == f"campus-cloud: {influx.url}: 401: unauthorized\n"
    assert not (tmp_path / "out").exists()
