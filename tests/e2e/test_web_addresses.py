"""What is shown has an address: a finding, a row of its evidence, the order of a list."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests._parts.browser import Visit
from tests._parts.web_city import City

pytestmark = pytest.mark.real


def test_a_finding_has_an_address_that_opens_it(city: City, visit: Visit) -> None:
    page, school = visit.page, city.ranking()[0]["school"]
    page.goto(f"{city.server.url}/ranking/{school}")
    page.locator("#clause-A14").get_by_role("button").click()
    finding = page.locator("#clause-A14 .finding")
    expect(finding).to_be_visible()
    expect(page).to_have_url(re.compile(r"[?&]clause=A14"))
    expect(page).to_have_url(re.compile(r"[?&]assessment=[0-9a-f]{16}"))
    page.goto(page.url)
    expect(finding).to_be_visible()
    expect(page.locator("#clause-A14")).to_be_in_viewport()
    page.locator("#clause-A14").get_by_role("button").click()
    expect(finding).to_have_count(0)
    assert "clause=" not in page.url
    assert visit.problems == []


def test_a_row_of_evidence_has_an_address_that_marks_it(city: City, visit: Visit) -> None:
    page, school = visit.page, city.ranking()[0]["school"]
    page.goto(f"{city.server.url}/score?school={school}&clause=A01")
    rows = page.locator("#clause-A01 .finding li")
    expect(rows.first).to_be_visible()
    last = rows.last.inner_text()
    rows.last.locator("a.address").click()
    marked = page.locator("#clause-A01 li.marked")
    expect(marked).to_have_count(1)
    page.goto(page.url)
    expect(marked).to_have_text(last)
    expect(marked).to_be_in_viewport()
    assert visit.problems == []


def test_the_order_of_a_list_is_marked_after_back(city: City, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{city.server.url}/ranking?sort=-coverage")
    marked = page.locator("th[aria-sort=descending]", has_text="证据覆盖率")
    expect(marked).to_have_count(1)
    page.locator("tbody tr a").first.click()
    expect(page.locator(".verdict")).to_be_visible()
    page.go_back()
    expect(marked).to_have_count(1)
    page.get_by_role("button", name="按 得分 排序").click()
    expect(page).to_have_url(re.compile(r"sort=-value"))
    page.reload()
    expect(page.locator("th[aria-sort=descending]", has_text="得分")).to_have_count(1)


def test_a_list_comes_back_as_it_was_left(city: City, visit: Visit) -> None:
    page, school = visit.page, city.ranking()[0]["school"]
    page.goto(f"{city.server.url}/records?school={school}&table=assets")
    rows = page.locator(".records tbody tr")
    expect(rows).to_have_count(20)
    page.locator(".el-pager .number", has_text=re.compile("^2$")).click()
    second = city.ask(f"/schools/{school}/records/assets", offset=20, limit=1)["items"][0]
    number = second["cells"]["asset_no"]
    expect(rows.first).to_contain_text(number)
    rows.first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="台账信息")).to_be_visible()
    page.go_back()
    expect(rows.first).to_contain_text(number)
    expect(page.locator(".el-pager .is-active")).to_have_text("2")
    page.get_by_placeholder("在本表中查找").fill(number)
    expect(rows).to_have_count(1)
    assert "page=" not in page.url
    page.reload()
    expect(rows).to_have_count(1)
    with page.expect_download() as started:
        page.get_by_role("button", name="导出 CSV").click()
    exported = Path(started.value.path()).read_text("utf-8-sig").splitlines()
    assert len(exported) == 2
    assert number in exported[1]
    assert visit.problems == []
