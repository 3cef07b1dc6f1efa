from typing import Any

import pytest

from tests._parts.cloud_app import CloudApp
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, send, slots

URL = f"/api/v1/schools/{SCHOOL}/utilization"


@pytest.fixture(autouse=True)
async def one_morning(cloud: CloudApp) -> None:
    await furnish(cloud, local("18:00"))
    await send(cloud.services.store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await cloud.services.rollups.settled()


async def ask(cloud: CloudApp, **params: str) -> list[dict[str, Any]]:
    answer = await cloud.client.get(URL, params=params)
    assert answer.status_code == 200, answer.text
    body: list[dict[str, Any]] = answer.json()
    return body


@pytest.mark.parametrize(
    ("by", "first"),
    [
        ("asset", ("1", "A-1 设备A-1", 1)),
        ("room", ("101", "101室", 2)),
        ("category", ("display", "display", 2)),
        ("school", (SCHOOL, "台州市实验小学", 4)),
    ],
)
async def test_rows_have_titles(cloud: CloudApp, by: str, first: tuple[str, str, int]) -> None:
    row = (await ask(cloud, by=by))[0]
    assert (row["key"], row["title"], row["assets"]) == first
    assert row["span"] is None
    assert row["use"]["lessons_used"] == 1


async def test_a_span_splits_rows(cloud: CloudApp) -> None:
    body = await ask(cloud, by="school", span="week")
    assert [row["span"] for row in body] == ["2026-W48"]
    body = await ask(cloud, by="asset", span="period", category="recorder")
    assert [row["span"] for row in body] == ["-1", "0", "1", "2"]


async def test_a_span_before_everything_is_empty(cloud: CloudApp) -> None:
    assert await ask(cloud, start="2026-09-01", end="2026-09-30") == []


@pytest.mark.parametrize(
    ("params", "status", "says"),
    [
        ({"start": "2026-11-24", "end": str(MONDAY)}, 422, "is after end"),
        ({"start": "2016-11-24"}, 422, "longer than 3 years"),
        ({"by": "teacher"}, 422, "by"),
    ],
)
async def test_a_wrong_question_gets_one_sentence(
    cloud: CloudApp, params: dict[str, str], status: int, says: str
) -> None:
    answer = await cloud.client.get(URL, params=params)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


async def test_an_unknown_school_is_not_found(cloud: CloudApp) -> None:
    answer = await cloud.client.get("/api/v1/schools/0000000000/utilization")
    assert answer.status_code == 404
