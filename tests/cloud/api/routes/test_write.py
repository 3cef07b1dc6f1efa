import asyncio
import gzip

import httpx
import pytest

from tests._parts.cloud_app import SCHOOL, WRITE, CloudApp

GOOD = f"reading,asset=A,school={SCHOOL} power=1.5"


async def stored(cloud: CloudApp) -> list[str]:
    answer = await cloud.client.get("/api/v1/export/readings", params={"school": SCHOOL})
    return answer.text.splitlines()


async def test_a_write_is_acknowledged_once_and_can_be_read(cloud: CloudApp) -> None:
    answer = await cloud.client.post(
        WRITE, content=f'{GOOD},on=true,text="a b" 1700000000000000001'
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert await stored(cloud) == [
        '{"asset":"A","point":"on","observed_at":"2023-11-14T22:13:20Z","value":true}',
        '{"asset":"A","point":"power","observed_at":"2023-11-14T22:13:20Z","value":1.5}',
        '{"asset":"A","point":"text","observed_at":"2023-11-14T22:13:20Z","value":"a b"}',
    ]


async def test_gzip_and_precision_are_understood(cloud: CloudApp) -> None:
    body = gzip.compress(f"{GOOD} 1700000000".encode())
    answer = await cloud.client.post(
        WRITE + "&precision=s", content=body, headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 204
    assert "2023-11-14T22:13:20Z" in (await stored(cloud))[0]


async def test_a_line_without_a_time_gets_the_servers(cloud: CloudApp) -> None:
    await cloud.write(GOOD)
    assert "2026-11-24T02:00:00Z" in (await stored(cloud))[0]


async def test_of_a_batch_with_a_bad_line_nothing_is_stored(cloud: CloudApp) -> None:
    answer = await cloud.client.post(WRITE, content=f"{GOOD}\nreading,bad\n{GOOD}")
    assert answer.status_code == 400
    assert answer.json() == {
        "code": "invalid",
        "message": "unable to parse 'reading,bad': missing tag value",
    }
    assert await stored(cloud) == []


async def test_a_changed_type_is_refused_and_the_rest_is_stored(cloud: CloudApp) -> None:
    await cloud.write(f"{GOOD} 1")
    answer = await cloud.client.post(
        WRITE, content=f'reading,asset=A,school={SCHOOL} power="x" 2\n{GOOD} 3'
    )
    assert answer.status_code == 422
    assert answer.json() == {
        "code": "unprocessable entity",
        "message": "failure writing points to database: partial write: field type conflict: "
        'input field "power" on measurement "reading" is type string, '
        "already exists as type float dropped=1",
    }
    assert len(await stored(cloud)) == 2


@pytest.mark.parametrize("authorization", [None, "Token wrong", "Token", "Basic eDp5", "Token é"])
async def test_without_the_token_nothing_is_taken(
    cloud: CloudApp, authorization: str | None
) -> None:
    headers = {b"Authorization": authorization.encode()} if authorization else {}
    answer = await cloud.stranger.post(WRITE, content=GOOD, headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"code": "unauthorized", "message": "unauthorized access"}
    assert await stored(cloud) == []


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("org=school&bucket=nope", 404, 'bucket "nope" not found'),
        ("org=school", 404, "bucket not found; name it as in ?bucket=campus"),
        ("org=nope&bucket=campus", 404, 'organization name "nope" not found'),
        ("org=school&bucket=campus&precision=h", 400, "invalid precision 'h'; use one of"),
    ],
)
async def test_a_wrong_target_is_named(
    cloud: CloudApp, query: str, status: int, message: str
) -> None:
    answer = await cloud.client.post(f"/api/v2/write?{query}", content=GOOD)
    assert answer.status_code == status
    assert answer.json()["message"].startswith(message)


async def test_too_large_a_body_is_refused_before_it_is_unpacked(cloud: CloudApp) -> None:
    bomb = gzip.compress(b" " * 60_000_000)
    answer = await cloud.client.post(WRITE, content=bomb, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (413, "request too large")
    answer = await cloud.client.post(WRITE, content=b" " * 26_000_000)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("encoding", "body", "message"),
    [
        ("gzip", b"not gzip", "the body is not valid gzip"),
        ("gzip", gzip.compress(GOOD.encode(), mtime=0)[:-9], "the gzip body ends too early"),
        ("br", b"x", "content encoding 'br' is not known"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_refused(
    cloud: CloudApp, encoding: str, body: bytes, message: str
) -> None:
    answer = await cloud.client.post(WRITE, content=body, headers={"Content-Encoding": encoding})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


async def test_writes_at_the_same_time_are_all_kept(cloud: CloudApp) -> None:
    answers: list[httpx.Response] = await asyncio.gather(
        *(cloud.client.post(WRITE, content=f"{GOOD} {n}000000000") for n in range(50))
    )
    assert {answer.status_code for answer in answers} == {204}
    assert len(await stored(cloud)) == 50


async def test_a_stopping_cloud_asks_to_come_back(cloud: CloudApp) -> None:
    await asyncio.to_thread(cloud.services.store.close)
    answer = await cloud.client.post(WRITE, content=GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["code"] == "unavailable"


async def test_a_large_body_is_parsed_like_a_small_one(cloud: CloudApp) -> None:
    await cloud.write(*(f"{GOOD} {n}000" for n in range(3000)))
    assert len(await stored(cloud)) == 3000
