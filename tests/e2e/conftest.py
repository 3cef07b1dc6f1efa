"""A browser, a small city that came the ordinary way, and a page to look at it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests._parts.browser import WIDE, Visit, chromium, visiting
from tests._parts.web_city import City, make_city
from tests._parts.workers import made_once
from tests._parts.write_servers import CloudServer, running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for a module: Playwright's loop may not run while tests elsewhere run theirs."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def city_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty schools and two days of them, loaded, assessed and selected from by the commands.

    Made once a run and never served: who needs it takes a copy.
    """
    return made_once(tmp_path_factory, "city-data", make_city)


@pytest.fixture(scope="module")
def city(city_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The city of this module, which its tests may change."""
    folder = tmp_path_factory.mktemp("city") / "of-this-module"
    shutil.copytree(city_data, folder)
    server = CloudServer(folder)
    with running(server):
        yield City(server, folder)


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    with visiting(browser, getattr(request, "param", WIDE)) as visit:
        yield visit
