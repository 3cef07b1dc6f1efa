"""A small school gives the same pages whichever store keeps its telemetry."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.registry.importing.importer import import_file
from device_profiles.points import to_ns
from tests._parts.cloud_app import CloudApp, cloud_app, small_settings
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, report_state, send, slots
from tests._parts.stores import STORES

FRIDAY = MONDAY - timedelta(days=3)
BASE = f"/api/v1/schools/{SCHOOL}"
SPAN = f"start={FRIDAY}&end={MONDAY}"
PAGES = (
    f"{BASE}/overview",
    f"{BASE}/assets",
    f"{BASE}/gateways",
    "/api/v1/gateways/g-1",
    "/api/v1/assets/1",
    f"/api/v1/assets/1/timeline?day={MONDAY}",
    f"/api/v1/assets/1/heatmap?{SPAN}",
    f"/api/v1/assets/1/readings?{SPAN}",
    "/api/v1/assets/3/events",
    *(f"{BASE}/utilization?by={by}&span=day&{SPAN}" for by in ("asset", "room", "school")),
    f"{BASE}/utilization?by=category&span=period&{SPAN}",
    f"{BASE}/score?start={FRIDAY}",
    f"{BASE}/records/use?{SPAN}&limit=1000",
    f"{BASE}/records/air?{SPAN}",
    f"{BASE}/records/devices?{SPAN}",
    f"/api/v1/export/readings?school={SCHOOL}",
    f"/api/v1/export/usage?school={SCHOOL}",
)
STOCKTAKES = "school,asset_no,counted_on,result\n" + "".join(
    f"{SCHOOL},A-{number},2026-06-30,matched\n" for number in range(1, 7)
)


async def a_school_at_work(cloud: CloudApp) -> None:
    """Two days of slots, readings of air and light, an event, a gateway; some of it late."""
    await furnish(cloud, local("18:00"))
    report = import_file(
        cloud.services.registry, "stocktakes", STOCKTAKES.encode(), "stocktakes.csv"
    )
    assert report.applied, report.problems
    store = cloud.services.store
    for day in (FRIDAY, MONDAY):
        await send(store, slots("A-1", local("08:00", day), local("08:40", day), "active", 12.5))
        await send(store, slots("A-2", local("07:00", day), local("17:30", day), "standby"))
        await send(store, slots("A-4", local("08:00", day), local("09:30", day), "unobserved"))
    await send(store, slots("A-3", local("14:00"), local("18:00"), "active"))
    await send(store, slots("ghost", local("08:00"), local("08:40"), "off"))
    await cloud.services.rollups.settled()
    await send(store, slots("A-1", local("08:50"), local("09:20"), "active"))
    await report_state(cloud, "A-3", local("17:59"))
    await report_state(cloud, "A-1", local("09:20"), "off")
    head = f"reading,school={SCHOOL},asset=E-1,room=101,category=environment,profile=am308"
    for minute in range(0, 90, 10):
        at = to_ns(local("08:00") + timedelta(minutes=minute))
        await cloud.write(f"{head} co2={600 + 20 * minute},illuminance={200 + 3 * minute} {at}")
    fault = f"event,school={SCHOOL},asset=A-3,type=fault"
    await cloud.write(
        f'{fault} text="背光过热",value=3 {to_ns(local("10:00"))}',
        f"gateway,school={SCHOOL},gateway=g-1 backlog=3,uptime_s=60 {to_ns(local('17:58'))}",
    )


async def pages(cloud: CloudApp) -> Mapping[str, list[str]]:
    """Return every page line by line, a JSON page indented, once all is rolled up."""
    await cloud.services.rollups.settled()
    answers = {}
    for page in PAGES:
        answer = await cloud.client.get(page)
        assert answer.status_code == 200, f"{page}: {answer.text}"
        is_json = answer.headers["content-type"] == "application/json"
        text = json.dumps(answer.json(), indent=1, ensure_ascii=False) if is_json else answer.text
        answers[page] = text.splitlines()
    return answers


@pytest.fixture
async def expected(tmp_path: Path) -> Mapping[str, list[str]]:
    """The pages over the default store."""
    async with cloud_app(small_settings(tmp_path / "default")) as cloud:
        await a_school_at_work(cloud)
        return await pages(cloud)


@pytest.mark.parametrize("telemetry", [name for name in STORES if name != "duckdb"])
async def test_the_pages_are_those_of_the_default_store(
    telemetry: str, expected: Mapping[str, list[str]], tmp_path: Path
) -> None:
    settings = small_settings(tmp_path / telemetry).model_copy(update={"telemetry": telemetry})
    async with cloud_app(settings) as cloud:
        await a_school_at_work(cloud)
        shown = await pages(cloud)
    assert not (tmp_path / telemetry / "telemetry.duckdb").exists()
    for page, lines in expected.items():
        assert shown[page] == lines, page


async def test_the_pages_are_not_empty(expected: Mapping[str, list[str]]) -> None:
    for page, sign in (
        (f"{BASE}/overview", '"kind": "left_on"'),
        (f"{BASE}/records/air?{SPAN}", '"co2"'),
        (f"{BASE}/records/devices?{SPAN}", '"E-1"'),
        ("/api/v1/assets/3/events", "背光过热"),
        (f"/api/v1/export/usage?school={SCHOOL}", "ghost"),
    ):
        assert any(sign in line for line in expected[page]), page
