"""The pages of the award in a real browser, on a small city that came the ordinary way.

A principal asks why the school lost, a county reviewer looks at the procedure, a journalist checks.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests._parts.browser import chromium
from tests._parts.write_servers import CloudServer, running

pytestmark = pytest.mark.real
WIDE = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
PLACES = 3
RULES = f"""
places: {PLACES}
hard: []
quotas:
  stage: {{PRI: {{least: 1}}}}
"""
PAGES = {
    "/ranking": ("评选排名", "Ranking"),
    "/procedure": ("评选过程", "Procedure"),
    "/counties": ("县域对比", "Counties"),
    "/standard": ("评价标准", "Standard"),
}
KEYS = "nav|stage|rule|books|change|changed|take|award|score|outcome|common|measure|state"


@dataclass(frozen=True, slots=True)
class City:
    """A cloud with an assessment and a selection."""

    server: CloudServer
    folder: Path

    def ask(self, path: str, **params: Any) -> Any:
        answer = httpx.get(f"{self.server.url}/api/v1{path}", params=params, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def take(self, **step: Any) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.server.url}/api/v1/procedure",
            json=step,
            headers={"Authorization": f"Bearer {self.server.token}"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        taken: dict[str, Any] = answer.json()
        return taken

    def ranking(self, *, selected: bool | None = None) -> list[dict[str, Any]]:
        asked = {} if selected is None else {"selected": selected}
        rows: list[dict[str, Any]] = self.ask("/assessments/latest/ranking", **asked)["items"]
        return rows


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """Nine schools and two days of them, loaded, assessed and selected from by the commands."""
    folder = tmp_path_factory.mktemp("city")
    written, data = folder / "written", folder / "data"
    rules = folder / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    _run("campus-sim", "city", "--schools=9", "--days=2", "--seed=5", "--out", written)
    days = sorted(one.name.removeprefix("day=") for one in (written / "slots").iterdir())
    _run("campus-cloud", "load", written, "--data", data)
    _run("campus-cloud", "assess", "--data", data, "--start", days[0], "--end", days[-1])
    _run("campus-cloud", "select", "--data", data, "--rules", rules)
    server = CloudServer(folder)
    with running(server):
        yield City(server, folder)


def _run(program: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Visit:
    """A page and everything that went wrong on it."""

    page: Page
    problems: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    viewport = getattr(request, "param", WIDE)
    context = browser.new_context(viewport=viewport, timezone_id="Asia/Shanghai")
    one = Visit(context.new_page())
    one.page.on("pageerror", lambda error: one.problems.append(str(error)))
    one.page.on(
        "console",
        lambda message: one.problems.append(message.text) if message.type == "error" else None,
    )
    yield one
    context.close()


def _is_whole(visit: Visit) -> None:
    """Fail where something still loads, is cut off, went wrong or has no translation."""
    page = visit.page
    expect(page.locator(".el-skeleton")).to_have_count(0)
    keys = rf"\b({KEYS})\.[a-zA-Z]+"
    assert re.findall(keys, page.locator("body").inner_text()) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert visit.problems == []


@pytest.mark.parametrize("visit", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])
@pytest.mark.parametrize("language", [0, 1], ids=["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_what_it_should_and_nothing_is_cut_off(
    city: City, visit: Visit, path: str, language: int
) -> None:
    visit.page.goto(f"{city.server.url}{path}?lang={('zh', 'en')[language]}")
    expect(visit.page.locator("h1")).to_have_text(PAGES[path][language])
    _is_whole(visit)


@pytest.mark.parametrize("visit", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_school_has_a_page_that_says_why(city: City, visit: Visit, language: str) -> None:
    row = city.ranking(selected=False)[0]
    visit.page.goto(f"{city.server.url}/ranking/{row['school']}?lang={language}")
    expect(visit.page.locator("h1")).to_have_text(row["name"])
    expect(visit.page.locator(".verdict")).to_contain_text(row[f"reason_{language}"])
    _is_whole(visit)


def test_a_principal_sees_why_the_school_lost_and_opens_it_down_to_the_ledger(
    city: City, visit: Visit
) -> None:
    page = visit.page
    row = city.ranking(selected=False)[0]
    page.goto(f"{city.server.url}/ranking")
    page.get_by_placeholder("搜索学校名称或标识码").fill(row["name"][2:8])
    page.locator("tbody tr", has_text=row["name"]).click()
    expect(page.locator(".verdict .why")).to_have_text(row["reason_zh"])
    expect(page.get_by_role("heading", name="最少做到什么就能入选")).to_be_visible()
    page.locator(".el-collapse-item", has_text="一物一码率").get_by_role("button").click()
    panel = page.locator(".finding")
    for word in ("实测", "得分", "依据", "怎样改进", "出处", "本项目自定，并非官方规定"):
        expect(panel).to_contain_text(word)
    expect(panel).to_contain_text("下列明细合计与评估时一致")
    panel.locator("li a").first.click()
    expect(page.get_by_role("heading", name="台账信息")).to_be_visible()
    expect(page.locator(".top [data-test=school]")).to_contain_text(row["name"])
    assert visit.problems == []


@pytest.mark.parametrize("visit", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_declared_figure_opens_the_row_in_which_it_was_declared(
    city: City, visit: Visit, language: str
) -> None:
    page, row = visit.page, _that_declared(city, "library_books")
    page.goto(f"{city.server.url}/ranking/{row['school']}?lang={language}")
    page.locator("#clause-A14").get_by_role("button").click()
    panel = page.locator("#clause-A14 .finding")
    panel.locator("li a").first.click()
    marked = page.locator(".books .marked:visible")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text(("馆藏图书册数", "Books in the library")[language == "en"])
    expect(marked).to_be_in_viewport()
    _is_whole(visit)
    page.go_back()
    page.locator("#clause-A14").get_by_role("button").click()
    panel.locator(".beside a").click()
    expect(page.locator(".books")).to_contain_text(f"{row['pupils']:,}")
    _is_whole(visit)


def test_an_hour_of_good_air_opens_the_readings_of_its_day(city: City, visit: Visit) -> None:
    page = visit.page
    school = next(
        one["school"]
        for one in city.ranking()
        if city.ask(f"/schools/{one['school']}/books/air")["total"]
    )
    page.goto(f"{city.server.url}/score?school={school}")
    page.locator("#clause-G02").get_by_role("button").click()
    page.locator("#clause-G02 .finding li a").first.click()
    expect(page.locator(".books tbody tr").first).to_contain_text("二氧化碳")
    page.locator(".books tbody tr").first.get_by_role("link").last.click()
    expect(page.get_by_role("heading", name="读数曲线")).to_be_visible()
    chosen = page.locator(".el-radio-button.is-active", has_text="2026-")
    expect(chosen).to_have_count(1)
    expect(page.locator("canvas").last).to_be_visible()
    assert visit.problems == []


@pytest.mark.parametrize("visit", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_book_of_a_school_can_be_read(city: City, visit: Visit, language: str) -> None:
    page, school = visit.page, city.ranking()[0]["school"]
    for line in city.ask(f"/schools/{school}/books"):
        page.goto(f"{city.server.url}/books?school={school}&book={line['book']}&lang={language}")
        rows = page.locator(".books tbody tr:visible, .books .narrow li:visible")
        if line["rows"]:
            expect(rows.first).to_be_visible()
        _is_whole(visit)


def _that_declared(city: City, item: str) -> dict[str, Any]:
    """Return a school of the ranking that declared something."""
    return next(
        row
        for row in city.ranking()
        if city.ask(f"/schools/{row['school']}/books/declarations", row=item)["total"]
    )


def test_the_ranking_is_filtered_by_county_and_by_who_is_in(city: City, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{city.server.url}/ranking?place=in")
    expect(page.locator("tbody tr")).to_have_count(PLACES)
    county = city.ranking()[0]["division"]
    page.goto(f"{city.server.url}/ranking?division={county}")
    there = [row for row in city.ranking() if row["division"] == county]
    expect(page.locator("tbody tr")).to_have_count(len(there))
    page.get_by_role("button", name="清除筛选").click()
    expect(page.locator("tbody tr")).to_have_count(9)
    page.goto(f"{city.server.url}/ranking?q=没有这所学校")
    expect(page.get_by_text("没有符合条件的学校。")).to_be_visible()


def test_a_journalist_scores_a_school_again_from_its_bundle(city: City, visit: Visit) -> None:
    page = visit.page
    row = city.ranking(selected=True)[0]
    page.goto(f"{city.server.url}/ranking/{row['school']}")
    with page.expect_download() as started:
        page.get_by_role("button", name="证据包 JSON").click()
    bundle = city.folder / "bundle.json"
    started.value.save_as(bundle)
    assert started.value.suggested_filename == f"{row['school']}.bundle.json"
    expect(page.locator("pre").last).to_contain_text(started.value.suggested_filename)
    scored = _run("campus-cloud", "score", "--bundle", bundle)
    value = next(line.split(",")[1] for line in scored.splitlines() if row["school"] in line)
    assert float(value) == pytest.approx(row["value"], abs=1e-9)


def test_every_clause_says_where_it_comes_from_in_words(city: City, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{city.server.url}/standard")
    clauses = page.locator("article.clause")
    expect(clauses.first).to_be_visible()
    told = clauses.locator(".trust").all_inner_texts()
    assert len(told) == clauses.count() > 20
    assert all(re.search("官方|转载|镜像|记忆|自定", one) for one in told)
    page.locator("button.flag", has_text="本项目自定").click()
    assert 0 < clauses.count() < len(told)
    assert visit.problems == []


def test_a_cell_of_the_comparison_opens_its_schools(city: City, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{city.server.url}/counties")
    expect(page.locator("canvas").first).to_be_visible()
    page.get_by_role("button", name="一物一码率").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("li")).to_have_count(9)
    drawer.locator("li a").first.click()
    expect(page.locator(".verdict")).to_be_visible()
    assert visit.problems == []


def test_a_school_is_found_among_many_by_a_part_of_its_name(city: City, visit: Visit) -> None:
    page = visit.page
    row = city.ranking()[-1]
    page.goto(city.server.url)
    picker = page.locator("[data-test=school]")
    picker.click()
    page.keyboard.type(row["school"][-5:])
    page.get_by_role("option", name=row["name"]).click()
    expect(picker).to_contain_text(row["name"])
    page.goto(f"{city.server.url}/ranking/{row['school']}")
    page.get_by_role("link", name="这所学校的设备").click()
    expect(page.locator("h1")).to_have_text("学校总览")


def test_an_asset_shows_what_was_reported_of_it_and_of_its_gateway(
    city: City, visit: Visit
) -> None:
    page = visit.page
    asset, events = next(
        (row["id"], events)
        for school in city.ranking()
        for row in city.ask(f"/schools/{school['school']}/assets", bound=True, limit=40)["items"]
        for events in [city.ask(f"/assets/{row['id']}/events")]
        if any(not one["of_gateway"] for one in events)
    )
    for language in ("zh", "en"):
        page.goto(f"{city.server.url}/assets/{asset}?lang={language}")
        card = page.locator(".card", has_text={"zh": "事件", "en": "Events"}[language]).last
        for one in events[:3]:
            expect(card).to_contain_text(one[f"title_{language}"])
            expect(card).to_contain_text(one["text"])
        _is_whole(visit)


def test_a_lesson_begins_at_eight_wherever_it_is_read(city: City, browser: Browser) -> None:
    school = city.ranking()[0]["school"]
    asset = city.ask(f"/schools/{school}/assets", bound=True, limit=1)["items"][0]["id"]
    told = city.ask(f"/assets/{asset}/heatmap")["periods"][0]["start"]
    context = browser.new_context(viewport=WIDE, timezone_id="America/New_York")
    page = context.new_page()
    page.goto(f"{city.server.url}/assets/{asset}")
    begins = datetime.fromisoformat(told).astimezone(ZoneInfo("Asia/Shanghai"))
    expect(page.locator(".time").first).to_have_text(f"{begins:%H:%M}")
    context.close()


def test_an_override_needs_a_reason_and_stays_to_be_seen(city: City, visit: Visit) -> None:
    page = visit.page
    inside, outside = city.ranking(selected=True)[-1], city.ranking(selected=False)[0]
    selection = city.ask("/assessments/latest")["latest_selection"]
    why = "盘点当日系统升级，补充盘点后账物相符"
    who = "评审组 赵组长"
    school, instead = outside["school"], inside["school"]
    said = {"selection": selection, "school": school, "decision": "in", "instead_of": instead}
    city.take(step="override", by=who, reason=why, **said)
    page.goto(f"{city.server.url}/procedure")
    shown = page.locator("article.override", has_text=why)
    for word in (outside["name"], inside["name"], why, who):
        expect(shown).to_contain_text(word)
    page.goto(f"{city.server.url}/ranking/{school}")
    expect(page.locator(".verdict")).to_contain_text("改判")
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
    """Fill in a publicity period of one day; the form says what it still lacks."""
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".lacks")).to_contain_text("公示结束、异议受理")
    dialog.locator("[data-test=last]").fill(city.ask("/procedure/next")["today"])
    dialog.locator("[data-test=contact]").fill("市教育技术中心 203 室")


def _offered(page: Page, step: str) -> Locator:
    return page.locator(f"[data-step={step}]")


def test_steps_are_taken_in_the_browser_and_stand_in_the_log(city: City, visit: Visit) -> None:
    page, token = visit.page, city.server.token
    row = city.ranking(selected=False)[-1]
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
    said = {one["step"]: one["change"] for one in taken}
    assert said["self_assessment"] == {"agrees": True}
    assert said["county_review"] == {"result": "to_be_improved"}
    assert visit.problems == []


def test_who_gives_a_wrong_token_is_told_and_nothing_is_written(city: City, visit: Visit) -> None:
    page = visit.page
    row = city.ranking(selected=False)[-2]
    before = city.ask("/procedure")["total"]
    page.goto(f"{city.server.url}/ranking/{row['school']}?lang=en")
    _offered(page, "self_assessment").get_by_role("button").click()
    _record(page, "not the token", "Zheng", "looked through it all")
    expect(page.locator("[data-test=refused]")).to_contain_text("The token is wrong")
    assert city.ask("/procedure")["total"] == before


def test_an_override_in_the_browser_makes_a_list_that_shows_it(city: City, visit: Visit) -> None:
    page = visit.page
    before = city.ask("/assessments/latest")["latest_selection"]
    inside, outside = city.ranking(selected=True)[0], city.ranking(selected=False)[-1]
    page.goto(f"{city.server.url}/ranking/{outside['school']}")
    _offered(page, "override").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("改判将一直公开，永远不会消失")
    dialog.locator("[data-test=instead]").click()
    page.get_by_role("option", name=inside["name"]).click()
    _record(page, city.server.token, "评审组 赵组长", "山区唯一一所寄宿学校")
    expect(page.locator(".verdict")).to_contain_text("改判")
    expect(page.locator(".log")).to_contain_text("山区唯一一所寄宿学校")
    expect(page.locator("[data-test=recorded]")).to_contain_text("改判产生了一份新名单")
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
    why = next(one["why_zh"] for one in first["steps"] if one["step"] == "publicity")
    unseen = re.findall(r"\d{10}", why)
    assert unseen
    names = {one["school"]: one["name"] for one in city.ranking()}
    expect(publicity).to_contain_text(names[unseen[0]])
    _offered(page, "override").get_by_role("button").click()
    expect(page.get_by_role("dialog").locator(".decision")).to_have_count(0)
    assert visit.problems == []


def _visit_all(city: City) -> None:
    """Take what the schools selected still lack before a list is published."""
    said: dict[str, dict[str, str]] = {
        "self_assessment": {},
        "county_review": {"result": "recommended"},
        "site_visit": {"result": "confirmed", "visited_on": "2026-11-20"},
    }
    for row in city.ranking(selected=True):
        log = city.ask("/procedure", school=row["school"])["items"]
        done = {one["step"] for one in log if one["school"] == row["school"]}
        for step, more in said.items():
            if step not in done:
                reason = "与证据一致"
                city.take(step=step, school=row["school"], by="核查组", reason=reason, **more)


def test_a_list_is_published_and_an_objection_answered_in_the_browser(
    city: City, visit: Visit
) -> None:
    page, token = visit.page, city.server.token
    _visit_all(city)
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
    said = {one["step"]: one for one in city.ask("/procedure")["items"]}
    assert said["answer"]["answers"] == said["objection"]["id"]
    assert said["answer"]["change"] == {"result": "rejected"}
    assert said["publicity"]["change"]["contact"] == "市教育技术中心 203 室"
    assert visit.problems == []


def test_a_county_finds_the_schools_that_wait_for_its_review(city: City, visit: Visit) -> None:
    page = visit.page
    out = next(one for one in city.ranking(selected=False)[1:] if one["rank"])
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
    divisions = {one["name"]: one["division_name"] for one in city.ranking()}
    for name in card.locator("li a").all_inner_texts():
        assert divisions[name] == out["division_name"]
    line.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/ranking/{out['school']}"))
    assert visit.problems == []


def test_the_log_begins_with_the_newest_step_and_opens_whole(city: City, visit: Visit) -> None:
    page = visit.page
    school = city.ranking(selected=False)[2]["school"]
    for number in range(25):
        city.take(step="self_assessment", school=school, by="某校长", reason=f"第 {number} 次自评")
    page.goto(f"{city.server.url}/procedure")
    steps = page.locator(".log .el-timeline-item")
    expect(steps).to_have_count(20)
    expect(steps.first).to_contain_text("第 24 次自评")
    page.locator("[data-test=whole-log]").click()
    expect(steps).to_have_count(city.ask("/procedure")["total"])
    assert visit.problems == []


def test_the_report_of_a_county_is_beside_it(city: City, visit: Visit) -> None:
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
    told = city.ask(f"/selections/{selection}/sensitivity")
    choices = page.locator(".sensitivity .choice")
    expect(choices).to_have_count(6)
    for number, one in enumerate(told["influences"]):
        expect(choices.nth(number)).to_contain_text(one["text_zh"])
    assert visit.problems == []


def test_without_an_assessment_the_pages_say_how_to_make_one(
    browser: Browser, tmp_path: Path
) -> None:
    server = CloudServer(tmp_path)
    page = browser.new_page()
    with running(server):
        for path in ("/ranking", "/procedure", "/counties"):
            page.goto(f"{server.url}{path}")
            expect(page.locator("h1")).to_have_text(PAGES[path][0])
            expect(page.get_by_text("campus-cloud assess")).to_be_visible()
        page.goto(f"{server.url}/standard")
        expect(page.locator("article.clause").first).to_be_visible()
        page.goto(f"{server.url}/ranking/2133100001")
        expect(page.get_by_text("campus-cloud assess")).to_be_visible()
    page.close()
