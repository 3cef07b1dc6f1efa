"""The procedure in a real browser: reviewers of a county, the bureau that publishes the list."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests._parts.browser import Visit
from tests._parts.web_city import City

pytestmark = pytest.mark.real


def test_an_override_needs_a_reason_and_stays_to_be_seen(city: City, visit: Visit) -> None:
    page = visit.page
    inside, outside = city.ranking(selected=True)[-1], city.ranking(selected=False)[0]
    selection = city.ask("/assessments/latest")["latest_selection"]
    why = "盘点当日系统升级，补充盘点后账实相符"
    who = "评审组 赵组长"
    school, instead = outside["school"], inside["school"]
    step_fields = {
        "selection": selection,
        "school": school,
        "decision": "in",
        "instead_of": instead,
    }
    city.take(step="override", by=who, reason=why, **step_fields)
    page.goto(f"{city.server.url}/procedure")
    shown = page.locator("article.override", has_text=why)
    for word in (outside["name"], inside["name"], why, who):
        expect(shown).to_contain_text(word)
    page.goto(f"{city.server.url}/ranking/{school}")
    expect(page.locator(".verdict")).to_contain_text("人工调整")
    expect(page.locator(".log")).to_contain_text(why)
    page.goto(f"{city.server.url}/ranking/{school}?selection={selection}")
    expect(page.locator(".verdict")).to_contain_text("未入选")
    page.goto(f"{city.server.url}/procedure?selection={selection}")
    expect(page.get_by_text("已被后来的名单取代")).to_be_visible()
    assert visit.problems == []


def _record(page: Page, token: str, who: str, why: str) -> None:
    """Fill in what every step asks for, and record it."""
    dialog = page.get_by_role("dialog")
    dialog.locator("[data-test=by]").fill(who)
    dialog.locator("[data-test=reason]").fill(why)
    button = dialog.locator("[data-test=take]")
    if dialog.locator("[data-test=token]").count():
        dialog.locator("[data-test=token]").fill(token)
    expect(button).to_be_disabled()
    dialog.locator("[data-test=known]").click()
    button.click()


def _publish_today(city: City, page: Page) -> None:
    """Fill in a publicity period of one day; the form names what is missing."""
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".lacks")).to_contain_text("公示结束、异议受理")
    dialog.locator("[data-test=last]").fill(city.ask("/procedure/next")["today"])
    dialog.locator("[data-test=contact]").fill("市教育技术中心 203 室")


def _offered(page: Page, step: str) -> Locator:
    return page.locator(f"[data-step={step}]")


def test_steps_are_taken_in_the_browser_and_stand_in_the_log(city: City, visit: Visit) -> None:
    page, token = visit.page, city.server.token
    row = city.untouched()[-1]
    page.goto(f"{city.server.url}/ranking/{row['school']}")
    review = _offered(page, "county_review")
    expect(review.get_by_role("button")).to_be_disabled()
    expect(review).to_contain_text("尚无“学校自评”的记录，请先记录。")
    _offered(page, "self_assessment").get_by_role("button").click()
    _record(page, token, "郑校长", "全部证据已逐条核对")
    expect(page.locator(".log")).to_contain_text("全部证据已逐条核对")
    expect(page.locator(".log")).to_contain_text("郑校长")
    review.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-test=by] input, input[data-test=by]")).to_have_value("郑校长")
    dialog.get_by_text("整改后再议").click()
    _record(page, token, "王复核 县教育局", "台账尚缺两间实验室")
    expect(page.locator(".log")).to_contain_text("台账尚缺两间实验室")
    taken = city.ask("/procedure", school=row["school"])["items"]
    step_fields = {entry["step"]: entry["change"] for entry in taken}
    assert step_fields["self_assessment"] == {"agrees": True}
    assert step_fields["county_review"] == {"result": "to_be_improved"}
    assert visit.problems == []


def test_a_wrong_token_is_refused_and_nothing_is_written(city: City, visit: Visit) -> None:
    page = visit.page
    row = city.untouched()[-1]
    before = city.ask("/procedure")["total"]
    page.goto(f"{city.server.url}/ranking/{row['school']}?lang=en")
    _offered(page, "self_assessment").get_by_role("button").click()
    _record(page, "not the token", "Zheng", "looked through it all")
    expect(page.locator("[data-test=refused]")).to_contain_text("The token is wrong")
    assert city.ask("/procedure")["total"] == before


def test_an_override_in_the_browser_makes_a_list_that_shows_it(city: City, visit: Visit) -> None:
    page = visit.page
    before = city.ask("/assessments/latest")["latest_selection"]
    inside, outside = city.ranking(selected=True)[0], city.untouched()[-1]
    page.goto(f"{city.server.url}/ranking/{outside['school']}")
    _offered(page, "override").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("人工调整将一直公开，不能撤销")
    dialog.locator("[data-test=instead]").click()
    page.get_by_role("option", name=inside["name"]).click()
    _record(page, city.server.token, "评审组 赵组长", "山区唯一一所寄宿学校")
    expect(page.locator(".verdict")).to_contain_text("人工调整")
    expect(page.locator(".log")).to_contain_text("山区唯一一所寄宿学校")
    expect(page.locator("[data-test=recorded]")).to_contain_text("人工调整产生了一份新名单")
    assert city.ask("/assessments/latest")["latest_selection"] != before
    page.goto(f"{city.server.url}/procedure")
    for word in (outside["name"], inside["name"], "山区唯一一所寄宿学校", "评审组 赵组长"):
        expect(page.locator("article.override", has_text="山区唯一")).to_contain_text(word)
    publicity = _offered(page, "publicity")
    expect(publicity.get_by_role("button")).to_be_disabled()
    expect(publicity).to_contain_text("未作现场核查")
    first = city.ask(
        "/procedure/next", selection=city.ask("/assessments/latest")["latest_selection"]
    )
    why = next(entry["why"]["zh"] for entry in first["steps"] if entry["step"] == "publicity")
    unseen = re.findall(r"\d{10}", why)
    assert unseen
    names = {entry["school"]: entry["name"] for entry in city.ranking()}
    expect(publicity).to_contain_text(names[unseen[0]])
    _offered(page, "override").get_by_role("button").click()
    expect(page.get_by_role("dialog").locator(".decision")).to_have_count(0)
    assert visit.problems == []


def test_a_list_is_published_and_an_objection_answered_in_the_browser(
    city: City, visit: Visit
) -> None:
    page, token = visit.page, city.server.token
    city.visit_all()
    page.goto(f"{city.server.url}/procedure")
    final = _offered(page, "final")
    expect(final.get_by_role("button")).to_be_disabled()
    expect(final).to_contain_text("名单尚未公示。")
    for step, why in (("publicity", "按计划公示一天"), ("objection", "大屏从未见人使用过")):
        _offered(page, step).get_by_role("button").click()
        if step == "publicity":
            _publish_today(city, page)
        _record(page, token, "陈科长 市教育技术中心", why)
        expect(page.locator(".log")).to_contain_text(why)
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(final).to_contain_text("公示期至")
    _offered(page, "answer").get_by_role("button").click()
    page.get_by_role("dialog").get_by_text("不成立", exact=True).click()
    _record(page, token, "陈科长 市教育技术中心", "遥测显示每日都有使用")
    expect(page.locator(".log")).to_contain_text("遥测显示每日都有使用")
    expect(_offered(page, "answer")).to_contain_text("没有待答复的异议。")
    step_fields = {entry["step"]: entry for entry in city.ask("/procedure")["items"]}
    assert step_fields["answer"]["answers"] == step_fields["objection"]["id"]
    assert step_fields["answer"]["change"] == {"result": "rejected"}
    assert step_fields["publicity"]["change"]["contact"] == "市教育技术中心 203 室"
    assert visit.problems == []


def test_a_county_finds_the_schools_that_wait_for_its_review(city: City, visit: Visit) -> None:
    page = visit.page
    out = next(entry for entry in city.untouched()[1:] if entry["rank"])
    city.take(step="self_assessment", school=out["school"], by="某校长", agrees=False)
    page.goto(f"{city.server.url}/procedure")
    card = page.locator(".progress")
    card.locator("[data-test=county]").click()
    page.get_by_role("option", name=out["division_name"], exact=True).click()
    card.locator("[data-test=waits]").click()
    page.get_by_role("option", name=re.compile("待县级复核")).click()
    line = card.locator("li", has=page.get_by_role("link", name=out["name"], exact=True))
    expect(line).to_contain_text("学校自评 不认可")
    expect(line).to_contain_text("县级复核 —")
    divisions = {entry["name"]: entry["division_name"] for entry in city.ranking()}
    for name in card.locator("li a").all_inner_texts():
        assert divisions[name] == out["division_name"]
    line.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/ranking/{out['school']}"))
    assert visit.problems == []


def test_the_log_begins_with_the_newest_step_and_opens_whole(city: City, visit: Visit) -> None:
    page = visit.page
    school = city.untouched()[2]["school"]
    for number in range(25):
        city.take(step="self_assessment", school=school, by="某校长", reason=f"第 {number} 次自评")
    page.goto(f"{city.server.url}/procedure")
    steps = page.locator(".log .el-timeline-item")
    expect(steps).to_have_count(20)
    expect(steps.first).to_contain_text("第 24 次自评")
    page.locator("[data-test=whole-log]").click()
    expect(steps).to_have_count(city.ask("/procedure")["total"])
    assert visit.problems == []


def test_a_county_has_its_report(city: City, visit: Visit) -> None:
    page = visit.page
    row = city.ranking()[0]
    page.goto(f"{city.server.url}/counties")
    line = page.locator(".el-table__row", has_text=row["division_name"]).first
    with page.expect_download() as started:
        line.get_by_role("button", name="Excel").click()
    assert started.value.suggested_filename == f"{row['division_name']}.xlsx"
    assert visit.problems == []


def test_what_matters_most_stands_on_the_page_in_words(city: City, visit: Visit) -> None:
    page = visit.page
    selection = city.ask("/assessments/latest")["latest_selection"]
    page.goto(f"{city.server.url}/procedure")
    detail = city.ask(f"/selections/{selection}/sensitivity")
    choices = page.locator(".sensitivity .choice")
    expect(choices).to_have_count(6)
    for number, entry in enumerate(detail["influences"]):
        expect(choices.nth(number)).to_contain_text(entry["text"]["zh"])
    assert visit.problems == []
