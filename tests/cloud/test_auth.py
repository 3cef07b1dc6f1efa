from pathlib import Path

import pytest

from cloud import auth
from cloud.errors import SettingsError, Unauthorized
from cloud.settings import Settings
from tests._parts.cloud_app import cloud_app


def test_a_token_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    token = auth.load_token(settings)
    assert len(token) >= 32
    assert (tmp_path / "data" / "token").stat().st_mode & 0o777 == 0o600
    assert auth.load_token(settings) == token


def test_a_named_token_file_must_be_there_and_hold_one(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, token_file=tmp_path / "mine")
    with pytest.raises(SettingsError, match="no such token file"):
        auth.load_token(settings)
    (tmp_path / "mine").write_text(" \n")
    with pytest.raises(SettingsError, match="the token file is empty"):
        auth.load_token(settings)
    (tmp_path / "mine").write_text("secret\n")
    assert auth.load_token(settings) == "secret"


@pytest.mark.parametrize("given", ["Token secret", "Bearer secret", "token secret"])
def test_both_schemes_are_accepted(given: str) -> None:
    auth.check(given, "secret")


@pytest.mark.parametrize("given", [None, "", "secret", "Token secre", "Basic secret", "Token"])
def test_anything_else_is_not(given: str | None) -> None:
    with pytest.raises(Unauthorized):
        auth.check(given, "secret")


async def test_beyond_loopback_reading_needs_the_token_too(tmp_path: Path) -> None:
    async with cloud_app(Settings(data=tmp_path, host="0.0.0.0", duckdb_memory_mb=128)) as cloud:
        address = "/api/v1/gateways/nobody"
        assert (await cloud.stranger.get(address)).status_code == 401
        assert (await cloud.client.get(address)).status_code == 404
        assert (await cloud.stranger.get("/health")).status_code == 200
