import datetime as dt

import pytest
from httpx import AsyncClient

from cloud.registry import tables
from cloud.registry.store import Registry
from tests._parts.cloud_app import CloudApp

SCHOOL = "2133100001"


@pytest.fixture
def client(cloud: CloudApp) -> AsyncClient:
    fill(cloud.services.registry)
    return cloud.stranger


def fill(registry: Registry) -> None:
    with registry.writing() as session:
        session.add(tables.School(id=SCHOOL, name="九年一贯", division="331083", school_type="312"))
        session.flush()
        session.add(tables.Room(id=1, school_id=SCHOOL, number="101", use="111"))
        session.add(
            tables.Term(
                id=1,
                school_id=SCHOOL,
                name="t1",
                starts=dt.date(2020, 1, 1),
                ends=dt.date(2099, 1, 1),
            )
        )
        session.flush()
        session.add(
            tables.Period(term_id=1, number=1, name="一", starts=dt.time(8), ends=dt.time(8, 40))
        )
        session.add(tables.Lesson(term_id=1, weekday=1, period=1, room_id=1, subject="语文"))
        session.commit()


async def test_a_school_has_names_for_its_codes(client: AsyncClient) -> None:
    listed = (await client.get("/api/v1/schools")).json()
    assert listed == [(await client.get(f"/api/v1/schools/{SCHOOL}")).json()]
    assert listed[0]["division_name"] == "玉环市"
    assert listed[0]["school_type_name"] == "九年一贯制学校"
    assert listed[0]["stages"] == ["PRI", "JUN"]


async def test_an_unknown_school_is_not_found(client: AsyncClient) -> None:
    for path in ("", "/rooms", "/timetable", "/calendar?start=2026-11-23&end=2026-11-23"):
        answer = await client.get(f"/api/v1/schools/2133100009{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_rooms_have_their_purpose(client: AsyncClient) -> None:
    (room,) = (await client.get(f"/api/v1/schools/{SCHOOL}/rooms")).json()
    assert (room["number"], room["name"], room["use_name"]) == ("101", "101", "教室")


async def test_the_calendar_has_school_days_only_in_utc(client: AsyncClient) -> None:
    path = f"/api/v1/schools/{SCHOOL}/calendar"
    days = (await client.get(path, params={"start": "2026-11-20", "end": "2026-11-23"})).json()
    assert [day["day"] for day in days] == ["2026-11-20", "2026-11-23"]
    assert days[0]["periods"][0]["start"] == "2026-11-20T00:00:00Z"
    backwards = await client.get(path, params={"start": "2026-11-23", "end": "2026-11-20"})
    assert backwards.status_code == 400


async def test_the_timetable_is_that_of_the_current_term(client: AsyncClient) -> None:
    path = f"/api/v1/schools/{SCHOOL}/timetable"
    body = (await client.get(path)).json()
    assert (body["term"], body["lessons"][0]["subject"]) == ("t1", "语文")
    assert (await client.get(path, params={"term": "t1"})).json() == body
    assert (await client.get(path, params={"term": "t2"})).status_code == 404
