from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud.registry import tables
from device_profiles.points import line, to_ns
from tests._parts.cloud_app import CloudApp
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local


async def report(cloud: CloudApp, at: datetime, type_: str, text: str, **detail: Any) -> None:
    tags = {"school": SCHOOL, "type": type_, "asset": detail.pop("asset", "")}
    await cloud.write(line("event", tags, {"text": text, **detail}, to_ns(at)))


async def of(cloud: CloudApp, number: str, **params: Any) -> list[dict[str, Any]]:
    listed = await cloud.client.get(f"/api/v1/schools/{SCHOOL}/assets", params={"q": number})
    (asset,) = listed.json()["items"]
    answer = await cloud.client.get(f"/api/v1/assets/{asset['id']}/events", params=params)
    assert answer.status_code == 200, answer.text
    body: list[dict[str, Any]] = answer.json()
    return body


@pytest.fixture(autouse=True)
async def one_morning(cloud: CloudApp) -> None:
    await furnish(cloud, local("10:00"))
    await report(cloud, local("08:10"), "fault", "背光过热", asset="A-1", value=3.0)
    await report(cloud, local("08:20"), "device_back", "重新有消息", asset="A-1", value=90.0)
    await report(cloud, local("08:30"), "fault", "别的设备", asset="A-2")
    await report(cloud, local("08:40"), "door_open", "no word for it")


async def test_an_asset_shows_its_own_events_and_those_of_gateways(cloud: CloudApp) -> None:
    body = await of(cloud, "A-1")
    assert [(item["type"], item["of_gateway"]) for item in body] == [
        ("door_open", True),
        ("device_back", False),
        ("fault", False),
    ]
    newest, back, fault = body
    assert (newest["title"]["zh"], newest["title"]["en"], newest["value"]) == (
        "door_open",
        "door_open",
        None,
    )
    assert (back["title"]["zh"], back["value"], back["unit"]) == ("设备恢复", 90.0, "s")
    assert (fault["title"]["zh"], fault["title"]["en"]) == ("设备故障", "Fault")
    assert (fault["text"], fault["value"], fault["unit"]) == ("背光过热", 3.0, "")
    assert fault["at"] == "2026-11-23T00:10:00Z"


async def test_a_span_and_a_limit_are_kept(cloud: CloudApp) -> None:
    span = {"from": local("08:15").isoformat(), "to": local("08:40").isoformat()}
    assert [entry["type"] for entry in await of(cloud, "A-1", **span)] == ["device_back"]
    assert [entry["type"] for entry in await of(cloud, "A-1", limit=2)] == [
        "door_open",
        "device_back",
    ]


async def test_events_from_before_a_binding_are_not_the_assets(cloud: CloudApp) -> None:
    tuesday = MONDAY + timedelta(days=1)
    registry = cloud.services.registry
    (row,) = registry.assets(SCHOOL, text="A-6")
    with registry.writing() as session:
        session.add(
            tables.Binding(school_id=SCHOOL, asset_id=row.id, device="A-1", valid_from=tuesday)
        )
        session.commit()
    registry.changed("workbook", frozenset({SCHOOL}))
    assert [entry["type"] for entry in await of(cloud, "A-6")] == ["door_open"]
    await report(cloud, local("08:10", tuesday), "fault", "触控框无响应", asset="A-1")
    assert [entry["type"] for entry in await of(cloud, "A-6")] == ["fault", "door_open"]


async def test_an_asset_that_is_not_there_is_404(cloud: CloudApp) -> None:
    answer = await cloud.client.get("/api/v1/assets/999999/events")
    assert answer.status_code == 404
