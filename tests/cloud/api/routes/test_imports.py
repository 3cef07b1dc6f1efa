import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from openpyxl import load_workbook

from tests._parts.cloud_app import cloud_app, small_settings

CSV = "学校标识码,学校名称,区划代码,办学类型码\n2133100001,实验小学,331002,211\n"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    settings = small_settings(tmp_path).model_copy(update={"max_upload_mb": 0.01})
    async with cloud_app(settings) as cloud:
        yield cloud.client


async def send(client: AsyncClient, content: bytes, name: str = "学校.csv", **query: Any) -> Any:
    return await client.post(
        "/api/v1/imports/schools", params=query, files={"file": (name, content)}
    )


async def test_a_dry_run_and_then_the_import(client: AsyncClient) -> None:
    dry = (await send(client, CSV.encode("gb18030"), dry_run=True)).json()
    assert (dry["created"], dry["applied"], dry["problems"]) == (1, False, [])
    assert (await client.get("/api/v1/schools")).json() == []
    assert (await send(client, CSV.encode())).json()["applied"] is True
    assert (await client.get("/api/v1/schools")).json()[0]["name"] == "实验小学"


async def test_problems_come_with_sheet_row_and_column(client: AsyncClient) -> None:
    report = (await send(client, CSV.replace("331002", "331001").encode())).json()
    assert report["applied"] is False
    assert [(item["sheet"], item["row"], item["column"]) for item in report["problems"]] == [
        ("学校", 2, "区划代码")
    ]


async def test_an_import_needs_the_token(client: AsyncClient) -> None:
    del client.headers["Authorization"]
    assert (await send(client, CSV.encode())).status_code == 401


async def test_files_that_cannot_be_read_are_problems(client: AsyncClient) -> None:
    cases = [
        (await send(client, b"x" * 20_000), 413),
        (await send(client, b""), 400),
        (await send(client, b"no workbook", "a.xlsx"), 422),
        (await send(client, CSV.encode(), school="21"), 400),
    ]
    for answer, status in cases:
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_heading_is_taken_for_the_column_that_is_chosen_for_it(client: AsyncClient) -> None:
    text = CSV.replace("学校名称", "单位全称甲")
    choice = json.dumps({"schools": {"单位全称甲": "name"}})

    async def checked(headings: str | None = None, *, dry_run: bool = True) -> Any:
        return await client.post(
            "/api/v1/imports/schools",
            params={"dry_run": dry_run},
            files={"file": ("a.csv", text.encode())},
            data={} if headings is None else {"headings": headings},
        )

    (unknown,) = (await checked()).json()["headings"]
    assert (unknown["heading"], unknown["column"]) == ("单位全称甲", None)
    assert {"key": "name", "title": {"zh": "学校名称", "en": "name"}} in unknown["choices"]
    assert (await checked(choice, dry_run=False)).json()["applied"]
    (remembered,) = (await checked()).json()["headings"]
    assert (remembered["column"], remembered["is_remembered"]) == ("name", True)
    for wrong, words in [
        ("[]", "expected JSON"),
        ('{"cars": {}}', '"cars" is not a kind'),
        ('{"schools": {"x": "wheels"}}', '"wheels" is not a column'),
    ]:
        refused = await checked(wrong)
        assert (refused.status_code, words in refused.text.replace('\\"', '"')) == (400, True)


async def test_the_template_is_a_workbook(client: AsyncClient) -> None:
    answer = await client.get("/api/v1/imports/template.xlsx")
    assert answer.status_code == 200
    assert "资产" in load_workbook(io.BytesIO(answer.content)).sheetnames
