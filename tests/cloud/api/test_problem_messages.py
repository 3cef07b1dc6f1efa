"""Every refusal that a manager can meet is there in Chinese, with a key, under its own status."""

import ast
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from cloud import errors
from cloud.domain import CurrentState, Presence
from cloud.messages import catalogue
from tests._parts.cloud_app import CloudApp, cloud_app, small_settings
from tests._parts.tree import ROOT

PACKAGES = ("api", "assessments", "registry", "reports")
OF_PROGRAMS = ("api/routes/write.py",)
"""What answers to writing programs in InfluxDB's words, which are English."""
RAISED = {
    name
    for name, error in vars(errors).items()
    if isinstance(error, type) and issubclass(error, errors.RequestError | errors.RefusedValue)
}

REFUSED = {
    "/api/v1/schools/2133100009": (404, "api.unknown_school", "学校 2133100009 尚未登记"),
    "/api/v1/assets/7": (404, "api.unknown_asset", "没有内部编号为 7 的资产"),
    "/api/v1/gateways/gw-9": (404, "api.unknown_gateway", "没有名为“gw-9”的网关上报过数据"),
    "/api/v1/schools/2133100009/assets?sort=colour": (422, "api.not_one_of", "参数 sort：“colour”"),
    "/api/v1/schools/2133100009/assets?limit=0": (
        422,
        "api.faults",
        "请求有误：query.limit：应不小于 1",
    ),
    "/api/v1/schools/2133100009/assets?state=broken": (
        422,
        "api.faults",
        f"请求有误：query.state：应为 {'、'.join(get_args(CurrentState))}",
    ),
    "/api/v1/schools/2133100009/assets?start=gestern": (
        422,
        "api.faults",
        "请求有误：query.start：应为日期，如 2026-09-01",
    ),
    "/api/v1/assessments/latest/ranking?sort=x": (400, "api.not_one_of", "参数 sort：“x”"),
    "/api/v1/nothing": (404, "api.not_found", "地址 /api/v1/nothing 不存在"),
}


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[CloudApp]:
    async with cloud_app(small_settings(tmp_path)) as app:
        yield app


@pytest.mark.parametrize("address", REFUSED)
async def test_a_refusal_has_a_key_and_a_chinese_sentence(cloud: CloudApp, address: str) -> None:
    status, code, chinese = REFUSED[address]
    answer = await cloud.client.get(address)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert body["message"]["zh"].startswith(chinese)
    assert body["message"]["en"] == body["detail"]
    for fault in body.get("problems") or []:
        assert fault["code"].startswith("api.invalid.")
        assert re.search(r"[\u4e00-\u9fff]", fault["message"]["zh"])


async def test_a_wrong_token_is_refused_in_chinese(cloud: CloudApp) -> None:
    answer = await cloud.stranger.post("/api/v1/procedure", json={})
    assert answer.status_code == 401
    assert answer.json()["message"]["zh"] == catalogue("zh")["error.unauthorized"]


def test_no_refusal_is_written_in_one_language_only() -> None:
    """A refusal of the API, of the procedure or of a report is a message of the catalogues."""
    bare = []
    for package in PACKAGES:
        for path in sorted((ROOT / "cloud" / package).rglob("*.py")):
            if str(path.relative_to(ROOT / "cloud")) in OF_PROGRAMS:
                continue
            bare += [
                f"{path.relative_to(ROOT)}:{node.lineno}"
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call)
                and ast.unparse(node.func).split(".")[-1] in RAISED
                and not _is_message(node.args[0])
            ]
    assert not bare


def _is_message(text: ast.expr) -> bool:
    return isinstance(text, ast.Call) and ast.unparse(text.func) in {"message", "_message"}


def test_every_state_and_connection_has_its_word_in_the_file_of_assets() -> None:
    words = {*get_args(CurrentState), *get_args(Presence)} - {"online"}
    assert {f"asset_list.state.{word}" for word in words} <= catalogue("zh").keys()
