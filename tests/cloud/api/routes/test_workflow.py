import io
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from cloud.registry import tables
from tests._parts.cloud_app import CloudApp
from tests._parts.filed import END, START, evidence, filed, gentle_standard, register
from tests._parts.small_school import local

URL = "/api/v1/procedure"
BY = "王复核 椒江区教育局"
A_DAY = date(2026, 11, 24)


@pytest.fixture
async def selection(cloud: CloudApp) -> dict[str, Any]:
    cloud.clock.moment = local("10:00", A_DAY)
    entry = filed()
    register(cloud.services.registry, entry, evidence(gentle_standard(), 30, 1))
    answer = await cloud.client.post("/api/v1/selections", json={"rules": {"places": 3}})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def take(cloud: CloudApp, step: str, **step_fields: Any) -> dict[str, Any]:
    answer = await cloud.client.post(URL, json={"step": step, "by": BY, **step_fields})
    assert answer.status_code == 201, answer.text
    taken: dict[str, Any] = answer.json()
    assert (taken["step"], taken["by"]) == (step, BY)
    return taken


async def refused(cloud: CloudApp, step: str, status: int, **step_fields: Any) -> str:
    answer = await cloud.client.post(URL, json={"step": step, "by": BY, **step_fields})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    detail: str = answer.json()["detail"]
    return detail


async def ask(cloud: CloudApp, path: str, **params: Any) -> Any:
    answer = await cloud.stranger.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def visit(cloud: CloudApp, schools: list[str]) -> None:
    for school in schools:
        await take(cloud, "self_assessment", school=school)
        await take(cloud, "county_review", school=school, result="recommended", reason="材料齐全")
        await take(
            cloud,
            "site_visit",
            school=school,
            visited_on=str(A_DAY),
            result="confirmed",
            reason="与证据一致",
        )


def inside(selection: dict[str, Any]) -> list[str]:
    return [row["school"] for row in selection["items"]]


async def test_from_the_list_to_what_is_final(cloud: CloudApp, selection: dict[str, Any]) -> None:
    name = selection["id"]
    assert len(selection["procedure"]["missing"]) == 2
    await visit(cloud, inside(selection))
    days = {"first_day": str(A_DAY), "last_day": str(A_DAY + timedelta(days=6))}
    contact = "台州市教育局 1 号楼"
    published = await take(cloud, "publicity", selection=name, contact=contact, **days)
    assert published["change"] == {**days, "contact": contact}
    notice = await cloud.stranger.get("/api/v1/assessments/latest/reports/notice.xlsx")
    sheet = load_workbook(io.BytesIO(notice.content))["公示说明"]
    assert ("异议受理", contact) in [row[:2] for row in sheet.iter_rows(values_only=True)]
    objection = await take(
        cloud, "objection", selection=name, school=inside(selection)[0], reason="大屏从未使用"
    )
    state = await ask(cloud, f"{URL}/state", selection=name)
    assert (state["is_public"], state["objections"], state["unanswered"]) == (True, 1, 1)
    cloud.clock.moment = local("10:00", A_DAY + timedelta(days=7))
    says = await refused(cloud, "objection", 409, selection=name, reason="晚了一天的异议")
    assert "are taken from 2026-11-24 to 2026-11-30; today is 2026-12-01." in says
    says = await refused(cloud, "final", 409, selection=name)
    assert f"1 objections are not answered ({objection['id']})" in says
    answered = await take(
        cloud, "answer", answers=objection["id"], result="rejected", reason="遥测显示每日使用"
    )
    assert (answered["answers"], answered["school"]) == (objection["id"], objection["school"])
    await take(cloud, "final", selection=name, reason="公示无异议成立")
    state = (await ask(cloud, f"/api/v1/selections/{name}"))["procedure"]
    assert (state["is_final"], state["missing"], state["unanswered"]) == (True, [], 0)
    says = await refused(
        cloud,
        "override",
        409,
        selection=name,
        school=inside(selection)[0],
        decision="out",
        reason="事后调整",
    )
    assert says.endswith("no further step is taken in this round.")


