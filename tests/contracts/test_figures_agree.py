"""No two pages, reports or answers of the API give two figures of one thing of a school."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloud.registry import tables
from tests._parts.browser import chromium, visiting
from tests._parts.cloud_app import CloudApp, cloud_app, small_settings
from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port
from tests._parts.school_figures import Ask, Figures, read
from tests._parts.shown_figures import (
    note_answer,
    note_live_page,
    note_overview_page,
    note_pages,
    note_pdf,
)
from tests._parts.small_school import SCHOOL
from tests._parts.web_city import run
from tests._parts.write_servers import CloudServer, running
from tests.contracts.test_same_pages import a_school_at_work

SCHOOLS = 60
IN_BROWSER = 6
ATTEMPTS = 20


def asking(client: httpx.AsyncClient) -> Ask:
    """Return what asks a cloud through a client."""

    async def ask(path: str, **query: Any) -> Any:
        answer = await client.get(f"/api/v1{path}", params=query)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        assert answer.status_code == httpx.codes.OK, f"{path} {query}: {answer.text}"
        is_json = answer.headers["content-type"].startswith("application/json")
        return answer.json() if is_json else answer.content

    return ask


async def still(ask: Ask, school: str) -> Figures:
    """Return the figures of a school that did not change while they were read.

    A served cloud has the clock of the wall: a device may be lost, a slot may fall due in between.
    """
    for _ in range(ATTEMPTS):
        before = await moment(ask, school)
        figures = await read(ask, school)
        if before == await moment(ask, school):
            return figures
    raise AssertionError(f"school {school} did not hold still in {ATTEMPTS} attempts")


async def moment(ask: Ask, school: str) -> Any:
    """Return what the overview shows, without its time."""
    overview = await ask(f"/schools/{school}/overview")
    kept = {"assets_online", "assets_lost", "categories", "today", "week", "by_day", "end"}
    return {name: value for name, value in overview.items() if name in kept}


def served(folder: Path, schools: int, *, in_browser: int) -> list[str]:
    """Serve a folder and return the disagreements of its first schools, all of them compared.

    Of so many of them what the PDF report and the pages show is compared as well.
    """
    server = CloudServer(folder)

    async def all_schools() -> list[str]:
        disagreements: list[str] = []
        async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
            ask = asking(client)
            listed = (await ask("/schools"))[:schools]
            assert len(listed) == schools
            for school in listed:
                figures = await still(ask, school["id"])
                assert figures.compared > 80, figures.values
                disagreements += figures.disagreements()
        return disagreements

    with running(server):
        return [*asyncio.run(all_schools()), *shown(server.url, in_browser)]


def shown(url: str, schools: int) -> list[str]:
    """Return the disagreements between what answers give and what is read by people."""
    disagreements: list[str] = []
    with (
        httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE_S) as client,
        chromium() as browser,
    ):
        for school in client.get("/schools").json()[:schools]:
            figures = Figures(school["id"])
            assessed = client.get(f"/assessments/latest/schools/{school['id']}")
            with visiting(browser) as visit:
                if assessed.status_code == httpx.codes.OK:
                    page = assessed.json()
                    note_answer(figures, page)
                    titles = [
                        dimension["title"]["zh"]
                        for dimension in page["dimensions"]
                        if dimension["value"] is not None
                    ]
                    report = client.get(f"/assessments/latest/reports/schools/{school['id']}.pdf")
                    note_pdf(figures, report.content, titles)
                    note_pages(figures, visit.page, url, titles)
                score = client.get(f"/schools/{school['id']}/score").json()
                if score["value"] is not None:
                    note_live_page(figures, visit.page, url, score)
                overview = client.get(f"/schools/{school['id']}/overview").json()
                note_overview_page(figures, visit.page, url, overview)
            assert figures.compared >= len(figures.values) > 4
            disagreements += figures.disagreements()
    return disagreements


async def test_a_small_school(tmp_path: Path) -> None:
    """Late slots, a sensor of air, an unlisted device, an asset without a sensor."""
    async with cloud_app(small_settings(tmp_path)) as cloud:
        await a_school_at_work(cloud)
        await cloud.services.rollups.settled()
        figures = await read(asking(cloud.client), SCHOOL)
    assert figures.disagreements() == []
    assert figures.compared > 80


async def test_blanks_in_the_ledger(tmp_path: Path) -> None:
    """A display has no room, a recorder no category, an instrument is scrapped; all report."""
    async with cloud_app(small_settings(tmp_path)) as cloud:
        await a_school_at_work(cloud)
        blank(cloud)
        await cloud.services.rollups.settled()
        ask = asking(cloud.client)
        figures = await read(ask, SCHOOL)
        overview = await ask(f"/schools/{SCHOOL}/overview")
    assert figures.disagreements() == []
    assert overview["today"]["lessons_by_sensor"] > 0
    assert "no_room" in {item["kind"] for item in overview["attention"]}


def blank(cloud: CloudApp) -> None:
    """Take from the ledger what devices report as well."""
    changes: dict[str, dict[str, Any]] = {
        "A-2": {"category": None},
        "A-3": {"room_id": None},
        "A-4": {"condition": "6"},
    }
    with cloud.services.registry.writing() as session:
        for asset in session.query(tables.Asset):
            for name, value in changes.get(asset.asset_no, {}).items():
                setattr(asset, name, value)
        session.commit()
    cloud.services.registry.changed("workbook", frozenset({SCHOOL}))


async def test_a_disagreement_is_found(tmp_path: Path) -> None:
    async with cloud_app(small_settings(tmp_path)) as cloud:
        await a_school_at_work(cloud)
        await cloud.services.rollups.settled()
        honest = asking(cloud.client)

        async def one_page_lies(path: str, **query: Any) -> Any:
            answer = await honest(path, **query)
            if path.endswith("/overview"):
                answer["assets_connected"] += 1
                answer["week"]["energy_kwh"] = 0.5
            return answer

        figures = await read(one_page_lies, SCHOOL)
    names = [text.split(":")[0] for text in figures.disagreements()]
    assert names == [f"{SCHOOL} connected", f"{SCHOOL} use week"]


@pytest.mark.real
@pytest.mark.slow
def test_the_demo(tmp_path: Path) -> None:
    demo, port = tmp_path / "demo", str(free_port())
    command = [str(Path(sys.executable).with_name("campus-sim")), "demo", "--data", str(demo)]
    # Whether its audit is content is another test's; what it stored is served here.
    subprocess.run([*command, "--port", port, "--duration", "45"], check=False)
    (demo / "cloud").rename(tmp_path / "data")
    assert served(tmp_path, 1, in_browser=1) == []


@pytest.mark.real
@pytest.mark.slow
def test_a_city_of_sixty(tmp_path: Path) -> None:
    """Longer than other tests: every figure of sixty schools, over the API and its reports."""
    written, data = tmp_path / "written", tmp_path / "data"
    rules = tmp_path / "rules.yaml"
    rules.write_text("places: 6\nhard: []\nquotas: {}\n", encoding="utf-8")
    run("campus-sim", "city", f"--schools={SCHOOLS}", "--days=2", "--seed=5", "--out", written)
    days = sorted(day.name.removeprefix("day=") for day in (written / "slots").iterdir())
    run("campus-cloud", "load", written, "--data", data)
    run("campus-cloud", "assess", "--data", data, "--start", days[0], "--end", days[-1])
    run("campus-cloud", "select", "--data", data, "--rules", rules)
    assert served(tmp_path, SCHOOLS, in_browser=IN_BROWSER) == []
