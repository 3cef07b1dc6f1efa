import csv
import io
from pathlib import Path

import httpx
import polars as pl
import pytest

from cloud.telemetry.line_protocol import Parser
from simulators.city.city import write_city
from simulators.city.csv_files import COLUMNS
from simulators.city.send import chosen, records, send, write_lines
from simulators.errors import SimulatorError
from tests._parts.patience import PATIENCE_S
from tests._parts.small_city import city_options
from tests._parts.write_servers import CloudServer, running

STATES = ("active_s", "standby_s", "off_s", "unobserved_s")


def test_schools_are_chosen_from_all_kinds_and_the_same_every_time(city: Path) -> None:
    schools = chosen(city, 8)
    assert schools == chosen(city, 8)
    assert len(set(schools)) == 8
    assert {code[:2] for code in schools} == {"11", "21", "31", "34", "36"}
    assert len(chosen(city, 24)) == 24
    with pytest.raises(SimulatorError, match="got 25 schools, expected 1 to 24"):
        chosen(city, 25)


def test_lines_hold_what_the_files_hold(city: Path) -> None:
    schools = chosen(city, 2)
    day = "2026-11-18"
    lines = list(write_lines(city, schools, days=[day]))
    batch = Parser().parse("\n".join(lines).encode(), precision="s", now_ns=0)
    sent: dict[tuple[str, str, str, str, int], float | str | None] = {}
    reported = {}
    for series, field, at, number, text in zip(
        batch.series, batch.fields, batch.times, batch.numbers, batch.texts, strict=True
    ):
        key = (series.measurement, series.tag("school"), series.tag("asset"), field, at)
        if series.measurement == "event":
            reported[*key, series.tag("type")] = number if text is None else text
        else:
            sent[key] = number
    assert len(sent) + len(reported) == len(batch)
    slots = pl.read_parquet(city / "slots" / f"day={day}" / "*.parquet")
    slots = slots.filter(pl.col("school").is_in(schools))
    readings = pl.read_parquet(city / "readings" / f"day={day}" / "*.parquet")
    readings = readings.filter(pl.col("school").is_in(schools))
    events = pl.read_parquet(city / "events" / f"day={day}" / "*.parquet")
    events = events.filter(pl.col("school").is_in(schools))
    assert len(lines) == slots.height + readings.height + events.height
    for row in slots.with_columns(at=pl.col("slot_start").dt.epoch("ns")).iter_rows(named=True):
        for field in (*STATES, *(["energy_wh"] if row["energy_wh"] is not None else [])):
            assert sent.pop(("usage", row["school"], row["asset"], field, row["at"])) == row[field]
    for row in readings.with_columns(at=pl.col("observed_at").dt.epoch("ns")).iter_rows(named=True):
        key = ("reading", row["school"], row["asset"], row["point"], row["at"])
        assert sent.pop(key) == row["number"]
    assert not sent
    for row in events.with_columns(at=pl.col("happened_at").dt.epoch("ns")).iter_rows(named=True):
        for field in ("text", *(["value"] if row["value"] is not None else [])):
            key = ("event", row["school"], row["asset"], field, row["at"])
            assert reported.pop((*key, row["type"])) == row[field]
    assert events.height > 0
    assert not reported


def test_days_that_are_not_there_are_one_sentence(city: Path) -> None:
    with pytest.raises(SimulatorError, match="day=2026-11-21: is not there"):
        list(write_lines(city, chosen(city, 1), days=["2026-11-21"]))


def test_records_are_those_of_the_schools_in_order_of_import(city: Path) -> None:
    schools = chosen(city, 3)
    kinds = []
    for kind, name, content in records(city, schools):
        rows = list(csv.reader(io.StringIO(content.decode())))
        assert tuple(rows[0]) == COLUMNS[kind]
        assert {row[0] for row in rows[1:]} <= {*schools, ""}
        assert len(rows) > 1, f"{kind} {name}"
        kinds.append(kind)
    assert list(dict.fromkeys(kinds)) == [kind for kind in COLUMNS if kind in kinds]
    assert {"schools", "assets", "timetable", "holidays"} <= set(kinds)


def test_a_folder_without_a_city_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"city\.json: cannot be read; `campus-sim city"):
        chosen(tmp_path, 1)


def test_a_cloud_that_is_not_there_is_one_sentence(city: Path) -> None:
    with pytest.raises(SimulatorError, match=r"127\.0\.0\.1:1: no answer: .*is the cloud running"):
        send(city, chosen(city, 1), url="http://127.0.0.1:1", token="t")


@pytest.mark.real
def test_a_cloud_takes_the_records_and_every_line(tmp_path: Path) -> None:
    write_city(city_options(tmp_path / "city", schools=9, days=1))
    schools = chosen(tmp_path / "city", 2)
    news_lines: list[str] = []
    with running(CloudServer(tmp_path)) as server:
        lines = send(
            tmp_path / "city",
            schools,
            url=server.url,
            token="a-token-of-the-tests",
            news=news_lines.append,
        )
        assert lines == len(list(write_lines(tmp_path / "city", schools)))
        answer = httpx.get(f"{server.url}/api/v1/schools", timeout=PATIENCE_S)
        assert {row["id"] for row in answer.json()} == set(schools)
        with pytest.raises(SimulatorError, match="refused"):
            send(tmp_path / "city", schools, url=server.url, token="wrong")
    assert news_lines[-1] == f"lines: {lines:,}"