async def test_an_override_makes_a_new_selection_and_leaves_the_old_one(
    cloud: CloudApp, selection: dict[str, Any]
) -> None:
    name, first = selection["id"], inside(selection)[0]
    before = await ask(cloud, f"/api/v1/selections/{name}")
    out = before["first_out"][0]["school"]
    taken = await take(
        cloud,
        "override",
        selection=name,
        school=first,
        decision="out",
        instead_of=out,
        reason="现场核查不符",
    )
    made = taken["change"]["selection"]
    after = await ask(cloud, f"/api/v1/selections/{made}")
    assert (after["before"], after["after"], after["overrides"]) == (name, None, 1)
    assert set(inside(after)) == {*inside(selection), out} - {first}
    assert after["override_log"][0]["reason"] == "现场核查不符"
    assert (after["override_log"][0]["school"], after["override_log"][0]["by"]) == (first, BY)
    old = await ask(cloud, f"/api/v1/selections/{name}")
    assert old["items"] == before["items"]
    assert (old["after"], old["procedure"]["standing"]) == (made, made)
    shown = await ask(cloud, f"/api/v1/assessments/latest/schools/{first}")
    verdict = shown["verdict"]
    assert (verdict["selection"], verdict["selected"], verdict["is_override"]) == (
        made,
        False,
        True,
    )
    assert verdict["override_reason"] == "现场核查不符"
    assert "按规则原为" in verdict["reason"]["zh"]
    assert [step["step"] for step in shown["procedure"]] == ["override"]
    says = await refused(
        cloud, "override", 409, selection=name, school=out, decision="in", reason="再改一次"
    )
    assert f"was replaced by {made}" in says
    says = await refused(
        cloud, "publicity", 409, selection=name, first_day=str(A_DAY), last_day=str(A_DAY)
    )
    assert f"was replaced by {made}" in says


async def test_who_is_taken_in_against_the_rules_is_named(
    cloud: CloudApp, selection: dict[str, Any]
) -> None:
    rows = await ask(cloud, "/api/v1/assessments/latest/ranking")
    excluded = next(row["school"] for row in rows["items"] if not row["passed"])
    taken = await take(
        cloud,
        "override",
        selection=selection["id"],
        school=excluded,
        decision="in",
        reason="山区唯一学校",
    )
    made = await ask(cloud, f"/api/v1/selections/{taken['change']['selection']}")
    assert made["selected"] == made["places"] == 3
    assert excluded in inside(made)
    (warned,) = made["warnings"]
    assert (warned["school"], warned["text"]["en"]) == (
        excluded,
        "Not eligible by the rules; in by an override.",
    )
    assert warned["text"]["zh"] == "按规则不能入选，因人工调整而入选。"
    (lost,) = set(inside(selection)) - set(inside(made))
    verdict = (await ask(cloud, f"/api/v1/assessments/latest/schools/{lost}"))["verdict"]
    assert (verdict["selected"], verdict["rule"]) == (False, "override")
    assert (verdict["is_override"], verdict["override_reason"]) == (False, None)


@pytest.mark.parametrize(
    ("details", "status", "says"),
    [
        ({"school": "in 0", "decision": "in"}, 409, "is in already; there is nothing to override"),
        (
            {"school": "in 0", "decision": "out", "instead_of": "in 1"},
            409,
            "is in already; name one that gives",
        ),
        (
            {"school": "out 0", "decision": "in", "instead_of": "out 1"},
            409,
            "is out already; name one that gives",
        ),
        ({"school": "2133999999", "decision": "in"}, 404, "school 2133999999"),
    ],
)
async def test_an_override_that_cannot_be_is_refused(
    cloud: CloudApp, selection: dict[str, Any], details: dict[str, Any], status: int, says: str
) -> None:
    lists = {"in": inside(selection), "out": [row["school"] for row in selection["first_out"]]}
    named = {
        key: lists[value.split()[0]][int(value.split()[1])] if " " in value else value
        for key, value in details.items()
    }
    detail = await refused(
        cloud, "override", status, selection=selection["id"], reason="没有根据", **named
    )
    assert says in detail


