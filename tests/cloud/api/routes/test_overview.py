from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from cloud.registry import tables
from device_profiles.points import to_ns
from tests._parts.cloud_app import CloudApp
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, report_state, send, slots

URL = f"/api/v1/schools/{SCHOOL}/overview"


async def look(cloud: CloudApp) -> dict[str, Any]:
    await cloud.services.rollups.settled()
    answer = await cloud.client.get(URL)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def attention(body: dict[str, Any], kind: str) -> list[tuple[str, float | None]]:
    return [(a["subject"], a["value"]) for a in body["attention"] if a["kind"] == kind]


async def test_an_unknown_school_is_not_found(cloud: CloudApp) -> None:
    answer = await cloud.client.get("/api/v1/schools/0000000000/overview")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_school_without_telemetry_claims_nothing(cloud: CloudApp) -> None:
    await furnish(cloud, local("08:20"))
    body = await look(cloud)
    assert (body["assets"], body["assets_connected"], body["assets_online"]) == (6, 0, 0)
    assert body["original_value_yuan"] == 6000
    assert body["today"]["use_rate"] is None
    assert body["today"]["observed_share"] is None
    assert body["gateways"] == []
    assert [a["kind"] for a in body["attention"]] == ["condition"]
    assert len(body["by_day"]) == 20


