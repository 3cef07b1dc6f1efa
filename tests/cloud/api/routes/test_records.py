"""Records and evidence of a small city, as it came through the ordinary load."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from openpyxl import load_workbook

from cloud.registry.importing.columns import BY_KIND, LAYOUTS
from cloud.scoring.engine.result import evidence_rows
from cloud.scoring.evidence.collect import gather
from cloud.scoring.indicators.base import NOTHING
from cloud.scoring.standard.standard import editions, in_force
from cloud.settings import Settings
from simulators.city.city import read_city, write_city
from tests._parts.cloud_app import CloudApp, cloud_app
from tests._parts.loaded import NOW, load
from tests._parts.small_city import END, city_options

START = END - timedelta(days=1)
SPAN = {"start": str(START), "end": str(END)}
DERIVED = ("school_days", "devices", "use", "air")
OF_EACH_KIND = 1
"""How many references of one kind a clause is asked for, at each school: they are made alike."""
STANDARD = in_force(editions(), "taizhou-smart-management", END)
assert STANDARD is not None
CLAUSES = {clause.id: clause for clause in STANDARD.clauses}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine schools of every kind, and two days of them."""
    folder = tmp_path_factory.mktemp("records")
    write_city(city_options(folder / "city", schools=9, days=2))
    asyncio.run(load(folder / "city", folder / "data"))
    return folder


@pytest_asyncio.fixture
async def city(folder: Path) -> AsyncIterator[CloudApp]:
    async with cloud_app(Settings(data=folder / "data", duckdb_memory_mb=300)) as running:
        running.clock.moment = NOW
        yield running


@pytest.fixture(scope="module")
def schools(folder: Path) -> list[str]:
    body: list[str] = read_city(folder / "city")["schools"]
    return body