async def test_steps_of_a_school_come_with_those_of_all(
    cloud: CloudApp, selection: dict[str, Any]
) -> None:
    schools = inside(selection)
    await visit(cloud, schools)
    days = {"first_day": str(A_DAY), "last_day": str(A_DAY)}
    await take(cloud, "publicity", selection=selection["id"], **days)
    page = await ask(cloud, URL, school=schools[1])
    assert [step["step"] for step in page["items"]] == [
        "self_assessment",
        "county_review",
        "site_visit",
        "publicity",
    ]
    assert page["broken_at"] is None
    assert page["items"][0]["title"]["zh"] == "学校自评"
    assert page["items"][1]["change"] == {"result": "recommended"}
    whole = await ask(cloud, URL, selection=selection["id"], offset=2, limit=3)
    assert (whole["total"], [step["id"] for step in whole["items"]]) == (10, [3, 4, 5])
    visits = await ask(cloud, URL, step="site_visit", assessment="latest")
    assert {step["school"] for step in visits["items"]} == set(schools)


async def test_steps_count_for_a_later_assessment_of_the_same_span(
    cloud: CloudApp, selection: dict[str, Any]
) -> None:
    school = inside(selection)[0]
    await take(cloud, "self_assessment", school=school)
    again = filed(seed=2)
    assert (again.row.starts, again.row.ends) == (START, END)
    cloud.clock.moment += timedelta(hours=1)
    assessment_log = cloud.services.registry.assessment_log
    assessment_log.file_assessment(again.row, again.evidence, again.integrity)
    await take(
        cloud,
        "county_review",
        assessment=again.row.id,
        school=school,
        result="to_be_improved",
        reason="台账待补",
    )
    assert len((await ask(cloud, URL, assessment=again.row.id))["items"]) == 2


async def test_a_declaration_is_confirmed_or_corrected_in_the_books_too(
    cloud: CloudApp, selection: dict[str, Any]
) -> None:
    school = inside(selection)[0]
    with cloud.services.registry.writing() as session:
        session.add_all(
            tables.Declaration(
                school_id=school, item=item, value=value, declared_on=date(2026, 10, 8)
            )
            for item, value in (("library_books", 42000), ("new_books", 900))
        )
        session.commit()
    taken = await take(
        cloud, "declaration_confirmed", school=school, item="library_books", reason="抽查相符"
    )
    assert taken["change"] == {
        "item": "library_books",
        "value": 42000,
        "declared_on": "2026-10-08",
    }
    says = await refused(
        cloud,
        "declaration_confirmed",
        409,
        school=school,
        item="library_books",
        reason="再次核实",
    )
    assert f"was confirmed on {A_DAY} by {BY} already" in says
    taken = await take(
        cloud,
        "declaration_corrected",
        school=school,
        item="new_books",
        value=300,
        reason="实点三百册",
    )
    assert taken["change"] == {
        "item": "new_books",
        "before": 900,
        "before_declared_on": "2026-10-08",
        "value": 300,
        "declared_on": str(A_DAY),
    }
    with cloud.services.registry.writing() as session:
        rows = session.query(tables.Declaration).order_by(tables.Declaration.id).all()
        kept = [(row.item, row.value, row.confirmed_by) for row in rows]
    assert kept == [("library_books", 42000, BY), ("new_books", 900, None), ("new_books", 300, BY)]
    says = await refused(
        cloud,
        "declaration_confirmed",
        404,
        school=school,
        item="library_book",
        reason="抽查相符",
    )
    assert says.endswith("declared no 'library_book' (did you mean library_books?)")
    assert len((await ask(cloud, URL))["items"]) == 2


