"""A browser, a small city that came the ordinary way, and a page to look at it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests._parts.browser import chromium
from tests._parts.web_city import RULES, SCHOOLS, WIDE, City, Visit, run
from tests._parts.write_servers import CloudServer, running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """Twenty schools and two days of them, loaded, assessed and selected from by the commands."""
    folder = tmp_path_factory.mktemp("city")
    written, data = folder / "written", folder / "data"
    rules = folder / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    run("campus-sim", "city", f"--schools={SCHOOLS}", "--days=2", "--seed=5", "--out", written)
    days = sorted(one.name.removeprefix("day=") for one in (written / "slots").iterdir())
    run("campus-cloud", "load", written, "--data", data)
    run("campus-cloud", "assess", "--data", data, "--start", days[0], "--end", days[-1])
    run("campus-cloud", "select", "--data", data, "--rules", rules)
    server = CloudServer(folder)
    with running(server):
        yield City(server, folder)


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
