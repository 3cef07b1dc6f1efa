from datetime import timedelta
from math import floor
from typing import Any

import pytest

from cloud.assessments.assessment import FiledFinding
from cloud.scoring.standard.standard import editions
from tests._parts.cloud_app import CloudApp
from tests._parts.filed import evidence, filed, gentle_standard, register
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, send, slots

BASE = "/api/v1/assessments"
DAY = {"start": str(MONDAY), "end": str(MONDAY)}
ROW: dict[str, Any] = {
    "ref": "asset:1",
    "key": "integrity.unlisted_devices.row",
    "values": {"device": "A-1"},
}
FINDING: FiledFinding = {
    "school": "2133100003",
    "check": "left_on",
    "severity": "high",
    "strength": 0.8,
    "reason": {
        "key": "integrity.left_on.reason",
        "values": {"screens": 4, "odd": 1, "seen_days": 20, "odd_days": 20, "hours": 5.5},
    },
    "rows": [ROW],
    "rows_total": 1,
}


async def one_school(cloud: CloudApp) -> dict[str, Any]:
    await furnish(cloud, local("18:00"))
    await send(cloud.services.store, slots("A-1", local("08:00"), local("08:40"), "active"))
    cloud.clock.moment = local("10:00", MONDAY + timedelta(days=1))
    return await post(cloud, **DAY)


def many(cloud: CloudApp) -> str:
    findings = (FINDING, {**FINDING, "check": "unconfirmed_rows", "severity": "low"})
    entry = filed(integrity=findings)
    register(cloud.services.registry, entry, evidence(gentle_standard(), 30, 1))
    return entry.row.id


