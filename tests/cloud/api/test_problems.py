import inspect

import pytest

from cloud import errors
from cloud.api.problem import STATUS, status_of
from cloud.app import create_app
from cloud.settings import Settings
from tests._parts.cloud_app import CloudApp

SHAPE = {"type", "title", "status", "detail", "instance", "code", "message"}
ROUTES = {
    path: set(methods)
    for path, methods in create_app(Settings()).openapi()["paths"].items()
    if path.startswith("/api/v1")
}


@pytest.mark.parametrize("path", ROUTES)
async def test_every_route_refuses_in_one_shape(cloud: CloudApp, path: str) -> None:
    answer = await cloud.stranger.patch(path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == SHAPE
    if "post" in ROUTES[path]:
        answer = await cloud.stranger.post(path)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_not_there_and_what_is_not_understood_look_alike(cloud: CloudApp) -> None:
    missing = await cloud.client.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["detail"]) == (
        404,
        "nothing is at /api/v1/nothing",
    )
    wrong = await cloud.client.get("/api/v1/export/readings", params={"from": "yesterday"})
    assert wrong.status_code == 422
    assert wrong.headers["content-type"] == "application/problem+json"
    assert [problem["where"] for problem in wrong.json()["problems"]] == [
        "query.school",
        "query.from",
    ]


async def test_a_mistake_of_ours_says_nothing_of_the_inside(
    cloud: CloudApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(type(cloud.services.store), "latest_gateways", breaks)
    answer = await cloud.client.get("/api/v1/gateways/g")
    assert answer.status_code == 500
    assert answer.json().keys() == SHAPE
    assert "secret" not in answer.text


def test_every_error_has_a_status() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.CloudError)
    ]
    for kind in kinds:
        assert any(parent in STATUS for parent in kind.__mro__)
        assert kind.__name__ in (errors.__doc__ or "")
    assert status_of(errors.StoreBusy("full")) == 503
    assert status_of(errors.SettingsError("wrong")) == 500
