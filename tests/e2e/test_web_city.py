"""The pages of the selection in a real browser, on a small city that came the ordinary way.

A principal asks why the school lost, a county reviewer looks at the procedure, a journalist checks.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests._parts.browser import PHONE, WIDE, Visit, visiting
from tests._parts.web_city import PLACES, SCHOOLS, City, run
from tests._parts.write_servers import CloudServer, running

pytestmark = pytest.mark.real
PAGES = {
    "/ranking": ("评选排名", "Ranking"),
    "/procedure": ("评选过程", "Procedure"),
    "/counties": ("县域对比", "Counties"),
    "/standard": ("评价标准", "Standard"),
}
KEYS = (
    "nav|stage|rule|records|change|changed|procedure|selection|score|outcome|common|measure|state"
)


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
    expect(visit.page.locator(".verdict")).to_contain_text(row["reason"][language])
    _is_whole(visit)


def test_a_principal_sees_why_the_school_lost_and_opens_it_down_to_the_ledger(
    city: City, visit: Visit
) -> None:
    page = visit.page
    row = city.ranking(selected=False)[0]
    page.goto(f"{city.server.url}/ranking")
    page.get_by_placeholder("搜索学校名称或标识码").fill(row["name"][2:8])
    answer = [entry for entry in city.ranking() if row["name"][2:8] in entry["name"]]
    expect(page.locator("tbody tr")).to_have_count(len(answer))
    page.locator("tbody tr", has_text=row["name"]).click()
    expect(page.locator(".verdict .why")).to_have_text(row["reason"]["zh"])
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
    marked = page.locator(".records .marked:visible")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text(("馆藏图书册数", "Books in the library")[language == "en"])
    expect(marked).to_be_in_viewport()
    _is_whole(visit)
    page.go_back()  # the address names the finding: it is still open
    panel.locator(".compared a").click()
    expect(page.locator(".records")).to_contain_text(f"{row['pupils']:,}")
    _is_whole(visit)


def test_an_hour_of_good_air_opens_the_readings_of_its_day(city: City, visit: Visit) -> None:
    page = visit.page
    school = next(
        entry["school"]
        for entry in city.ranking()
        if city.ask(f"/schools/{entry['school']}/records/air")["total"]
    )
    page.goto(f"{city.server.url}/score?school={school}")
    page.locator("#clause-G02").get_by_role("button").click()
    page.locator("#clause-G02 .finding li a").first.click()
    expect(page.locator(".records tbody tr").first).to_contain_text("二氧化碳")
    page.locator(".records tbody tr").first.get_by_role("link").last.click()
    expect(page.get_by_role("heading", name="读数曲线")).to_be_visible()
    chosen = page.locator(".el-radio-button.is-active", has_text="2026-")
    expect(chosen).to_have_count(1)
    expect(page.locator("canvas").last).to_be_visible()
    assert visit.problems == []


@pytest.mark.parametrize("visit", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_table_of_a_school_can_be_read(city: City, visit: Visit, language: str) -> None:
    page, school = visit.page, city.ranking()[0]["school"]
    for line in city.ask(f"/schools/{school}/records"):
        page.goto(
            f"{city.server.url}/records?school={school}&table={line['table']}&lang={language}"
        )
        rows = page.locator(".records tbody tr:visible, .records .narrow li:visible")
        if line["rows"]:
            expect(rows.first).to_be_visible()
        _is_whole(visit)


def _that_declared(city: City, item: str) -> dict[str, Any]:
    """Return a school of the ranking that declared something."""
    return next(
        row
        for row in city.ranking()
        if city.ask(f"/schools/{row['school']}/records/declarations", row=item)["total"]
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
    expect(page.locator("tbody tr")).to_have_count(SCHOOLS)
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
    expect(page.locator(".card", has_text="自行核对")).to_contain_text("重新计算本校得分")
    scored = run("campus-cloud", "score", "--bundle", bundle)
    value = next(line.split(",")[1] for line in scored.splitlines() if row["school"] in line)
    assert float(value) == pytest.approx(row["value"], abs=1e-9)


def test_every_clause_says_where_it_comes_from_in_words(city: City, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{city.server.url}/standard")
    clauses = page.locator("article.clause")
    expect(clauses.first).to_be_visible()
    every = clauses.count()
    assert every > 20
    origin = re.compile("官方|转载|镜像|记忆|自定")
    expect(clauses.locator(".trust", has_text=origin)).to_have_count(every)
    page.locator("button.flag", has_text="本项目自定").click()
    expect(clauses).not_to_have_count(every)
    expect(clauses.first).to_be_visible()
    assert visit.problems == []


def test_a_cell_of_the_comparison_opens_its_schools(city: City, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{city.server.url}/counties")
    expect(page.locator("canvas").first).to_be_visible()
    page.get_by_role("button", name="一物一码率").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("li")).to_have_count(SCHOOLS)
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
        if any(not entry["of_gateway"] for entry in events)
    )
    for language in ("zh", "en"):
        page.goto(f"{city.server.url}/assets/{asset}?lang={language}")
        card = page.locator(".card", has_text={"zh": "事件", "en": "Events"}[language]).last
        for entry in events[:3]:
            expect(card).to_contain_text(entry["title"][language])
            expect(card).to_contain_text(entry["text"])
        _is_whole(visit)


def test_a_lesson_begins_at_eight_wherever_it_is_read(city: City, browser: Browser) -> None:
    school = city.ranking()[0]["school"]
    asset = city.ask(f"/schools/{school}/assets", bound=True, limit=1)["items"][0]["id"]
    detail = city.ask(f"/assets/{asset}/heatmap")["periods"][0]["start"]
    begins = datetime.fromisoformat(detail).astimezone(ZoneInfo("Asia/Shanghai"))
    with visiting(browser, zone="America/New_York") as visit:
        visit.page.goto(f"{city.server.url}/assets/{asset}")
        expect(visit.page.locator(".time").first).to_have_text(f"{begins:%H:%M}")


def test_without_an_assessment_the_pages_show_how_to_make_one(
    browser: Browser, tmp_path: Path
) -> None:
    server = CloudServer(tmp_path)
    with running(server), visiting(browser) as visit:
        page = visit.page
        for path in ("/ranking", "/procedure", "/counties"):
            page.goto(f"{server.url}{path}")
            expect(page.locator("h1")).to_have_text(PAGES[path][0])
            expect(page.get_by_text("评估由系统管理员发起")).to_be_visible()
        page.goto(f"{server.url}/standard")
        expect(page.locator("article.clause").first).to_be_visible()
        page.goto(f"{server.url}/ranking/2133100001")
        expect(page.get_by_text("评估由系统管理员发起")).to_be_visible()
