from typing import Any

import pytest

from cloud.api.presenters.text import with_localized_texts
from cloud.api.schemas.selections import Sensitivity
from cloud.assessments.filed_selection import FiledSelection
from cloud.assessments.sensitivity_report import sensitivity_of
from cloud.robustness.sobol import CHOICES
from cloud.shown import cut
from tests._parts.cloud_app import CloudApp
from tests._parts.filed import evidence, filed, gentle_standard, register

URL = "/api/v1/selections"
COUNTIES = ("331002", "331003", "331004")


@pytest.fixture
def assessment(cloud: CloudApp) -> str:
    entry = filed()
    register(cloud.services.registry, entry, evidence(gentle_standard(), 30, 1))
    return entry.row.id


def chosen(cloud: CloudApp, selection: str) -> FiledSelection:
    return cloud.services.repository.selection(selection)


async def select(cloud: CloudApp, **details: Any) -> dict[str, Any]:
    answer = await cloud.client.post(URL, json=details)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def ask(cloud: CloudApp, path: str, **params: Any) -> Any:
    answer = await cloud.stranger.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_same_rules_and_seed_are_the_same_selection(
    cloud: CloudApp, assessment: str
) -> None:
    first = await select(cloud, rules={"places": 5}, seed=7)
    assert await select(cloud, assessment=assessment, rules={"places": 5}, seed=7) == first
    assert [entry["id"] for entry in await ask(cloud, URL)] == [first["id"]]
    other = await select(cloud, rules={"places": 6}, seed=7)
    assert other["id"] != first["id"]
    assert {entry["id"] for entry in await ask(cloud, URL, assessment="latest")} == {
        first["id"],
        other["id"],
    }
    assert await ask(cloud, f"{URL}/{first['id']}") == first


async def test_a_selection_says_of_every_school_in_or_out_and_why(
    cloud: CloudApp, assessment: str
) -> None:
    made = await select(cloud, rules={"places": 5})
    page = await ask(cloud, f"/api/v1/assessments/{assessment}/ranking", selection=made["id"])
    assert page["selection"] == made["id"]
    assert len(page["items"]) == 30
    for row in page["items"]:
        assert isinstance(row["selected"], bool)
        assert row["rule"]
        assert row["reason"]["zh"].endswith("。")
        assert row["reason"]["en"].endswith(".")
    inside = await ask(cloud, f"/api/v1/assessments/{assessment}/ranking", selected=True)
    assert inside["items"] == made["items"]
    assert (made["selected"], made["places"], len(made["items"])) == (5, 5, 5)
    assert all(row["passed"] and row["rank"] for row in made["items"])
    assert not {row["school"] for row in made["first_out"]} & {
        row["school"] for row in made["items"]
    }
    assert made["order"]
    assert all(text["zh"] and text["en"] for text in made["order"])


async def test_rank_intervals_and_chances_come_from_trials(
    cloud: CloudApp, assessment: str
) -> None:
    made = await select(cloud, rules={"places": 5}, seed=3)
    page = await ask(cloud, f"/api/v1/assessments/{assessment}/ranking")
    rated = [row for row in page["items"] if row["rank"] is not None]
    assert made["trials"] >= 1000
    assert all(1 <= row["rank_low"] <= row["rank_high"] <= len(rated) for row in rated)
    assert sum(row["chance"] for row in rated) <= 5 + 1e-9
    assert min(row["chance"] for row in made["items"]) > 0
    for row in page["items"]:
        if row["rank"] is None:
            assert (row["rank_low"], row["rank_high"], row["chance"]) == (None, None, None)
    shown = await ask(
        cloud, f"/api/v1/assessments/{assessment}/schools/{made['items'][0]['school']}"
    )
    for key in ("rank_low", "rank_high", "chance"):
        assert shown["verdict"][key] == made["items"][0][key]


async def test_each_school_is_shown_its_rival_and_the_way_in(
    cloud: CloudApp, assessment: str
) -> None:
    made = await select(cloud, rules={"places": 5})
    path = f"/api/v1/assessments/{assessment}/schools"
    last = (await ask(cloud, f"{path}/{made['items'][-1]['school']}"))["verdict"]
    assert (last["selected"], last["least_opens"], last["selection"]) == (True, None, made["id"])
    assert last["rival"]["school"] == made["first_out"][0]["school"]
    assert last["rival"]["name"] == made["first_out"][0]["name"]
    assert last["places"] == 5
    first_out = (await ask(cloud, f"{path}/{made['first_out'][0]['school']}"))["verdict"]
    assert first_out["rival"]["school"] == made["items"][-1]["school"]
    assert first_out["least_opens"].endswith("/least")


async def test_each_school_not_selected_gets_its_cheapest_plan(
    cloud: CloudApp, assessment: str
) -> None:
    made = await select(cloud, rules={"places": 5})
    path = f"/api/v1/assessments/{assessment}"
    outside = (await ask(cloud, f"{path}/ranking", selected=False))["items"]
    ways = []
    for row in outside:
        verdict = (await ask(cloud, f"{path}/schools/{row['school']}"))["verdict"]
        body = await ask(cloud, verdict["least_opens"])
        assert (body["selection"], body["school"]) == (made["id"], row["school"])
        assert body["text"]["zh"].endswith("。")
        assert body["text"]["en"].endswith(".")
        if body["improvements"]:
            ways.append(body)
            assert body["yuan"] == pytest.approx(sum(item["yuan"] for item in body["improvements"]))
            gained = sum(item["points"] for item in body["improvements"])
            assert body["value_then"] == pytest.approx(body["value"] + gained)
            assert all(item["remedy"]["zh"] for item in body["improvements"])
    assert ways
    inside = await ask(cloud, f"{URL}/{made['id']}/schools/{made['items'][0]['school']}/least")
    assert (inside["is_possible"], inside["improvements"]) == (True, [])
    assert inside["text"]["zh"] == "该校已入选。"


