"""The page of a school that was not selected, read as its principal and as a journalist."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests._parts.browser import PHONE, WIDE, Visit
from tests._parts.patience import PATIENCE_S
from tests._parts.web_city import City

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def contested(city: City) -> None:
    """Select with the last school of the ranking in, by an override, past others."""
    last = [row for row in city.ranking() if row["value"] is not None][-1]
    override = {"school": last["school"], "decision": "in", "reason": "对照用", "by": "测试"}
    rules = {"places": 3, "hard": ["marks"], "overrides": [override]}
    answer = httpx.post(
        f"{city.server.url}/api/v1/selections",
        json={"rules": rules},
        headers={"Authorization": f"Bearer {city.server.token}"},
        timeout=PATIENCE_S,
    )
    assert answer.status_code == 201, answer.text


def losing(city: City) -> list[dict[str, Any]]:
    """Return the schools that were not selected, each with its verdict, by rank."""
    rows = city.ranking(selected=False)
    return [
        {**row, "verdict": city.ask(f"/assessments/latest/schools/{row['school']}")["verdict"]}
        for row in rows
    ]


def opened(city: City, visit: Visit, school: str, language: str = "zh") -> Page:
    visit.page.goto(f"{city.server.url}/ranking/{school}?lang={language}")
    expect(visit.page.locator("[data-card=lower]")).to_be_visible()
    return visit.page


@pytest.mark.parametrize("visit", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_why_not_we_and_who_got_in_with_less(city: City, visit: Visit, language: str) -> None:
    """The principal: the rule that decided, every school below, and whose place it would take."""
    row = max(losing(city), key=lambda school: len(school["verdict"]["lower_selected"]))
    verdict = row["verdict"]
    assert verdict["lower_selected"]
    page = opened(city, visit, row["school"], language)
    expect(page.locator(".verdict .why")).to_have_text(verdict["reason"][language])
    card = page.locator("[data-card=lower]")
    expect(card).to_contain_text(verdict["lower_text"][language])
    expect(card.locator("li")).to_have_count(len(verdict["lower_selected"]))
    for other in verdict["lower_selected"]:
        line = card.locator(f"[data-lower='{other['school']}']")
        expect(line).to_contain_text(other["reason"][language])
    for key in ("rival", "interval", "chance"):
        text = verdict[f"{key}_text"]
        if text is not None:
            expect(page.locator(f"[data-sentence={key}]")).to_have_text(text[language])
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert visit.problems == []


def test_the_school_whose_place_it_would_take_opens(city: City, visit: Visit) -> None:
    row = next(school for school in losing(city) if school["verdict"]["rival"])
    page = opened(city, visit, row["school"])
    fact = page.locator("[data-fact=rival]")
    expect(fact).to_contain_text("若本校入选，让出名额的是")
    fact.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text(row["verdict"]["rival"]["name"])
    assert visit.problems == []


def test_what_is_missing_for_lack_of_data_opens_the_clauses_without_it(
    city: City, visit: Visit
) -> None:
    row = next(
        school
        for school in losing(city)
        if any(mark["lacks_data"] for mark in school["verdict"]["failed_mark_details"])
    )
    mark = next(mark for mark in row["verdict"]["failed_mark_details"] if mark["lacks_data"])
    page = opened(city, visit, row["school"])
    line = page.locator(f"[data-mark='{mark['id']}']")
    expect(line).to_contain_text(f"因数据不足未达及格线：{mark['title']['zh']}")
    expect(line).to_contain_text(mark["text"]["zh"])
    line.get_by_role("button").click()
    expect(page.locator(".order .is-active")).to_have_text("按缺少数据排序")
    assert visit.problems == []


def test_what_it_would_take_is_money_for_things_and_days_for_work(city: City, visit: Visit) -> None:
    for row in losing(city):
        path = f"/selections/{row['verdict']['selection']}/schools/{row['school']}/least"
        plan = city.ask(path)
        if any(step["days"] for step in plan["improvements"]):
            break
    else:
        pytest.fail("no plan needs work; take another seed")
    assert plan["yuan"] == sum(step["yuan"] for step in plan["improvements"])
    assert plan["days"] == sum(step["days"] for step in plan["improvements"])
    for step in plan["improvements"]:
        assert step["yuan"] % 100 == 0
        assert bool(step["yuan"]) != bool(step["days"])
        assert step["price"]["trust"]["flag"] == "project default"
        if step["id"][0] in "BH" and step["id"] != "B03":
            assert step["yuan"] == 0  # papers, counts and true figures
    page = opened(city, visit, row["school"])
    expect(page.locator("[data-total]")).to_contain_text(f"{plan['days']:g} 个工作日")
    expect(page.locator(".price")).to_have_count(len(plan["improvements"]))
    expect(page.locator(".price").first).to_contain_text("本项目自定，并非官方规定")
    assert visit.problems == []


def test_a_journalist_adds_up_the_rows_of_every_finding(city: City, visit: Visit) -> None:
    """Every number opens to rows that carry part, whole and unknown and add up to it."""
    row = losing(city)[0]
    path = f"/assessments/latest/schools/{row['school']}"
    judged = 0
    for finding in city.ask(path)["findings"]:
        rows = city.ask(f"{path}/findings/{finding['clause']}")["finding"]
        if finding["part"] is None or finding["outcome"] == "not_applicable":
            continue
        for name in ("part", "whole", "unknown"):
            added = sum(piece[name] for piece in rows["evidence"])
            assert added == pytest.approx(finding[name], abs=1e-6), finding["clause"]
        judged += 1
    assert judged > 20
    page = opened(city, visit, row["school"])
    page.locator("#clause-B04").get_by_role("button").click()
    panel = page.locator("#clause-B04 .finding")
    expect(panel).to_contain_text("逐条相加即为上面的合计")
    expect(panel.locator("li .sums").first).to_have_text(re.compile(r"^\d+ / 15$"))
    assert visit.problems == []