async def post(cloud: CloudApp, **wanted: Any) -> dict[str, Any]:
    answer = await cloud.client.post(BASE, json=wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def ask(cloud: CloudApp, path: str, **params: Any) -> Any:
    answer = await cloud.stranger.get(f"{BASE}{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_assessment_scores_as_the_school_does(cloud: CloudApp) -> None:
    made = await one_school(cloud)
    score = await cloud.client.get(f"/api/v1/schools/{SCHOOL}/score", params=DAY)
    (row,) = (await ask(cloud, f"/{made['id']}/ranking"))["items"]
    assert row["value"] == score.json()["value"]
    assert row["coverage"] == score.json()["coverage"]
    assert (row["school"], row["name"]) == (SCHOOL, "台州市实验小学")
    assert row["rank"] == (None if row["value"] is None else 1)
    assert row["stages"] == ["PRI"]
    assert (row["selected"], row["reason"]) == (None, None)
    assert made["scores_as_filed"]
    assert made["counties"][0]["division_name"] == "椒江区"


async def test_the_same_inputs_are_the_same_assessment(cloud: CloudApp) -> None:
    first = await one_school(cloud)
    cloud.clock.moment += timedelta(minutes=7)
    assert await post(cloud, **DAY) == first
    assert len(await ask(cloud, "")) == 1
    await send(cloud.services.store, slots("A-3", local("08:00"), local("08:40"), "active"))
    second = await post(cloud, **DAY)
    assert second["id"] != first["id"]
    assert [entry["id"] for entry in await ask(cloud, "")] == [second["id"], first["id"]]
    assert (await ask(cloud, "/latest"))["id"] == second["id"]
    assert (await ask(cloud, f"/{first['id']}"))["id"] == first["id"]


async def test_a_past_day_has_the_edition_of_then(cloud: CloudApp) -> None:
    await one_school(cloud)
    expected_rows = [edition for edition in editions() if edition.id == "taizhou-smart-management"]
    first = min(expected_rows, key=lambda entry: entry.effective)
    day = str(first.effective)
    made = await post(cloud, start=day, end=day)
    assert made["standard"] == first.edition
    named = await post(cloud, **DAY, standard=first.edition)
    assert named["standard"] == first.edition


async def test_a_finding_opens_down_to_its_rows(cloud: CloudApp) -> None:
    made = await one_school(cloud)
    whole = await ask(cloud, f"/latest/schools/{SCHOOL}")
    assert whole["assessment"]["id"] == made["id"]
    opened = 0
    for finding in whole["findings"]:
        assert finding["source_confidence"]
        assert finding["trust"]["text"]["zh"]
        assert finding["trust"]["text"]["en"]
        answer = await cloud.stranger.get(finding["opens"])
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert not body["has_changed"]
        assert body["finding"]["evidence_total"] == len(body["finding"]["evidence"])
        assert (body["part_now"], body["whole_now"]) == (finding["part"], finding["whole"])
        opened += bool(body["finding"]["evidence"])
    assert opened > 10


async def test_later_evidence_is_reported_and_changes_nothing(cloud: CloudApp) -> None:
    await one_school(cloud)
    path = f"/latest/schools/{SCHOOL}"
    before, none = await ask(cloud, path), await ask(cloud, f"{path}/changes")
    assert (none["has_changed"], none["clauses"], none["attributes"]) == (False, [], [])
    await send(cloud.services.store, slots("A-3", local("08:00"), local("08:40"), "active"))
    assert await ask(cloud, path) == before
    changed = await ask(cloud, f"{path}/changes")
    assert changed["has_changed"]
    assert "D01" in {item["id"] for item in changed["clauses"]}
    body = await ask(cloud, f"{path}/findings/D01")
    assert body["has_changed"]
    assert body["part_now"] > body["finding"]["part"]
    assert "证据有变化" in body["note"]["zh"]


async def test_a_ranking_has_pages_filters_and_orders(cloud: CloudApp) -> None:
    name = many(cloud)
    whole = await ask(cloud, f"/{name}/ranking")
    assert (whole["total"], len(whole["items"])) == (30, 30)
    rated = [row for row in whole["items"] if row["rank"] is not None]
    published = [floor(row["value"] * 100 + 1e-6) for row in rated]
    assert [row["rank"] for row in rated] == [
        1 + sum(other > score for other in published) for score in published
    ]
    values = [row["value"] for row in rated]
    assert values == sorted(values, reverse=True)
    page = await ask(cloud, f"/{name}/ranking", offset=5, limit=3)
    assert (page["total"], page["items"]) == (30, whole["items"][5:8])
    county = await ask(cloud, f"/{name}/ranking", division="331003")
    assert county["total"] == 10
    assert {row["division_name"] for row in county["items"]} == {"黄岩区"}
    junior = await ask(cloud, f"/{name}/ranking", stage="JUN")
    assert junior["total"] == sum("JUN" in row["stages"] for row in whole["items"]) > 0
    by_name = await ask(cloud, f"/{name}/ranking", q="第7学校")
    assert [row["school"] for row in by_name["items"]] == ["2133100007"]
    village = await ask(cloud, f"/{name}/ranking", urban_rural="220", sort="-coverage")
    coverage = [row["coverage"] for row in village["items"]]
    assert len(coverage) == 15
    assert coverage == sorted(coverage, reverse=True)
    unrated = await ask(cloud, f"/{name}/ranking", rated=False)
    assert unrated["total"] == 30 - len(rated)


async def test_findings_are_counted_and_deduct_nothing(cloud: CloudApp) -> None:
    name = many(cloud)
    (row,) = (await ask(cloud, f"/{name}/ranking", q="2133100003"))["items"]
    assert (row["integrity"], row["integrity_high"]) == (2, 1)
    body = await ask(cloud, f"/{name}/integrity")
    assert [entry["check"] for entry in body["items"]] == ["left_on", "unconfirmed_rows"]
    assert body["items"][0]["evidence"] == [
        {
            "ref": "asset:1",
            "text": {"zh": "A-1：台账中没有", "en": "A-1: in no row of the ledger"},
        }
    ]
    assert (await ask(cloud, f"/{name}/integrity", severity="low"))["total"] == 1
    assert (await ask(cloud, f"/{name}/integrity", school="2133100001"))["total"] == 0
    entry = await ask(cloud, f"/{name}/schools/2133100003")
    assert [finding["check"] for finding in entry["integrity"]] == ["left_on", "unconfirmed_rows"]
    assert entry["school"]["raw"] == pytest.approx(row["raw"])


async def test_compliance_adds_up_over_the_counties(cloud: CloudApp) -> None:
    name = many(cloud)
    clauses = await ask(cloud, f"/{name}/compliance")
    for clause in clauses:
        total = clause["total"]
        kinds = ("met", "partly_met", "unmet", "no_data")
        assert sum(total[kind] for kind in kinds) == total["applies"]
        for kind in ("applies", *kinds):
            assert sum(county[kind] for county in clause["counties"]) == total[kind]
        assert clause["source"]["trust"]["text"]["zh"] == "本项目自定，并非官方规定"
    first = clauses[0]
    rows = await ask(cloud, f"/{name}/clauses/{first['id']}")
    assert len(rows) == first["total"]["applies"]
    assert sum(row["outcome"] == "met" for row in rows) == first["total"]["met"] > 0
    attained = [row["attainment"] or 0 for row in rows]
    assert attained == sorted(attained)
    county = first["counties"][0]
    expected = await ask(cloud, f"/{name}/clauses/{first['id']}", division=county["division"])
    assert len(expected) == county["applies"]


async def test_the_spread_is_given_for_the_city_and_each_county(cloud: CloudApp) -> None:
    name = many(cloud)
    body = await ask(cloud, f"/{name}/variation")
    totals = [row for row in body["spread"] if row["what"] == "total"]
    assert [row["division"] for row in totals] == [None, "331002", "331003", "331004"]
    assert totals[0]["schools"] == sum(row["schools"] for row in totals[1:])
    for row in totals:
        assert row["least"] <= row["lower"] <= row["median"] <= row["upper"] <= row["most"]
    assert body["limits"] == []


async def test_limits_of_the_standard_on_variation_are_reported(cloud: CloudApp) -> None:
    await one_school(cloud)
    made = await post(cloud, **DAY, standard="national-balance")
    body = await ask(cloud, f"/{made['id']}/variation")
    assert body["limits"]
    assert all(row["title"]["zh"] and row["at_most"] > 0 for row in body["limits"])


async def test_a_standard_shows_every_source_and_flag(cloud: CloudApp) -> None:
    for edition in editions():
        answer = await cloud.stranger.get(f"/api/v1/standards/{edition.edition}")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert [entry["id"] for entry in body["clauses"]] == [
            clause.id for clause in edition.clauses
        ]
        for clause in body["clauses"]:
            assert clause["source"]["title"]
            assert clause["source"]["trust"]["text"]["zh"]
            assert clause["source"]["trust"]["text"]["en"]
            assert clause["targets"].keys() == set(clause["stages"])
    newest = await cloud.stranger.get("/api/v1/standards/taizhou-smart-management")
    expected_rows = [edition for edition in editions() if edition.id == "taizhou-smart-management"]
    assert newest.json()["edition"] == max(expected_rows, key=lambda entry: entry.effective).edition


@pytest.mark.parametrize(
    ("wanted", "status", "says"),
    [
        ({"start": "2026-11-24", "end": "2026-11-23"}, 422, "give the earlier day first"),
        ({"start": "2020-11-24", "end": "2026-11-23"}, 422, "longer than 3 years"),
        ({**DAY, "standard": "other"}, 404, "no edition of 'other' is in force on 2026-11-23"),
        ({**DAY, "standard": "a@2020-01-01"}, 404, "no standard 'a@2020-01-01' is shipped"),
        ({**DAY, "schools": ["0000000000"]}, 404, "no school 0000000000 is registered"),
        ({**DAY, "school": SCHOOL}, 422, "there is no such field"),
        (DAY, 422, "no school is registered; import schools first"),
    ],
)
async def test_what_cannot_be_assessed_is_refused_in_a_sentence(
    cloud: CloudApp, wanted: dict[str, Any], status: int, says: str
) -> None:
    answer = await cloud.client.post(BASE, json=wanted)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/latest", 404, "there is no assessment yet"),
        ("/none", 404, "no assessment has the id 'none'"),
        ("/{id}/ranking?sort=height", 400, "sort: 'height' is not known; use one of rank, value"),
        ("/{id}/schools/0000000000", 404, "school 0000000000 is not in assessment"),
        ("/{id}/schools/0000000000/changes", 404, "no school 0000000000 is registered"),
        ("/{id}/schools/2133100001/findings/Z99", 404, "has no clause 'Z99'"),
        ("/{id}/clauses/Z99", 404, "has no clause 'Z99'"),
        ("/{id}/ranking?selection=none", 404, "no selection has the id 'none'"),
        ("/{id}/ranking?limit=5000", 422, "limit"),
    ],
)
async def test_a_wrong_question_gets_one_sentence(
    cloud: CloudApp, path: str, status: int, says: str
) -> None:
    name = many(cloud) if "{id}" in path else ""
    answer = await cloud.stranger.get(f"{BASE}{path.format(id=name)}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


async def test_writing_needs_the_token(cloud: CloudApp) -> None:
    assert (await cloud.stranger.post(BASE, json=DAY)).status_code == 401