async def test_quotas_are_kept_and_counted(cloud: CloudApp, assessment: str) -> None:
    county = {"331003": {"least": 2, "most": 3}}
    made = await select(cloud, rules={"places": 6, "quotas": {"division": county}})
    (quota,) = made["quotas"]
    assert (quota["group"], quota["code"], quota["title"]["zh"]) == ("division", "331003", "黄岩区")
    assert (quota["least"], quota["most"], quota["holds"]) == (2, 3, True)
    assert quota["selected"] == sum(row["division"] == "331003" for row in made["items"])
    assert made["rules"]["quotas"]["division"]["331003"] == {"least": 2, "most": 3}


@pytest.mark.parametrize(
    ("rules", "status", "says"),
    [
        (
            {"places": 6, "quotas": {"division": {"331003": {"least": 9}}}},
            409,
            "these rules cannot hold together, no school is selected: Huangyan District: at least",
        ),
        ({"place": 5}, 422, "place: unknown key; did you mean places?"),
        ({"places": -1}, 422, "places"),
        ({"tie_break": ["height"]}, 422, "height"),
        ({"overrides": [{"school": "x", "decision": "in", "reason": "??", "by": "?"}]}, 422, "x"),
    ],
)
async def test_rules_that_cannot_be_are_refused_in_sentences(
    cloud: CloudApp, assessment: str, rules: dict[str, Any], status: int, says: str
) -> None:
    answer = await cloud.client.post(URL, json={"rules": rules})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/none", 404, "no selection has the id 'none'"),
        ("/none/schools/2133100000/least", 404, "no selection has the id 'none'"),
        ("/{id}/schools/0000000000/least", 404, "School 0000000000 is not in selection"),
        ("?assessment=none", 404, "no assessment has the id 'none'"),
    ],
)
async def test_a_wrong_question_gets_one_sentence(
    cloud: CloudApp, assessment: str, path: str, status: int, says: str
) -> None:
    name = (await select(cloud, rules={"places": 5}))["id"]
    answer = await cloud.stranger.get(f"{URL}{path.format(id=name)}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


async def test_a_selection_of_another_assessment_is_refused(
    cloud: CloudApp, assessment: str
) -> None:
    made = await select(cloud, rules={"places": 5})
    other = filed(seed=2)
    cloud.services.registry.assessment_log.file_assessment(
        other.row, other.evidence, other.integrity
    )
    answer = await cloud.stranger.get(
        f"/api/v1/assessments/{other.row.id}/ranking", params={"selection": made["id"]}
    )
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        f"selection {made['id']} is one of assessment {assessment}, not of {other.row.id}"
    )


async def test_writing_needs_the_token(cloud: CloudApp) -> None:
    assert (await cloud.stranger.post(URL, json={})).status_code == 401


async def test_which_choice_matters_is_the_same_whenever_it_is_asked(
    cloud: CloudApp, assessment: str
) -> None:
    made = await select(cloud, rules={"places": 4, "hard": []}, seed=3)
    path = f"/api/v1/selections/{made['id']}/sensitivity"
    body = await ask(cloud, path)
    anew = sensitivity_of(
        cloud.services.repository.assessment(assessment), chosen(cloud, made["id"])
    )
    assert Sensitivity.model_validate(with_localized_texts(anew)).model_dump() == body
    assert (body["selection"], body["seed"], body["places"]) == (made["id"], 3, 4)
    assert {entry["id"] for entry in body["influences"]} == set(CHOICES)
    totals = [entry["selected"]["total"] for entry in body["influences"]]
    assert totals == sorted(totals, reverse=True)
    for entry in body["influences"]:
        index = entry["selected"]
        assert entry["is_distinct"] == (index["total"] > index["total_within"])
        assert entry["is_distinct"] == ("无法区分" not in entry["text"]["zh"])
        assert entry["is_distinct"] == (
            "cannot be distinguished from no influence" not in entry["text"]["en"]
        )
        assert f"平均变动 {cut(entry['schools'], 1):.1f} 所" in entry["text"]["zh"]
        assert 0 <= entry["schools"] <= 4
    other = await select(cloud, rules={"places": 4, "hard": []}, seed=4)
    assert (await ask(cloud, f"/api/v1/selections/{other['id']}/sensitivity"))["digest"] != body[
        "digest"
    ]


async def test_reasons_count_every_school(cloud: CloudApp, assessment: str) -> None:
    made = await select(cloud, rules={"places": 4})
    rows = (await ask(cloud, f"/api/v1/assessments/{assessment}/ranking", selection=made["id"]))[
        "items"
    ]
    assert sum(entry["schools"] for entry in made["reasons"]) == len(rows)
    assert (
        sum(entry["schools"] for entry in made["reasons"] if entry["selected"]) == made["selected"]
    )
    inside = [entry["selected"] for entry in made["reasons"]]
    assert inside == sorted(inside, reverse=True)
    for entry in made["reasons"]:
        expected = [
            r for r in rows if (r["rule"], r["selected"]) == (entry["rule"], entry["selected"])
        ]
        assert (len(expected), expected[0]["school"]) == (entry["schools"], entry["school"])
        assert expected[0]["reason"]["zh"] == entry["reason"]["zh"]
