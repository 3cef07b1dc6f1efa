from tests._parts.cloud_app import CloudApp


async def test_without_a_built_app_the_page_says_how_to_build_it(cloud: CloudApp) -> None:
    answer = await cloud.stranger.get("/")
    assert answer.status_code == 200
    assert "make web" in answer.text


async def test_files_are_served_and_every_other_address_is_a_page_of_the_app(
    cloud: CloudApp,
) -> None:
    dist = cloud.services.settings.web_dist
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>app</title>")
    (dist / "assets" / "index-abc.js").write_text("let x = 1;")
    (dist / "favicon.svg").write_text("<svg/>")
    (dist.parent / "secret").write_text("no")

    for gone in ("/assets/index-old.js", "/missing.png"):
        assert (await cloud.stranger.get(gone)).status_code == 404
    for address in ("/", "/assets", "/assets/12", "/score", "/index.html"):
        page = await cloud.stranger.get(address)
        assert (page.text, page.headers["cache-control"]) == ("<title>app</title>", "no-cache")
    script = await cloud.stranger.get("/assets/index-abc.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    icon = await cloud.stranger.get("/favicon.svg")
    assert icon.headers["cache-control"] == "no-cache"
    outside = await cloud.stranger.get("/%2e%2e/secret")
    assert outside.text == "<title>app</title>"


async def test_an_unknown_address_of_the_api_is_not_a_page(cloud: CloudApp) -> None:
    for address in ("/api", "/api/v1/nothing", "/api/v3/write"):
        assert (await cloud.stranger.get(address)).status_code == 404
    assert (await cloud.stranger.post("/somewhere")).status_code == 405
