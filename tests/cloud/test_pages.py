import json
from pathlib import Path

import pytest

from cloud.pages import pattern
from tests._parts.cloud_app import CloudApp

WEB = Path(__file__).parents[2] / "cloud" / "web"
PAGES = json.loads((WEB / "src" / "pages.json").read_text(encoding="utf-8"))


@pytest.fixture
def dist(cloud: CloudApp) -> Path:
    """A build of the web app, small but of the shape that Vite writes."""
    dist = cloud.services.settings.web_dist
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>app</title>")
    (dist / "api-docs.html").write_text("<title>API</title>")
    (dist / "pages.json").write_text(json.dumps(PAGES))
    (dist / "assets" / "index-abc.js").write_text("let x = 1;")
    (dist / "icon.svg").write_text("<svg/>")
    (dist.parent / "secret").write_text("no")
    return dist


async def test_without_a_built_app_the_page_says_how_to_build_it(cloud: CloudApp) -> None:
    for address in ("/", "/api/v1/docs"):
        answer = await cloud.stranger.get(address)
        assert answer.status_code == 200
        assert "make web" in answer.text


@pytest.mark.usefixtures("dist")
async def test_the_app_answers_at_each_of_its_own_addresses(cloud: CloudApp) -> None:
    for page in PAGES:
        address = page["path"].replace(":id(\\d+)", "12").replace(":school(\\d{10})", "2133100001")
        answer = await cloud.stranger.get(address)
        assert (answer.text, answer.headers["cache-control"]) == ("<title>app</title>", "no-cache")
    assert (await cloud.stranger.get("/index.html")).text == "<title>app</title>"


@pytest.mark.usefixtures("dist")
@pytest.mark.parametrize(
    "address",
    [
        "/ready",
        "/metrics",
        "/healthz",
        "/assets/twelve",
        "/ranking/21331",
        "/score/",
        "/docs",
        "/openapi.json",
        "/api",
        "/api/v1/nothing",
        "/pages.json",
        "/api-docs.html",
        "/missing.png",
        "/assets/index-old.js",
        "/%2e%2e/secret",
    ],
)
async def test_every_other_address_is_a_problem(cloud: CloudApp, address: str) -> None:
    answer = await cloud.stranger.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


@pytest.mark.usefixtures("dist")
async def test_files_of_the_build_are_kept_as_long_as_their_names_allow(cloud: CloudApp) -> None:
    script = await cloud.stranger.get("/assets/index-abc.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert (await cloud.stranger.get("/icon.svg")).headers["cache-control"] == "no-cache"


@pytest.mark.usefixtures("dist")
async def test_the_api_has_a_page(cloud: CloudApp) -> None:
    assert (await cloud.stranger.get("/api/v1/docs")).text == "<title>API</title>"


@pytest.mark.usefixtures("dist")
async def test_a_page_is_read_and_never_written(cloud: CloudApp) -> None:
    answer = await cloud.stranger.post("/score")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert (await cloud.stranger.head("/score")).status_code == 200
    assert (await cloud.stranger.post("/somewhere")).status_code == 404


@pytest.mark.parametrize(
    ("path", "address", "is_page"),
    [
        ("/assets/:id(\\d+)", "/assets/12", True),
        ("/assets/:id(\\d+)", "/assets/12/", False),
        ("/assets/:id(\\d+)", "/assets/１２", False),
        ("/a.b/:name", "/a.b/c", True),
        ("/a.b/:name", "/axb/c", False),
        ("/a.b/:name", "/a.b/c/d", False),
    ],
)
def test_a_path_of_the_router_matches_its_addresses(
    path: str, address: str, *, is_page: bool
) -> None:
    assert (pattern(path).fullmatch(address) is not None) == is_page
