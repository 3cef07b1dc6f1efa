import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import event

from cloud.api.presenters.asset_list import SORT_KEYS
from cloud.api.presenters.downsample import Timed, downsample
from cloud.api.schemas.assets import ORDERS
from cloud.registry.importing.importer import import_file
from device_profiles.reading import Value
from tests._parts.cloud_app import CloudApp
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, report_state, send, slots

URL = f"/api/v1/schools/{SCHOOL}/assets"


@pytest.fixture(autouse=True)
async def one_morning(cloud: CloudApp) -> None:
    await furnish(cloud, local("10:00"))
    await send(
        cloud.services.store,
        [
            *slots("A-1", local("08:00"), local("08:40"), "active", energy_wh=10),
            *slots("A-1", local("08:40"), local("09:00"), "standby", energy_wh=2),
            *slots("A-2", local("08:00"), local("09:30"), "off"),
        ],
    )
    await report_state(cloud, "A-1", local("09:59:30"))
    await cloud.services.rollups.settled()


async def get(cloud: CloudApp, url: str, **params: Any) -> Any:
    answer = await cloud.client.get(url, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def numbers(cloud: CloudApp, **params: Any) -> list[str]:
    return [item["asset_no"] for item in (await get(cloud, URL, **params))["items"]]


async def test_the_list_joins_ledger_and_telemetry(cloud: CloudApp) -> None:
    page = await get(cloud, URL)
    assert page["total"] == 6
    first = page["items"][0]
    assert (first["asset_no"], first["device"], first["room_name"]) == ("A-1", "A-1", "101室")
    assert (first["state"], first["presence"]) == ("active", "online")
    assert first["last_seen"] == "2026-11-23T01:59:30Z"
    assert (first["use"]["lessons_observed"], first["use"]["lessons_used"]) == (1, 1)
    last = page["items"][-1]
    assert (last["device"], last["presence"], last["use"]) == (None, "no_sensor", None)


@pytest.mark.parametrize(
    ("params", "body"),
    [
        ({"q": "设备A-2"}, ["A-2"]),
        ({"q": "101室"}, ["A-1", "A-2"]),
        ({"q": "101室 A-2"}, ["A-2"]),
        ({"q": "101室 nothing-like-this"}, []),
        ({"category": "display"}, ["A-1", "A-3", "A-6"]),
        ({"room": "101"}, ["A-1", "A-2"]),
        ({"state": "active"}, ["A-1"]),
        ({"presence": "online"}, ["A-1"]),
        ({"condition": "3"}, ["A-3"]),
        ({"bound": False}, ["A-6"]),
        ({"bound": True, "category": "display"}, ["A-1", "A-3"]),
        ({"offset": 1, "limit": 2}, ["A-2", "A-3"]),
        ({"sort": "-asset_no", "limit": 1}, ["A-6"]),
        ({"sort": "use_rate", "limit": 2}, ["A-2", "A-1"]),
        ({"sort": "-use_rate", "limit": 2}, ["A-1", "A-2"]),
        ({"sort": "-active_s", "limit": 1}, ["A-1"]),
        ({"sort": "-last_seen", "limit": 1}, ["A-1"]),
        ({"start": "2026-11-16", "end": "2026-11-20", "limit": 1}, ["A-1"]),
    ],
)
async def test_filters_sorts_and_pages(
    cloud: CloudApp, params: dict[str, Any], body: list[str]
) -> None:
    assert await numbers(cloud, **params) == body


@pytest.mark.parametrize("key", sorted(SORT_KEYS))
async def test_every_sort_key_sorts_both_ways(cloud: CloudApp, key: str) -> None:
    assert len(await numbers(cloud, sort=key)) == 6
    assert len(await numbers(cloud, sort=f"-{key}")) == 6


async def test_an_unknown_sort_key_names_the_known(cloud: CloudApp) -> None:
    answer = await cloud.client.get(URL, params={"sort": "-beauty"})
    assert answer.status_code == 422
    assert "use one of asset_no" in answer.json()["detail"]


async def test_one_asset(cloud: CloudApp) -> None:
    body = await get(cloud, "/api/v1/assets/1")
    assert (body["school"], body["profile"]) == (SCHOOL, "campus-interactive-display")
    assert body["profile_title"]["zh"] == "交互式一体机（参考规范）"
    assert body["bindings"] == [{"device": "A-1", "valid_from": None, "valid_to": None}]
    points = {point.pop("point"): point for point in body["points"]}
    assert points["active_power"] == {
        "title": {"zh": "有功功率", "en": "active power"},
        "quantity": "power",
        "unit": "W",
        "value": 142.5,
        "observed_at": "2026-11-23T01:59:30Z",
    }
    assert points["display_state"]["value"] == "in_use"
    assert body["use"]["lessons_used"] == 1


async def test_one_asset_without_a_device(cloud: CloudApp) -> None:
    body = await get(cloud, "/api/v1/assets/6")
    assert (body["device"], body["profile"], body["points"]) == (None, None, [])


@pytest.mark.parametrize("tail", ["", "/timeline", "/heatmap", "/readings"])
async def test_an_unknown_asset_is_not_found(cloud: CloudApp, tail: str) -> None:
    answer = await cloud.client.get(f"/api/v1/assets/99{tail}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no asset has the id 99"


async def test_a_timeline_merges_slots_and_shows_gaps(cloud: CloudApp) -> None:
    body = await get(cloud, "/api/v1/assets/1/timeline")
    assert body["day"] == "2026-11-23"
    assert [(s["start"][11:16], s["end"][11:16], s["state"]) for s in body["intervals"]] == [
        ("16:00", "00:00", "unobserved"),
        ("00:00", "00:40", "active"),
        ("00:40", "01:00", "standby"),
        ("01:00", "01:50", "unobserved"),
    ]
    assert body["intervals"][1]["energy_wh"] == 80
    assert len(body["slots"]) == 12
    assert [(p["period"], p["lesson"]) for p in body["periods"]] == [
        (1, "301 语文"),
        (2, "301 语文"),
    ]


async def test_a_timeline_of_the_future_is_empty(cloud: CloudApp) -> None:
    body = await get(cloud, "/api/v1/assets/1/timeline", day=MONDAY + timedelta(days=1))
    assert (body["intervals"], body["slots"]) == ([], [])


async def test_a_heatmap(cloud: CloudApp) -> None:
    body = await get(cloud, "/api/v1/assets/1/heatmap")
    assert [p["period"] for p in body["periods"]] == [1, 2]
    assert [(c["weekday"], c["period"], c["used"], c["use_share"]) for c in body["cells"]] == [
        (1, 1, 1, 1.0),
        (1, 2, 0, 0.0),
    ]


async def test_readings_are_in_order_and_named(cloud: CloudApp) -> None:
    await report_state(cloud, "A-1", local("09:58"), "idle")
    state, *_ = await get(cloud, "/api/v1/assets/1/readings", point="display_state")
    assert (state["point"], state["title"]["en"]) == ("display_state", "display state")
    assert state["readings"] == [
        ["2026-11-23T01:58:00Z", "idle"],
        ["2026-11-23T01:59:30Z", "in_use"],
    ]
    every = await get(cloud, "/api/v1/assets/1/readings")
    assert [entry["point"] for entry in every] == ["active_power", "display_state"]
    assert every[0]["unit"] == "W"


async def test_a_span_of_readings_that_ends_before_it_begins(cloud: CloudApp) -> None:
    params = {"from": "2026-11-23T02:00:00Z", "to": "2026-11-23T01:00:00Z"}
    answer = await cloud.client.get("/api/v1/assets/1/readings", params=params)
    assert answer.status_code == 422
    assert "is not before" in answer.json()["detail"]


def timed(values: list[Value]) -> list[Timed]:
    return [(local("08:00") + timedelta(seconds=n), value) for n, value in enumerate(values)]


@given(st.lists(st.floats(-1e6, 1e6), max_size=300), st.integers(4, 50))
def test_thinned_numbers_keep_ends_and_extremes(values: list[float], limit: int) -> None:
    full = timed(list(values))
    thin = downsample(full, limit)
    assert len(thin) <= limit or len(thin) == len(full)
    assert thin == sorted(thin, key=lambda r: r[0])
    assert set(thin) <= set(full)
    if values:
        assert (thin[0], thin[-1]) == (full[0], full[-1])
        kept = [value for _, value in thin]
        assert max(kept) == max(values)
        assert min(kept) == min(values)


def test_thinned_words_keep_their_changes() -> None:
    values: list[Value] = [*["off"] * 50, *["in_use"] * 50, *["idle"] * 50]
    assert [value for _, value in downsample(timed(values), 10)] == [
        "off",
        "in_use",
        "idle",
        "idle",
    ]


def test_readings_of_one_moment_can_be_thinned() -> None:
    same = [(local("08:00"), float(n)) for n in range(10)]
    assert len(downsample(list(same), 4)) == 4


async def test_a_list_is_narrowed_by_condition_custodian_department_date_and_money(
    cloud: CloudApp,
) -> None:
    rows = (
        "学校标识码,资产编号,使用部门,保管人,取得日期,原值,使用状况\n"
        f"{SCHOOL},A-1,电教组,王芳,2024-09-01,17800,1\n"
        f"{SCHOOL},A-2,电教组,李明,2025-03-01,800,3\n"
        f"{SCHOOL},A-3,总务处,王芳,,,1\n"
    )
    report = import_file(cloud.services.registry, "assets", rows.encode(), "assets.csv")
    assert report.applied, report.problems
    assert await numbers(cloud, department="电教组") == ["A-1", "A-2"]
    assert await numbers(cloud, custodian="王芳") == ["A-1", "A-3"]
    assert await numbers(cloud, condition="3") == ["A-2"]
    assert await numbers(cloud, acquired_from="2024-09-01", acquired_to="2025-02-28") == ["A-1"]
    assert await numbers(cloud, department="电教组", yuan_to=17799.99) == ["A-2"]
    assert await numbers(cloud, yuan_from=17800, yuan_to=17800) == ["A-1"]
    assert await numbers(cloud, q="总务") == ["A-3"]
    assert await numbers(cloud, sort="-department")
    choices = await get(cloud, f"/api/v1/schools/{SCHOOL}/asset-choices")
    assert choices == {"departments": ["总务处", "电教组"], "custodians": ["李明", "王芳"]}


async def test_a_room_is_found_by_its_name(cloud: CloudApp) -> None:
    assert await numbers(cloud, q="101室") == ["A-1", "A-2"]


@pytest.mark.parametrize("params", [{}, {"room": "101", "sort": "-asset_no"}, {"state": "active"}])
async def test_a_file_holds_exactly_the_rows_of_the_list(
    cloud: CloudApp, params: dict[str, str]
) -> None:
    expected = await numbers(cloud, **params)
    answer = await cloud.client.get(f"{URL}.csv", params=params)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["资产编号", "名称"]
    assert [row[0] for row in rows[1:]] == expected
    answer = await cloud.client.get(f"{URL}.xlsx", params={**params, "language": "en"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet["A"]] == ["Asset number", *expected]


async def test_a_file_shows_use_state_and_moments_as_the_page_does(cloud: CloudApp) -> None:
    answer = await cloud.client.get(f"{URL}.csv", params={"q": "A-1"})
    first, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    shown = dict(zip(first, row, strict=True))
    assert (shown["当前状态"], shown["最近数据"]) == ("使用中", "2026-11-23 09:59")
    assert shown["课时使用率"] == "100.00%"
    assert (shown["使用时长/小时"], shown["使用状况"]) == ("0.7", "在用")


async def test_a_file_in_an_unknown_form_or_language_is_refused(cloud: CloudApp) -> None:
    assert (await cloud.client.get(f"{URL}.pdf")).status_code == 422
    answer = await cloud.client.get(f"{URL}.csv", params={"language": "xx"})
    assert answer.json()["code"] == "api.not_one_of"


async def test_a_long_list_takes_no_more_queries_than_a_short_one(cloud: CloudApp) -> None:
    queries: list[str] = []

    def noted(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        queries.append(statement)

    event.listen(cloud.services.registry.engine, "before_cursor_execute", noted)
    await get(cloud, URL, limit=100)
    few = len(queries)
    rows = "".join(f"{SCHOOL},L-{n},课桌,1\n" for n in range(2000))
    text = f"学校标识码,资产编号,资产名称,使用状况\n{rows}"
    report = import_file(cloud.services.registry, "assets", text.encode(), "assets.csv")
    assert report.applied, report.problems
    await cloud.services.rollups.settled()
    queries.clear()
    page = await get(cloud, URL, limit=100)
    assert (page["total"] > 2000, len(page["items"])) == (True, 100)
    assert 0 < len(queries) == few


def test_the_orders_that_are_documented_are_those_that_work() -> None:
    assert tuple(SORT_KEYS) == ORDERS