async def test_in_a_lesson(cloud: CloudApp) -> None:
    await furnish(cloud, local("08:55"))
    await send(cloud.services.store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await report_state(cloud, "A-1", local("08:54:30"))
    await report_state(cloud, "A-2", local("08:54:30"), "idle")
    await report_state(cloud, "X-9", local("08:54:30"))
    body = await look(cloud)
    assert body["now"] == {
        "day": "2026-11-23",
        "period": 2,
        "name": "第二节",
        "starts": "08:50:00",
        "ends": "09:30:00",
        "lessons_scheduled": 2,
        "is_school_day": True,
    }
    assert (body["assets_connected"], body["assets_online"]) == (2, 2)
    categories = {c.pop("category"): c for c in body["categories"]}
    assert categories["display"] == {
        "assets": 3,
        "connected": 1,
        "online": 1,
        "active": 1,
        "standby": 0,
        "off": 0,
        "rule_unfit": 0,
        "use_indistinct": 0,
        "no_rule": 0,
        "unobserved": 1,
        "no_sensor": 1,
    }
    rooms = {room["room"]: room for room in body["rooms"]}
    assert (rooms["101"]["state"], rooms["101"]["assets"]) == ("active", 2)
    assert rooms["101"]["lesson"] == "301 语文"
    assert (rooms["103"]["state"], rooms["103"]["lesson"]) == ("unobserved", None)
    assert body["today"]["lessons_used"] == 1
    assert body["today"] == body["by_day"][-1]["use"]
    assert body["week"]["lessons_used"] == 1
    assert body["by_day"][-1]["day"] == "2026-11-23"
    assert attention(body, "unknown_asset") == [("X-9", None)]
    assert attention(body, "left_on") == []
    assert attention(body, "condition") == [("A-3", 3.0)]


async def test_between_periods_and_on_a_day_off(cloud: CloudApp) -> None:
    await furnish(cloud, local("08:45"))
    now = (await look(cloud))["now"]
    assert (now["period"], now["is_school_day"], now["lessons_scheduled"]) == (None, True, 0)
    cloud.clock.moment = local("10:00", MONDAY - timedelta(days=1))
    assert not (await look(cloud))["now"]["is_school_day"]


async def test_a_display_left_on_after_school_is_named(cloud: CloudApp) -> None:
    await furnish(cloud, local("12:00"))
    await send(cloud.services.store, slots("A-1", local("09:00"), local("11:55"), "active"))
    await report_state(cloud, "A-1", local("11:59:30"))
    assert attention(await look(cloud), "left_on") == [("A-1", 3.0)]
    cloud.clock.moment = local("09:30")
    assert attention(await look(cloud), "left_on") == []


async def test_a_display_left_on_over_night_is_named_before_school_and_on_a_day_off(
    cloud: CloudApp,
) -> None:
    sunday = MONDAY - timedelta(days=1)
    await furnish(cloud, local("07:00"))
    await send(
        cloud.services.store,
        slots("A-1", local("20:00", sunday), local("07:00"), "active"),
    )
    await report_state(cloud, "A-1", local("06:59:30"))
    assert attention(await look(cloud), "left_on") == [("A-1", 11.0)]
    cloud.clock.moment = local("21:00", sunday)
    assert attention(await look(cloud), "left_on") == []


async def test_what_is_lost_is_named(cloud: CloudApp) -> None:
    await furnish(cloud, local("12:00"))
    await report_state(cloud, "A-1", local("10:00"))
    assert attention(await look(cloud), "lost") == [("A-1", 2.0)]


async def test_what_was_watched_for_twenty_school_days_and_never_used_is_named(
    cloud: CloudApp,
) -> None:
    await furnish(cloud, local("23:59"))
    for day in cloud.services.registry.last_school_days(SCHOOL, MONDAY, 20):
        start, end = local("08:00", day), local("09:30", day)
        await send(cloud.services.store, slots("A-1", start, end, "standby"))
        await send(cloud.services.store, slots("A-2", start, end, "active"))
        await send(cloud.services.store, slots("A-5", start, end, "off"))
    body = await look(cloud)
    assert attention(body, "never_used") == [("A-1", 20.0)]
    assert body["by_day"][0]["use"]["lessons_used"] == 2


@pytest.mark.parametrize(
    ("fit", "kind"), [("does_not_fit", "rule_unfit"), ("indistinct", "use_indistinct")]
)
async def test_u2a_a_rule_that_does_not_fit_takes_the_place_of_never_used(
    cloud: CloudApp, fit: str, kind: str
) -> None:
    await furnish(cloud, local("23:59"))
    for day in cloud.services.registry.last_school_days(SCHOOL, MONDAY, 20):
        start, end = local("08:00", day), local("09:30", day)
        await send(cloud.services.store, slots("A-1", start, end, "off"))
    assert attention(await look(cloud), "never_used") == [("A-1", 20.0)]
    await report_state(cloud, "A-1", local("23:58"))
    (now,) = cloud.services.now.of(SCHOOL, "A-1")
    await cloud.write(
        f"gateway,asset=A-1,device=d,gateway=g,profile={now.profile},protocol=mqtt,"
        f'school={SCHOOL} rule_fit="{fit}",levels="{{\\"hours\\":24,\\"levels\\":[]}}" '
        f"{to_ns(local('23:58'))}"
    )
    body = await look(cloud)
    assert (attention(body, "never_used"), attention(body, kind)) == ([], [("A-1", None)])
    (counts,) = [c for c in body["categories"] if c["category"] == "display"]
    assert counts[kind] == 1


async def test_a_gateway_that_lags_or_is_gone_is_named(cloud: CloudApp) -> None:
    await furnish(cloud, local("12:00"))
    for name, at, oldest in (("gw-1", "11:59:50", 900), ("gw-2", "10:00", 0)):
        await cloud.write(
            f"gateway,gateway={name},school={SCHOOL} backlog=700,oldest_unsent_s={oldest} "
            f"{to_ns(local(at))}"
        )
    body = await look(cloud)
    assert attention(body, "backlog") == [("gw-1", 700.0)]
    assert attention(body, "gateway_lost") == [("gw-2", None)]
    assert [g["gateway"] for g in body["gateways"]] == ["gw-1", "gw-2"]


async def test_what_is_written_off_is_worth_nothing(cloud: CloudApp) -> None:
    await furnish(cloud, local("12:00"))
    with cloud.services.registry.writing() as session:
        session.execute(update(tables.Asset).values(condition="7"))
        session.commit()
    assert (await look(cloud))["original_value_yuan"] is None