@pytest.mark.parametrize(
    ("step_fields", "status", "says"),
    [
        ({"step": "county_review", "school": "2133100001", "result": "recommended"}, 422, "reason"),
        ({"step": "final", "selection": "none"}, 404, "no selection has the id 'none'"),
        ({"step": "answer", "answers": 7, "result": "rejected", "reason": "没有此事"}, 404, "7"),
        ({"step": "self_assessment", "school": "0000000000"}, 404, "no school 0000000000"),
        ({"step": "delete", "id": 1}, 422, "does not match any of the expected tags"),
        (
            {"step": "self_assessment", "school": "2133100001", "more": 1},
            422,
            "there is no such field",
        ),
    ],
)
async def test_what_is_no_step_is_refused_in_a_sentence(
    cloud: CloudApp, selection: dict[str, Any], step_fields: dict[str, Any], status: int, says: str
) -> None:
    step = step_fields.pop("step")
    assert says in await refused(cloud, step, status, **step_fields)


async def test_writing_needs_the_token(cloud: CloudApp) -> None:
    step_fields = {"step": "final", "by": BY, "selection": "x"}
    assert (await cloud.stranger.post(URL, json=step_fields)).status_code == 401
    assert (await cloud.client.delete(f"{URL}/1")).status_code == 404
    assert (await cloud.client.delete(URL)).status_code == 405


async def test_the_next_steps_are_listed_with_the_reasons_against_them(
    cloud: CloudApp, selection: dict[str, Any]
) -> None:
    name, school = selection["id"], inside(selection)[0]
    body = await ask(cloud, f"{URL}/next", selection=name)
    assert (body["today"], body["school"], body["declared"]) == (str(A_DAY), None, [])
    assert {entry["step"]: entry["may"] for entry in body["steps"]} == {
        "publicity": False,
        "objection": False,
        "answer": False,
        "override": True,
        "final": False,
    }
    for entry in body["steps"]:
        assert (entry["why"] is None) == entry["may"]
    await take(cloud, "self_assessment", school=school)
    body = await ask(cloud, f"{URL}/next", selection=name, school=school)
    may = {entry["step"] for entry in body["steps"] if entry["may"]}
    assert may == {"self_assessment", "county_review", "override"}
    without = await ask(cloud, f"{URL}/next", school=school)
    assert {entry["step"] for entry in without["steps"] if entry["may"]} == may - {"override"}
    assert without["assessment"] == selection["assessment"]


async def test_the_next_steps_list_the_declared_figures(
    cloud: CloudApp, selection: dict[str, Any]
) -> None:
    school = inside(selection)[0]
    with cloud.services.registry.writing() as session:
        session.add_all(
            tables.Declaration(school_id=school, item="new_books", value=value, declared_on=day)
            for value, day in ((300, date(2026, 9, 1)), (420, date(2026, 10, 1)))
        )
        session.commit()
    path = f"{URL}/next"
    (entry,) = (await ask(cloud, path, selection=selection["id"], school=school))["declared"]
    assert (entry["item"], entry["value"], entry["confirmed_on"]) == ("new_books", 420, None)
    assert entry["title"]["zh"] != entry["item"] != entry["title"]["en"]
    await take(
        cloud, "declaration_confirmed", school=school, item="new_books", reason="已与书目核对"
    )
    body = await ask(cloud, path, selection=selection["id"], school=school)
    assert (body["declared"][0]["confirmed_on"], body["declared"][0]["confirmed_by"]) == (
        str(A_DAY),
        BY,
    )
    may = {entry["step"] for entry in body["steps"] if entry["may"]}
    assert "declaration_corrected" in may
    assert "declaration_confirmed" not in may


async def test_a_refusal_is_in_every_language(cloud: CloudApp, selection: dict[str, Any]) -> None:
    step_fields = {"step": "final", "by": BY, "selection": selection["id"]}
    answer = await cloud.client.post(URL, json=step_fields)
    assert answer.status_code == 409
    assert answer.json()["message"]["zh"] == (
        "还不能最终确定：入选的 3 所学校中还有 3 所未作现场核查。"
    )
