import io
import json
from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest
from openpyxl import load_workbook

from cloud.assessments.filed_selection import filed
from cloud.scoring.engine.evidence_bundle import read_bundle, rescore
from tests._parts.cloud_app import CloudApp
from tests._parts.contents import contents, outcome
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, send, slots

BASE = "/api/v1/assessments/latest/reports"


@pytest.fixture(autouse=True)
async def assessed(cloud: CloudApp) -> None:
    await furnish(cloud, local("18:00"))
    await send(cloud.services.store, slots("A-1", local("08:00"), local("08:40"), "active"))
    cloud.clock.moment += timedelta(days=1)  # the day is over: nothing of it can still change
    wanted = {"start": str(MONDAY), "end": str(MONDAY)}
    answer = await cloud.client.post("/api/v1/assessments", json=wanted)
    assert answer.status_code == 201, answer.text


async def ask(cloud: CloudApp, path: str, **params: str) -> httpx.Response:
    answer = await cloud.client.get(f"{BASE}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


def select(cloud: CloudApp) -> str:
    """File a selection of the one school, with its publicity period still open."""
    held = contents(schools={SCHOOL: outcome()})
    assessment = cloud.services.repository.row("latest").id
    row = filed(assessment, {}, 0, held, cloud.services.clock.now())
    cloud.services.registry.assessment_log.file_selection(row)
    return row.id


@pytest.mark.parametrize("path", [f"schools/{SCHOOL}", "counties/331002", "city"])
async def test_a_report_comes_as_pdf_and_as_excel(cloud: CloudApp, path: str) -> None:
    paper = await ask(cloud, f"{path}.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")
    book = await ask(cloud, f"{path}.xlsx")
    assert "概览" in load_workbook(io.BytesIO(book.content)).sheetnames


async def test_the_same_report_is_the_same_file(cloud: CloudApp) -> None:
    first = await ask(cloud, f"schools/{SCHOOL}.pdf")
    cloud.clock.moment += timedelta(days=1)
    is_same = (await ask(cloud, f"schools/{SCHOOL}.pdf")).content == first.content
    assert is_same


async def test_a_file_is_named_for_people(cloud: CloudApp) -> None:
    answer = await ask(cloud, f"schools/{SCHOOL}.pdf")
    name = cloud.services.registry.school(SCHOOL)
    assert name is not None
    disposition = answer.headers["content-disposition"]
    assert unquote(disposition) == f"attachment; filename*=UTF-8''{SCHOOL} {name.name}.pdf"


@pytest.mark.parametrize("path", [f"schools/{SCHOOL}", "counties/331002", "city"])
async def test_a_bundle_scores_again_as_assessed(cloud: CloudApp, path: str) -> None:
    text = (await ask(cloud, f"{path}.json")).text
    bundle = read_bundle(text, "bundle")
    assert rescore(bundle, "bundle").totals["id"].to_list() == [SCHOOL]
    assert json.loads(text)["about"]["start"] == str(MONDAY)


async def test_evidence_in_a_report_is_that_of_the_school(cloud: CloudApp) -> None:
    book = load_workbook(io.BytesIO((await ask(cloud, f"schools/{SCHOOL}.xlsx")).content))
    rows = list(book["证据"].iter_rows(min_row=2, values_only=True))
    assert any(str(row[6]).startswith("asset:") for row in rows)


async def test_a_selection_is_in_the_reports_and_the_notice(cloud: CloudApp) -> None:
    answer = await cloud.client.get(f"{BASE}/notice.pdf")
    assert answer.status_code == 404
    assert "make a selection first" in answer.json()["detail"]
    selection = select(cloud)
    notice = await ask(cloud, "notice.xlsx", office="市局", contact="人事处", division="331002")
    book = load_workbook(io.BytesIO(notice.content))
    assert [row[1] for row in book["公示名单"].iter_rows(min_row=2, values_only=True)] == [SCHOOL]
    assert (await ask(cloud, "notice.pdf")).content.startswith(b"%PDF")
    for query in ({}, {"selection": selection}):
        answer = await ask(cloud, "city.xlsx", **query)
        rows = list(load_workbook(io.BytesIO(answer.content))["排名"].iter_rows(values_only=True))
        assert rows[1][8:10] == ("入选", "总分 90.00，在符合条件的学校中排第 1，名额 1 个，入选。")


@pytest.mark.parametrize(
    ("path", "status", "details"),
    [
        ("schools/2133999999.pdf", 404, "2133999999"),
        ("schools/2133999999.json", 404, "not in assessment"),
        ("counties/330106.pdf", 404, "no county has the code"),
        ("city.docx", 422, "form"),
        ("city.pdf?selection=nothing", 404, "no selection has the id"),
    ],
)
async def test_what_does_not_exist_is_refused(
    cloud: CloudApp, path: str, status: int, details: str
) -> None:
    answer = await cloud.client.get(f"{BASE}/{path}")
    assert answer.status_code == status, answer.text
    assert details in answer.text


async def test_an_assessment_that_does_not_exist_is_refused(cloud: CloudApp) -> None:
    answer = await cloud.client.get("/api/v1/assessments/nothing/reports/city.pdf")
    assert answer.status_code == 404