async def ask(cloud: CloudApp, path: str, **params: Any) -> Any:
    answer = await cloud.stranger.get(f"/api/v1/schools/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(cloud: CloudApp, path: str, **params: Any) -> tuple[int, str]:
    answer = await cloud.stranger.get(f"/api/v1/schools/{path}", params=params)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["detail"]


@pytest.mark.parametrize("table", [layout.kind for layout in LAYOUTS])
async def test_a_table_reads_as_it_was_filled_in(
    city: CloudApp, schools: list[str], table: str
) -> None:
    filled = []
    for school in schools:
        page = await ask(city, f"{school}/records/{table}", limit=5000)
        assert page["is_imported"]
        assert page["title"]["zh"] == BY_KIND[table].sheet
        titles = {column["title"]["zh"] for column in page["columns"]}
        assert titles <= {column.title for column in BY_KIND[table].columns}
        assert page["total"] == len(page["items"])
        keys = [row["key"] for row in page["items"]]
        assert len(keys) == len(set(keys))
        filled += [(school, row) for row in page["items"]]
        (line,) = [
            entry for entry in await ask(city, f"{school}/records") if entry["table"] == table
        ]
        assert line["rows"] == page["total"]
    if table == "chemicals" and not filled:
        pytest.fail("the city has no school with chemicals; take another seed")
    school, row = filled[-1]
    body = await ask(city, f"{school}/records/{table}", row=row["key"])
    assert body["items"][-1] == row
    needed = [column.key for column in BY_KIND[table].columns if column.is_needed]
    assert all(row["cells"][key] is not None for key in needed)


@pytest.mark.parametrize("table", DERIVED)
async def test_a_table_that_follows_from_telemetry_says_its_span(
    city: CloudApp, schools: list[str], table: str
) -> None:
    pages = [await ask(city, f"{school}/records/{table}", **SPAN) for school in schools]
    assert any(page["total"] for page in pages)
    for page in pages:
        assert (page["start"], page["end"]) == (SPAN["start"], SPAN["end"])
        assert not page["is_imported"]
        keys = {column["key"] for column in page["columns"]}
        assert all(row["cells"].keys() == keys for row in page["items"])


async def test_a_table_is_read_page_by_page_and_a_row_is_on_the_page_asked_for(
    city: CloudApp, schools: list[str]
) -> None:
    path = f"{schools[0]}/records/assets"
    whole = await ask(city, path, limit=5000)
    second = await ask(city, path, offset=20, limit=20)
    assert second["items"] == whole["items"][20:40]
    wanted = whole["items"][33]
    page = await ask(city, path, at=wanted["key"], limit=20)
    assert (page["offset"], page["items"]) == (20, second["items"])
    named = await ask(city, path, q=wanted["key"].lower())
    assert wanted in named["items"]
    assert named["total"] < whole["total"]


async def test_a_row_leads_to_its_asset(city: CloudApp, schools: list[str]) -> None:
    page = await ask(city, f"{schools[0]}/records/stocktakes", limit=5000)
    linked = [row for row in page["items"] if row["asset_id"] is not None]
    assert linked
    asset = await city.stranger.get(f"/api/v1/assets/{linked[0]['asset_id']}")
    assert asset.json()["asset_no"] == linked[0]["cells"]["asset_no"]


async def test_a_missing_row_is_answered_with_a_sentence(
    city: CloudApp, schools: list[str]
) -> None:
    school = schools[0]
    status, details = await refused(city, f"{school}/records/letters")
    assert (
        status,
        details.startswith("table: 'letters' is not known; use one of schools, rooms"),
    ) == (
        422,
        True,
    )
    assert await refused(city, f"{school}/records/tickets", at="T-9999") == (
        404,
        f"tickets of school {school} has no row 'T-9999'",
    )
    assert await refused(city, f"{school}/evidence", ref="ticket:T-9999") == (
        404,
        f"school {school} has no row for 'ticket:T-9999'",
    )
    for ref in ("letter:1", "ticket:", "records:letters", "table:letters", ""):
        assert (await refused(city, f"{school}/evidence", ref=ref))[0] == 422
    assert (await refused(city, f"{school}/records/use", start="2026-11-21", end="2026-11-20"))[
        1
    ] == "start 2026-11-21 is after end 2026-11-20; give the earlier day first"
    assert (await refused(city, f"{school}/records/tickets", limit=0))[0] == 422
    for path in ("records", "records/tickets", "evidence"):
        status, details = await refused(city, f"2133100009/{path}", ref="school")
        assert (status, details) == (404, "no school 2133100009 is registered")


@pytest.mark.parametrize("clause", CLAUSES)
async def test_every_row_of_evidence_opens(city: CloudApp, schools: list[str], clause: str) -> None:
    """A clause whose evidence leads nowhere cannot ship."""
    services = city.services
    facts = await gather(services.store, services.registry, schools, START, END)
    rows = evidence_rows(CLAUSES[clause], facts)
    assert not rows.is_empty()
    for school in schools:
        expected = rows.filter(school=school)["ref"].unique(maintain_order=True).to_list()
        kinds: dict[str, list[str]] = {}
        for ref in expected:
            kinds.setdefault(ref.partition(":")[0], []).append(ref)
        kinds.pop(NOTHING, None)
        for refs in kinds.values():
            for ref in {*refs[:OF_EACH_KIND], refs[-1]}:
                opened = await ask(city, f"{school}/evidence", ref=ref, **SPAN)
                assert opened["rows"] >= 1
                assert opened["first"] is not None


async def test_what_figures_are_held_against_opens(city: CloudApp, schools: list[str]) -> None:
    opened = 0
    for school in schools:
        for finding in (await ask(city, f"{school}/score", **SPAN))["findings"]:
            for ref in finding["compared_with"]:
                assert finding["outcome"] != "not_applicable"
                if finding["whole"] is not None:
                    assert (await ask(city, f"{school}/evidence", ref=ref, **SPAN))["table"]
                    opened += 1
    assert opened > len(schools)


@pytest.mark.parametrize("indicator", ["function_room_use", "co2_in_lessons"])
async def test_a_sum_over_a_room_is_the_sum_of_the_rows_it_opens(
    city: CloudApp, schools: list[str], indicator: str
) -> None:
    services = city.services
    facts = await gather(services.store, services.registry, schools, START, END)
    (clause,) = [value for value in CLAUSES.values() if value.indicator == indicator]
    rows = evidence_rows(clause, facts).to_dicts()
    assert rows
    for row in rows:
        table, _, key = row["ref"].partition(":")
        page = await ask(city, f"{row['school']}/records/{table}", row=key, limit=5000, **SPAN)
        cells = [item["cells"] for item in page["items"]]
        if table == "air":
            lasts = sum(cell["lessons"] for cell in cells) / 60
            assert lasts == pytest.approx(row["whole"], abs=0.01)
            assert sum(cell["good"] for cell in cells) / 60 == pytest.approx(row["part"], abs=0.01)
        else:
            lessons = {(cell["day"], cell["period"]) for cell in cells if cell["lesson"]}
            used = {
                (cell["day"], cell["period"]) for cell in cells if cell["lesson"] and cell["used"]
            }
            assert len(lessons) == row["whole"]
            assert len(used) == row["part"]


async def test_every_sign_of_an_integrity_finding_opens(city: CloudApp) -> None:
    made = await city.client.post("/api/v1/assessments", json=SPAN)
    assert made.status_code == 201, made.text
    path = f"/api/v1/assessments/{made.json()['id']}/integrity"
    body = (await city.stranger.get(path)).json()["items"]
    assert body
    for entry in body:
        for row in entry["evidence"]:
            opened = await ask(city, f"{entry['school']}/evidence", ref=row["ref"], **SPAN)
            assert opened["rows"] >= 1


@pytest.mark.parametrize("table", [*(layout.kind for layout in LAYOUTS), *DERIVED])
async def test_a_file_holds_the_rows_and_columns_of_the_page(
    city: CloudApp, schools: list[str], table: str
) -> None:
    page = await ask(city, f"{schools[0]}/records/{table}", limit=5000, **SPAN)
    url = f"/api/v1/schools/{schools[0]}/records/{table}"
    answer = await city.stranger.get(f"{url}.csv", params=SPAN)
    assert answer.headers["content-type"].startswith("text/csv")
    titles, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert titles == [column["title"]["zh"].replace("_", " ") for column in page["columns"]]
    assert len(rows) == page["total"]
    for at, column in enumerate(page["columns"]):
        is_known = [row["cells"][column["key"]] not in {None, ""} for row in page["items"]]
        if (table, column["key"]) != ("devices", "asset_no"):
            assert [bool(row[at]) for row in rows] == is_known, column["key"]
    answer = await city.stranger.get(f"{url}.xlsx", params={**SPAN, "language": "en"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert sheet.max_row == page["total"] + 1
    assert [cell.value for cell in sheet[1]] == [
        column["title"]["en"].replace("_", " ") for column in page["columns"]
    ]


async def test_a_file_of_records_has_the_words_of_the_page_and_only_what_is_searched(
    city: CloudApp, schools: list[str]
) -> None:
    page = await ask(city, f"{schools[0]}/records/timetable", limit=5000)
    room = page["items"][0]["cells"]["room"]
    url = f"/api/v1/schools/{schools[0]}/records"
    answer = await city.stranger.get(f"{url}/timetable.csv", params={"q": room})
    titles, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    expected = await ask(city, f"{schools[0]}/records/timetable", q=room, limit=5000)
    assert 0 < len(rows) == expected["total"] < page["total"]
    assert {row[titles.index("星期")] for row in rows} <= {f"周{day}" for day in "一二三四五六日"}
    answer = await city.stranger.get(f"{url}/use.csv", params=SPAN)
    titles, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert {row[titles.index("有课")] for row in rows} == {"是", "否"}


async def test_a_file_of_no_table_or_language_is_refused(
    city: CloudApp, schools: list[str]
) -> None:
    status, detail = await refused(city, f"{schools[0]}/records/nothing.csv")
    assert status == 422
    assert "nothing" in detail
    status, detail = await refused(city, f"{schools[0]}/records/rooms.csv", language="xx")
    assert status == 422
    assert "xx" in detail
