import json

from tests._parts.cloud_app import SCHOOL, CloudApp

SLOT = "active_s=100,standby_s=0,off_s=200,unobserved_s=0"


async def test_usage_comes_a_row_a_line(cloud: CloudApp) -> None:
    await cloud.write(
        f"usage,asset=B,school={SCHOOL} {SLOT} 1700000400000000000",
        f"usage,asset=A,school={SCHOOL} {SLOT},energy_wh=4 1700000100000000000",
        f"usage,asset=A,school=other {SLOT} 1700000100000000000",
    )
    answer = await cloud.stranger.get("/api/v1/export/usage", params={"school": SCHOOL})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [(row["asset"], row["start"], row["energy_wh"]) for row in rows] == [
        ("A", "2023-11-14T22:15:00Z", 4.0),
        ("B", "2023-11-14T22:20:00Z", None),
    ]


async def test_a_span_is_from_up_to_without(cloud: CloudApp) -> None:
    await cloud.write(
        *(f"reading,asset=A,school={SCHOOL} v={n} 170000000{n}000000000" for n in range(5))
    )
    answer = await cloud.stranger.get(
        "/api/v1/export/readings",
        params={"school": SCHOOL, "from": "2023-11-14T22:13:21Z", "to": "2023-11-14T22:13:23Z"},
    )
    assert [json.loads(line)["value"] for line in answer.text.splitlines()] == [1.0, 2.0]
