"""`make city` as a user starts it, small: every step of it, and what is left in the end."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from device_profiles.points import line
from simulators.city.city import read_city
from simulators.city.compare_ingest import compare
from simulators.city.send import chosen
from tests._parts.loaded import held_in
from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port
from tests._parts.write_servers import CloudServer, running

pytestmark = [pytest.mark.real, pytest.mark.slow]
SCHOOLS, PLACES, SENT = 40, 5, 3


@dataclass(frozen=True, slots=True)
class Made:
    """What a run left behind."""

    folder: Path
    printed: str
    report: dict[str, Any]

    @property
    def city(self) -> dict[str, Any]:
        return read_city(self.folder / "city")


def run(program: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("demo")
    report = folder / "report.json"
    printed = run(
        "campus-sim", "city-demo", "--data", folder / "data", f"--port={free_port()}",
        f"--schools={SCHOOLS}", "--days=2", f"--places={PLACES}", f"--send={SENT}",
        "--duration=0.1", "--report", report,
    )  # fmt: skip
    return Made(folder / "data", printed, json.loads(report.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def cloud(made: Made) -> Iterator[str]:
    with running(CloudServer(made.folder, made.folder / "cloud")) as server:
        yield server.url


def ask(url: str, path: str, **params: Any) -> Any:
    answer = httpx.get(f"{url}/api/v1{path}", params=params, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_both_ways_in_give_the_same_evidence(made: Made) -> None:
    comparison = made.report["both_ways"]
    assert comparison["differences"] == []
    assert comparison["schools"] == SENT
    assert comparison["use"] > 50 * SENT
    assert comparison["findings"] > 40 * SENT
    assert "both clouds compared, over the API: the same evidence: 3 schools" in made.printed


def test_a_slot_that_differs_would_be_found(made: Made, cloud: str) -> None:
    schools, city = chosen(made.folder / "city", SENT), made.city
    span = (city["start"], city["end"])
    with running(CloudServer(made.folder, made.folder / "sent")) as sent:
        assert compare(cloud, sent.url, schools, *span).differences == ()
        answer = httpx.post(
            f"{sent.url}/api/v2/write?org=school&bucket=campus&precision=s",
            content=with_more_use(made.folder / "city", schools[0], city["end"]),
            headers={"Authorization": f"Token {sent.token}"},
        )
        assert answer.status_code == 204, answer.text
        comparison = compare(cloud, sent.url, schools, *span)
    assert comparison.differences
    assert all(text.startswith(f"{schools[0]}: ") for text in comparison.differences)
    assert comparison.summary().startswith("NOT the same evidence: 3 schools")


def with_more_use(city: Path, school: str, day: str) -> str:
    """Return a line by which a device of the ledger was used in a slot in which it was not."""
    slots = pl.read_parquet(city / "slots" / f"day={day}" / "*.parquet")
    slot = slots.filter(
        (pl.col("school") == school) & pl.col("asset").str.starts_with("A-"), pl.col("off_s") == 300
    ).row(0, named=True)
    tags = {name: slot[name] for name in ("school", "room", "asset", "category")}
    used = {"active_s": 300.0, "standby_s": 0.0, "off_s": 0.0, "unobserved_s": 0.0}
    return line("usage", tags, used, int(slot["slot_start"].replace(tzinfo=UTC).timestamp()))


def test_the_log_has_every_step_in_its_order_with_who_and_why(made: Made, cloud: str) -> None:
    report = made.report["procedure"]
    page = ask(cloud, "/procedure", limit=1000)
    steps = page["items"]
    assert page["broken_at"] is None
    assert page["total"] == report["steps"] == len(steps)
    assert all(step["by"] and step["reason"] for step in steps)
    kinds = Counter(step["step"] for step in steps)
    assert kinds["self_assessment"] == kinds["county_review"] > PLACES
    assert PLACES < kinds["site_visit"] <= kinds["county_review"]
    assert kinds["declaration_confirmed"] == kinds["override"] == 1
    assert kinds["publicity"] == kinds["objection"] == kinds["answer"] == 2
    assert kinds["final"] == 0
    results = [step["change"]["result"] for step in steps if step["step"] == "answer"]
    assert results == ["upheld", "rejected"]
    days = set(made.city["inspections"].values())
    assert {step["change"]["visited_on"] for step in steps if step["step"] == "site_visit"} <= days


def test_the_list_that_was_changed_stands_and_is_open_for_objections(
    made: Made, cloud: str
) -> None:
    report = made.report["procedure"]
    newest, first = ask(cloud, "/selections")
    assert (newest["id"], newest["before"]) == (report["selection"], first["id"])
    chosen_ones = ask(cloud, f"/selections/{newest['id']}")
    assert len(chosen_ones["items"]) == PLACES
    assert all(quota["holds"] for quota in chosen_ones["quotas"])
    (override,) = chosen_ones["override_log"]
    assert override["school"] == report["overridden"]
    assert override["school"] in {row["school"] for row in chosen_ones["items"]}
    state = ask(cloud, "/procedure/state", selection=newest["id"])
    assert (state["is_public"], state["is_final"], state["unanswered"]) == (True, False, 0)
    assert state["last_day"] == report["last_day"]


def test_what_was_reported_of_an_asset_stands_on_its_page(made: Made, cloud: str) -> None:
    files = made.folder / "city" / "events" / "*" / "*.parquet"
    events = pl.read_parquet(files).sort("happened_at", descending=True)
    of_assets = events.filter(pl.col("asset").str.starts_with("A-"))
    school, device = of_assets.row(0, named=True)["school"], of_assets.row(0, named=True)["asset"]
    reported = events.filter((pl.col("school") == school) & pl.col("asset").is_in([device, ""]))
    (row,) = ask(cloud, f"/schools/{school}/assets", q=device)["items"]
    shown = ask(cloud, f"/assets/{row['id']}/events")
    assert sorted((event["type"], event["text"], event["value"]) for event in shown) == sorted(
        reported.select("type", "text", "value").rows()
    )
    assert any(not event["of_gateway"] for event in shown)


def test_loading_it_again_changes_nothing(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.folder / "cloud", tmp_path / "cloud")
    before = held_in(tmp_path / "cloud")
    assert sum(row[0] == "event" for row in before["points"]) > made.city["counts"]["events"] > 0
    printed = run("campus-cloud", "load", made.folder / "city", "--data", tmp_path / "cloud")
    assert (
        ": 0 rows of records in 0 files, 0 slots in 0, 0 readings in 0, 0 events in 0 " in printed
    )
    after, days = held_in(tmp_path / "cloud"), set(made.city["days"])
    # Today goes on while the test runs: its devices are unobserved for longer.
    for tables in (before, after):
        tables["usage_rollup"] = [row for row in tables["usage_rollup"] if str(row[2]) in days]
    assert {str(row[2]) for row in before["usage_rollup"]} == days
    for table in ("slots", "points", "usage_rollup"):
        assert set(after[table]) ^ set(before[table]) == set(), table


def test_without_sending_nothing_is_compared(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    printed = run(
        "campus-sim", "city-demo", "--data", tmp_path / "data", f"--port={free_port()}",
        "--schools=24", "--days=1", "--places=4", "--send=0", "--duration=0.1", "--report", report,
    )  # fmt: skip
    assert json.loads(report.read_text(encoding="utf-8"))["both_ways"] is None
    assert "both ways" not in printed
    assert not (tmp_path / "data" / "sent").exists()
