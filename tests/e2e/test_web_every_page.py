"""Every page of the router, in both languages: accessible, whole at every width and on paper.

The pages are those of `pages.json`, so that a new one is looked at without being listed here; one
with a parameter of its own fails until `VALUES` knows it.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests._parts.browser import PHONE, WIDE, Visit
from tests._parts.page_checks import (
    PAGES_FILE,
    addresses,
    cut_texts,
    lengthen_texts,
    lone_boxes,
    not_accessible,
    open_page,
    outline,
    resize,
)
from tests._parts.web_city import City
from tests._parts.web_school import add_gateway, add_school
from tests._parts.write_servers import SCHOOL, CloudServer, running

pytestmark = pytest.mark.real
NAMES = list(addresses({"id": 1, "school": SCHOOL}))
LANGUAGES = ("zh", "en")
WIDTHS = (1280, 1366, 1440, 1920)
PAPER = 703
"""The width of A4 without its margins (`@page` in style.css), in CSS pixels."""
GOLDEN = Path(__file__).parent / "golden" / "paper"
WITH_DATA_IN_ITS_HEAD = ("asset", "ranked")


@dataclass(frozen=True, slots=True)
class District(City):
    """A city with an assessment and a selection, and one school with devices and a gateway."""

    def address(self, name: str, language: str) -> str:
        """Return a page's whole address, about the school with devices or one that lost."""
        lost = self.ranking(selected=False)[0]["school"]
        asset = self.ask(f"/schools/{SCHOOL}/assets", bound=True, limit=1)["items"][0]["id"]
        path = addresses({"id": asset, "school": lost})[name]
        return f"{self.server.url}{path}?lang={language}"


@pytest.fixture(scope="module")
def district(city_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    folder = tmp_path_factory.mktemp("district") / "of-this-module"
    shutil.copytree(city_data, folder)
    server = CloudServer(folder)
    with running(server):
        add_school(server, folder)
        add_gateway(server)
        yield District(server, folder)


@pytest.fixture
def seen(visit: Visit) -> Visit:
    """A visit that has chosen the school with devices."""
    visit.page.add_init_script(f"localStorage.setItem('campus-school', '{SCHOOL}')")
    return visit


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_accessible_and_whole_at_every_width(
    district: District, seen: Visit, name: str, language: str
) -> None:
    page = seen.page
    open_page(page, district.address(name, language))
    faults: dict[str, list[str]] = {}
    for width in WIDTHS:
        resize(page, width)
        faults[f"cut at {width} px"] = cut_texts(page)
        faults[f"not full at {width} px"] = lone_boxes(page)
        if width == WIDE["width"]:
            faults[f"axe at {width} px"] = not_accessible(page)
    resize(page, PHONE["width"], PHONE["height"])
    faults["axe on a phone"] = not_accessible(page)
    faults["not full on a phone"] = lone_boxes(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    resize(page, min(WIDTHS))
    lengthen_texts(page)
    faults["cut by a long word"] = cut_texts(page)
    assert {what: lines for what, lines in faults.items() if lines} == {}
    assert seen.problems == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole_on_paper_and_looks_as_it_did(
    district: District, seen: Visit, language: str
) -> None:
    """`make golden` rewrites what is compared with, on purpose."""
    page = seen.page
    faults: dict[str, list[str]] = {}
    printed: list[str] = []
    for name in NAMES:
        page.emulate_media(media="screen")
        page.set_viewport_size(WIDE)
        open_page(page, district.address(name, language))
        page.emulate_media(media="print")
        resize(page, PAPER)
        faults[name] = [*cut_texts(page), *lone_boxes(page)]
        blocks = outline(page)
        if name in WITH_DATA_IN_ITS_HEAD:
            blocks = [block for block in blocks if not block.startswith("h1 ")]
        printed += [f"== {name}", *blocks]
    assert {name: lines for name, lines in faults.items() if lines} == {}
    golden = GOLDEN / f"{language}.txt"
    if os.environ.get("CAMPUS_REWRITE_GOLDEN") == "1":
        golden.write_text("\n".join(printed) + "\n", encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8").splitlines()


def test_a_chart_that_is_not_drawn_anew_yet_does_not_widen_the_page(
    district: District, seen: Visit
) -> None:
    never = "{ observe() {} unobserve() {} disconnect() {} }"
    seen.page.add_init_script(f"window.ResizeObserver = class {never}")
    open_page(seen.page, district.address("gateways", "zh"))
    drawn = "document.querySelector('.chart canvas').getBoundingClientRect().width"
    before = seen.page.evaluate(drawn)
    resize(seen.page, min(WIDTHS))
    assert seen.page.evaluate(drawn) == before
    assert cut_texts(seen.page) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_a_title_of_its_own(district: District, seen: Visit, language: str) -> None:
    titles: dict[str, str] = {}
    for name in NAMES:
        open_page(seen.page, district.address(name, language))
        titles[name] = seen.page.title()
    assert len(set(titles.values())) == len(titles), titles
    app = {"zh": "智慧校园装备", "en": "Smart Campus"}[language]
    assert all(title.endswith(app) and title != app for title in titles.values()), titles
    lost = district.ranking(selected=False)[0]["name"]
    assert lost in titles["ranked"]
    assert "A-0001" in titles["asset"]


def test_the_pages_are_those_of_the_router() -> None:
    router = (PAGES_FILE.parent / "router.ts").read_text(encoding="utf-8")
    assert 'import pages from "./pages.json"' in router
    assert len(NAMES) >= 11
