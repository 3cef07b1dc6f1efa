"""The managers' app in a real browser, on a real cloud with a school in it."""

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from simulators.school.campus import make_campus
from simulators.school.history import write_history
from simulators.school.plan import WORKBOOK_FILE, Reach, write_plan
from tests._parts.browser import PHONE, WIDE, Visit, visiting
from tests._parts.write_servers import SCHOOL, CloudServer, running

pytestmark = pytest.mark.real
PAGES = {
    "/": ("学校总览", "Overview"),
    "/assets": ("资产与使用", "Assets and use"),
    "/records": ("学校档案", "Records of the school"),
    "/gateways": ("网关与设备", "Gateways and devices"),
    "/score": ("标准评分", "Score"),
    "/import": ("数据导入", "Import"),
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudServer]:
    """A cloud with a school's records and three school days of its past."""
    folder = tmp_path_factory.mktemp("web")
    plan = folder / "plan"
    write_plan(plan, make_campus(7, 44, date.today()), Reach())  # noqa: DTZ011 - the school's today
    server = CloudServer(folder)
    with running(server):
        _import(server, plan / WORKBOOK_FILE, folder)
        write_history(plan, url=server.url, token=server.token, days=3, now=datetime.now(UTC))
        yield server


def _import(server: CloudServer, workbook: Path, folder: Path) -> None:
    command = [str(Path(sys.executable).with_name("campus-cloud")), "import", "workbook"]
    token = ["--token-file", str(folder / "token-file")]
    done = subprocess.run(
        [*command, str(workbook), "--url", server.url, *token],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _asset(server: CloudServer, number: str) -> str:
    body = httpx.get(f"{server.url}/api/v1/schools/{SCHOOL}/assets", params={"q": number})
    return f"/assets/{body.json()['items'][0]['id']}"


def _has_no_key(page: Page) -> None:
    """Fail where a text has no translation and shows its key."""
    text = page.locator("body").inner_text()
    groups = "nav|state|presence|outcome|common|overview|assets|asset|records|gateways|score|import"
    keys = rf"\b({groups})\.[a-zA-Z]+"
    assert re.findall(keys, text) == []


@pytest.mark.parametrize("visit", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])
@pytest.mark.parametrize("language", [0, 1], ids=["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_what_it_should_and_nothing_is_cut_off(
    cloud: CloudServer, visit: Visit, path: str, language: int
) -> None:
    page = visit.page
    page.goto(f"{cloud.url}{path}?lang={('zh', 'en')[language]}")
    expect(page.locator("h1")).to_have_text(PAGES[path][language])
    expect(page.locator(".el-skeleton")).to_have_count(0)
    _has_no_key(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert visit.problems == []


def test_nothing_is_fetched_from_elsewhere(cloud: CloudServer, visit: Visit) -> None:
    for path in PAGES:
        visit.page.goto(f"{cloud.url}{path}")
        expect(visit.page.locator(".el-skeleton")).to_have_count(0)
    assert {url for url in visit.fetched if not url.startswith((cloud.url, "data:"))} == set()


def test_the_language_switch_is_remembered(cloud: CloudServer, visit: Visit) -> None:
    page = visit.page
    page.goto(cloud.url)
    expect(page.locator("h1")).to_have_text("学校总览")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Overview")
    page.reload()
    expect(page.locator("h1")).to_have_text("Overview")


def test_a_manager_finds_an_asset_and_looks_at_its_day(cloud: CloudServer, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{cloud.url}/assets")
    page.get_by_placeholder("搜索编号、名称、型号、房间").fill("A-0004")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    row.click()
    expect(page.locator("h1")).not_to_have_text("资产与使用")
    for card in ("全天运行状态", "节次 × 星期 使用情况", "当前读数", "读数曲线", "台账信息"):
        expect(page.get_by_role("heading", name=card)).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.locator("[data-test=net-value]")).to_contain_text("原值 ÷（使用年限 × 12）")
    _has_no_key(page)
    assert visit.problems == []


def test_an_asset_without_a_device_says_that_its_use_is_not_known(
    cloud: CloudServer, visit: Visit
) -> None:
    body = httpx.get(
        f"{cloud.url}/api/v1/schools/{SCHOOL}/assets", params={"bound": "false", "limit": 1}
    )
    visit.page.goto(f"{cloud.url}/assets/{body.json()['items'][0]['id']}")
    expect(visit.page.get_by_text("此资产未装传感器（没有绑定设备）")).to_be_visible()


def test_a_score_opens_down_to_its_evidence(cloud: CloudServer, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{cloud.url}/score")
    page.get_by_text("一物一码率").click()
    panel = page.locator(".finding")
    expect(panel).to_contain_text("怎样改进")
    expect(panel).to_contain_text("本项目自定，并非官方规定")
    panel.locator("li a").first.click()
    expect(page.get_by_role("heading", name="台账信息")).to_be_visible()
    assert visit.problems == []


def test_filters_live_in_the_address(cloud: CloudServer, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{cloud.url}/assets?category=recorder")
    expect(page.locator("tbody tr").first).to_contain_text("录播")
    assert all("录播" in row for row in page.locator("tbody tr").all_inner_texts())
    page.goto(f"{cloud.url}/assets?q=nothing-like-this")
    expect(page.get_by_text("没有符合条件的资产")).to_be_visible()


def test_an_unknown_page_and_an_unknown_asset_are_reported(
    cloud: CloudServer, visit: Visit
) -> None:
    answer = visit.page.goto(f"{cloud.url}/no/such/page")
    assert answer is not None
    assert answer.status == 404
    assert answer.json()["detail"] == "nothing is at /no/such/page"
    visit.page.goto(f"{cloud.url}/assets/999999")
    expect(visit.page.get_by_role("alert")).to_contain_text("999999")


def test_an_empty_cloud_says_what_to_do_and_a_lost_one_offers_to_try_again(
    browser: Browser, tmp_path: Path
) -> None:
    server = CloudServer(tmp_path)
    with running(server), visiting(browser) as visit:
        page = visit.page
        page.goto(server.url)
        expect(page.get_by_text("请先导入台账")).to_be_visible()
        page.route("**/api/**", lambda route: route.abort())
        page.reload()
        expect(page.get_by_text("无法连接到云端服务")).to_be_visible()
        page.unroute("**/api/**")
        page.get_by_role("button", name="重试").click()
        expect(page.get_by_text("请先导入台账")).to_be_visible()


def test_the_api_is_shown_without_the_internet(cloud: CloudServer, visit: Visit) -> None:
    visit.page.goto(f"{cloud.url}/api/v1/docs")
    operation = visit.page.locator(".opblock-summary", has_text="/api/v1/assessments").first
    expect(operation).to_be_visible()
    hosts = {urlsplit(address).hostname for address in visit.fetched} - {None}
    assert hosts == {urlsplit(cloud.url).hostname}
    assert visit.problems == []


def test_a_manager_checks_a_file_and_reads_its_problems_in_chinese_before_importing(
    cloud: CloudServer, visit: Visit, tmp_path: Path
) -> None:
    page = visit.page
    page.goto(f"{cloud.url}/import")
    ledger = tmp_path / "rooms.csv"
    head = "学校标识码,房间编号,房间名称,面积\n"
    ledger.write_text(f"{head}{SCHOOL},T-901,试验室,很大\n", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(ledger)
    page.locator("[data-test=kind]").click()
    page.get_by_role("option", name="房间", exact=True).click()
    page.locator("[data-test=token]").fill("wrong")
    page.locator("[data-test=check]").click()
    expect(page.locator("[data-test=refusal]")).to_contain_text("访问口令缺失或不正确")
    page.locator("[data-test=token]").fill(cloud.token)
    page.locator("[data-test=check]").click()
    expect(page.locator("[data-test=outcome]")).to_contain_text("发现 1 处问题")
    expect(page.locator(".wide tbody tr")).to_contain_text("填的是“很大”，应为数字，如 1234.50")
    expect(page.locator("[data-test=apply]")).to_be_disabled()
    assert _rooms(cloud) == set()

    ledger.write_text(f"{head}{SCHOOL},T-901,试验室,80\n", encoding="utf-8")
    page.locator("[data-test=check]").click()
    expect(page.locator("[data-test=refusal]")).to_contain_text("文件在选择之后有改动")
    with page.expect_file_chooser() as chooser:
        page.locator("input[type=file]").click()
    chooser.value.set_files(ledger)
    page.locator("[data-test=check]").click()
    expect(page.locator("[data-test=outcome]")).to_contain_text("检查通过")
    assert _rooms(cloud) == set()
    page.locator("[data-test=apply]").click()
    expect(page.locator("[data-test=outcome]")).to_contain_text("已导入")
    assert _rooms(cloud) == {"试验室"}


def test_a_manager_chooses_a_column_for_an_unknown_heading(
    cloud: CloudServer, visit: Visit, tmp_path: Path
) -> None:
    page = visit.page
    ledger = tmp_path / "rooms.csv"
    ledger.write_text(f"学校标识码,房间编号,甲栏\n{SCHOOL},H-902,备课室\n", encoding="utf-8")

    def check() -> None:
        page.goto(f"{cloud.url}/import")
        page.locator("input[type=file]").set_input_files(ledger)
        page.locator("[data-test=kind]").click()
        page.get_by_role("option", name="房间", exact=True).click()
        token = page.locator("[data-test=token]")
        if token.count():  # asked for once
            token.fill(cloud.token)
        page.locator("[data-test=check]").click()

    check()
    page.locator("[data-test=heading]").click()
    page.get_by_role("option", name="房间名称", exact=True).click()
    expect(page.locator(".notes")).to_contain_text("按您的选择作为“房间名称”导入")
    page.locator("[data-test=apply]").click()
    expect(page.locator("[data-test=outcome]")).to_contain_text("已导入")
    check()
    expect(page.locator(".notes")).to_contain_text("按以前导入时的选择作为“房间名称”导入")
    assert visit.problems == []


def _rooms(server: CloudServer) -> set[str]:
    """Return the names of the rooms of the test above, as the cloud has them."""
    rows = httpx.get(f"{server.url}/api/v1/schools/{SCHOOL}/rooms").json()
    return {row["name"] for row in rows if row["number"].startswith("T-")}


def test_the_blank_template_is_one_click_away(cloud: CloudServer, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{cloud.url}/assets")
    page.locator("[data-test=import]").click()
    with page.expect_download() as started:
        page.get_by_role("button", name="下载空白模板 Excel").click()
    content = Path(started.value.path()).read_bytes()
    assert "资产" in load_workbook(io.BytesIO(content)).sheetnames
