"""Several clouds over one PostgreSQL: what one writes the others return, and no step is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from cloud.cli import main
from cloud.registry.store import Registry
from simulators.city.city import read_city, write_city
from tests._parts.cloud_app import CloudApp, cloud_app, small_settings
from tests._parts.filed import evidence, filed, gentle_standard, register
from tests._parts.postgresql import PostgreSQL
from tests._parts.small_city import city_options

pytestmark = pytest.mark.real
STEPS = "/api/v1/procedure"
ROOMS = "学校标识码,房间编号,房间名称,房间用途\n2133100000,101,一年级1班,111\n"


@pytest.fixture
async def two(postgres: PostgreSQL, tmp_path: Path) -> AsyncIterator[tuple[CloudApp, CloudApp]]:
    """Two clouds, each with telemetry of its own, over one registry."""
    url = postgres.fresh()
    async with AsyncExitStack() as stack:
        clouds = [
            await stack.enter_async_context(
                cloud_app(small_settings(tmp_path / name).model_copy(update={"database_url": url}))
            )
            for name in ("one", "other")
        ]
        register(clouds[0].services.registry, filed(), evidence(gentle_standard(), 30, 1))
        yield clouds[0], clouds[1]


async def get_json(cloud: CloudApp, path: str, **params: Any) -> Any:
    answer = await cloud.client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_one_writes_the_other_returns(two: tuple[CloudApp, CloudApp]) -> None:
    first, second = two
    sent = await first.client.post("/api/v1/imports/rooms", files={"file": ("rooms.csv", ROOMS)})
    assert sent.json()["applied"], sent.text
    assert [
        room["number"] for room in await get_json(second, "/api/v1/schools/2133100000/rooms")
    ] == ["101"]
    made = await first.client.post("/api/v1/selections", json={"rules": {"places": 3}})
    assert made.status_code == 201, made.text
    path = f"/api/v1/selections/{made.json()['id']}"
    assert await get_json(second, path) == await get_json(first, path)
    step = {"step": "self_assessment", "by": "王校长", "school": "2133100000"}
    assert (await second.client.post(STEPS, json=step)).status_code == 201
    (taken,) = (await get_json(first, STEPS))["items"]
    assert (taken["school"], taken["by"]) == ("2133100000", "王校长")


async def test_steps_taken_at_once_follow_one_another(two: tuple[CloudApp, CloudApp]) -> None:
    schools = [f"{2133100000 + number}" for number in range(30)]
    step = {"step": "self_assessment", "by": "校长"}
    answers = await asyncio.gather(
        *(
            two[number % 2].client.post(STEPS, json=step | {"school": school})
            for number, school in enumerate(schools)
        )
    )
    assert [answer.status_code for answer in answers] == [201] * len(schools)
    log = await get_json(two[0], STEPS)
    assert log["broken_at"] is None
    assert [step["id"] for step in log["items"]] == list(range(1, len(schools) + 1))
    assert sorted(step["school"] for step in log["items"]) == schools


async def test_clouds_that_start_at_once_make_the_tables_once(
    postgres: PostgreSQL,
) -> None:
    url = postgres.fresh()
    opened = await asyncio.gather(*(asyncio.to_thread(Registry.open, url) for _ in range(4)))
    assert [registry.schools() for registry in opened] == [[]] * 4
    for registry in opened:
        registry.close()


def test_a_city_is_assessed_alike_in_either_database(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = tmp_path / "city"
    write_city(city_options(city, schools=3, days=2))
    span = ["--start", read_city(city)["start"], "--end", read_city(city)["end"]]
    monkeypatch.delenv("CAMPUS_CLOUD_DATABASE_URL", raising=False)
    digests = []
    for name, url in (("sqlite", None), ("postgresql", postgres.fresh())):
        if url is not None:
            monkeypatch.setenv("CAMPUS_CLOUD_DATABASE_URL", url)
        data = ["--data", str(tmp_path / name)]
        assert main(["load", str(city), *data]) == 0
        assert main(["assess", *data, *span]) == 0
        registry = Registry.open(url or f"sqlite:///{tmp_path / name / 'registry.sqlite'}")
        digests.append([row.digest for row in registry.assessment_log.assessments()])
        registry.close()
    assert digests[0] == digests[1]
    assert len(digests[0]) == 1


def test_a_database_out_of_reach_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for url, says in (
        ("postgresql+psycopg://campus:secret@127.0.0.1:1/none", "campus:***@127.0.0.1:1/none: "),
        ("nonesuch://campus@127.0.0.1/none", "Can't load plugin: sqlalchemy.dialects:nonesuch"),
        ("no address", "database as configured: Could not parse SQLAlchemy URL"),
    ):
        monkeypatch.setenv("CAMPUS_CLOUD_DATABASE_URL", url)
        assert main(["serve", "--data", str(tmp_path)]) == 1
        err = capsys.readouterr().err
        assert says in err
        assert "secret" not in err
        assert err.splitlines()[-1].startswith("campus-cloud: database ")
