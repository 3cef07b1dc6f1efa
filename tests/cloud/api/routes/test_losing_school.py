"""What a school that was not selected asks, and what a journalist would ask in its place."""

from typing import Any

import pytest

from cloud.assessments.school_explanation import interval_text
from cloud.messages import render
from cloud.scoring.engine.rounding import cut
from tests._parts.cloud_app import CloudApp
from tests._parts.filed import evidence, filed, gentle_standard, register

RULES: dict[str, Any] = {"places": 6, "quotas": {"division": {"331004": {"least": 4}}}}


@pytest.fixture
def assessment(cloud: CloudApp) -> str:
    entry = filed()
    register(cloud.services.registry, entry, evidence(gentle_standard(), 30, 1))
    return entry.row.id


async def ask(cloud: CloudApp, path: str, **params: Any) -> Any:
    answer = await cloud.stranger.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def outcomes(cloud: CloudApp, assessment: str, **rules: Any) -> list[dict[str, Any]]:
    """Return every school with its verdict, by rank."""
    answer = await cloud.client.post("/api/v1/selections", json={"rules": {**RULES, **rules}})
    assert answer.status_code == 201, answer.text
    rows = (await ask(cloud, f"/assessments/{assessment}/ranking"))["items"]
    path = f"/assessments/{assessment}/schools"
    return [
        {**row, "verdict": (await ask(cloud, f"{path}/{row['school']}"))["verdict"]} for row in rows
    ]


async def test_who_got_in_with_less_and_by_which_rule(cloud: CloudApp, assessment: str) -> None:
    rows = await outcomes(cloud, assessment)
    inside = [row for row in rows if row["selected"]]
    by_quota = 0
    for row in rows:
        lower = row["verdict"]["lower_selected"]
        if row["selected"]:
            assert (lower, row["verdict"]["lower_text"]) == ([], None)
            continue
        expected = [
            other["school"]
            for other in inside
            if row["value"] is not None and other["value"] < row["value"] - 0.005
        ]
        assert [other["school"] for other in lower] == expected
        text = row["verdict"]["lower_text"]["zh"]
        if row["value"] is None:
            assert text == "本校未评定，没有总分，无法与入选学校比较。"
        elif not expected:
            assert text == "没有得分低于本校的学校入选。"
        else:
            assert text == f"有 {len(expected)} 所得分低于本校的学校入选，所依据的规则逐校列出。"
        by_school = {other["school"]: other for other in inside}
        for other in lower:
            assert other["reason"] == by_school[other["school"]]["reason"]
            assert other["rule"] == by_school[other["school"]]["rule"]
            by_quota += other["rule"] == "quota"
    assert by_quota  # the quota of a county took schools with less


async def test_the_school_whose_place_it_would_take_is_called_that(
    cloud: CloudApp, assessment: str
) -> None:
    rows = await outcomes(cloud, assessment)
    last = max(row["rank"] for row in rows if row["selected"])
    kinds = set()
    for row in rows:
        rival, text = row["verdict"]["rival"], row["verdict"]["rival_text"]
        if rival is None:
            assert text is None
            continue
        assert rival["name"] in text["zh"]
        assert rival["name"] in text["en"]
        if row["selected"]:
            assert text["zh"].startswith("若本校退出，递补的是")
        else:
            assert text["zh"].startswith("若本校入选，让出名额的是")
            assert ("即入选学校的最后一名" in text["zh"]) == (rival["rank"] == last)
        kinds.add(text["zh"][:5])
    assert kinds == {"若本校退出", "若本校入选"}


async def test_a_pass_mark_missed_for_lack_of_data_is_shown_as_that(
    cloud: CloudApp, assessment: str
) -> None:
    rows = await outcomes(cloud, assessment)
    lacking = []
    for row in rows:
        marks = row["verdict"]["failed_mark_details"]
        assert [mark["id"] for mark in marks] == [mark["id"] for mark in row["failed_marks"]]
        for mark in marks:
            assert mark["value"] < mark["pass_mark"]
            assert mark["lacks_data"] == (mark["best"] >= mark["pass_mark"] - 1e-9)
            assert ("缺数据" in mark["text"]["zh"]) == mark["lacks_data"]
            if mark["lacks_data"]:
                lacking.append(row)
    assert lacking
    for row in lacking:
        if row["rule"] == "mark":
            assert "因部分证据无数据，未达及格线：" in row["reason"]["zh"]


async def test_a_chance_says_what_it_is_and_an_interval_why_the_rank_is_outside(
    cloud: CloudApp, assessment: str
) -> None:
    rows = await outcomes(cloud, assessment)
    for row in rows:
        verdict = row["verdict"]
        if row["chance"] is None:
            assert verdict["chance_text"] is None
            continue
        assert f"{cut(100 * row['chance'], 1):.1f}%" in verdict["chance_text"]["zh"]
        assert f"{verdict['trials']:,} 次试算" in verdict["chance_text"]["zh"]
        text = verdict["interval_text"]["zh"]
        assert f"第 {row['rank_low']}–{row['rank_high']} 名" in text
        assert ("比公布的第" in text) == (not row["rank_low"] <= row["rank"] <= row["rank_high"])


async def test_a_first_place_with_an_interval_behind_it_is_explained(
    cloud: CloudApp, assessment: str
) -> None:
    (first, *_) = await outcomes(cloud, assessment)
    chosen = cloud.services.repository.selection(first["verdict"]["selection"])
    moved = chosen.outcomes[first["school"]].model_copy(update={"rank_low": 4, "rank_high": 59})
    chosen.contents.schools[first["school"]] = moved
    text = interval_text(chosen, first["school"])
    assert text is not None
    assert render(text, "zh").startswith(
        "九成试算中，名次在第 4–59 名之间，比公布的第 1 名靠后。公布的名次把无数据的部分按最不利计"
    )
    assert "Schools that lack more data than this one" in render(text, "en")
