import os
from pathlib import Path

import pytest

from cloud.cli import PROGRAM
from cloud.commands.serve import settings_help, shown_defaults
from cloud.errors import SettingsError
from cloud.settings import PREFIX, Settings, load, variable_of

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cloud-settings.md"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def test_a_flag_overrules_a_variable_and_a_variable_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAMPUS_CLOUD_PORT", "1")
    monkeypatch.setenv("CAMPUS_CLOUD_ORG", "city")
    monkeypatch.setenv("PORT", "3")
    settings = load({"port": 2, "host": None})
    assert (settings.port, settings.org, settings.host) == (2, "city", "127.0.0.1")


def test_a_variable_that_is_no_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPUS_CLOUD_PROT", "1")
    with pytest.raises(SettingsError) as refused:
        load({})
    text = str(refused.value)
    assert text.startswith("CAMPUS_CLOUD_PROT: no such setting; use one of CAMPUS_CLOUD_DATA, ")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("CAMPUS_CLOUD_PORT", "x", "should be a valid integer"),
        ("CAMPUS_CLOUD_PORT", "70000", "should be less than or equal to 65535"),
        ("CAMPUS_CLOUD_MAX_WRITE_MB", "0", "should be greater than 0"),
        ("CAMPUS_CLOUD_DUCKDB_MEMORY_MB", "many", "should be a valid integer"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    variable: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load({})
    text = str(refused.value)
    assert text.startswith(f"{variable} (or its flag): got {value!r}: ")
    assert expected in text


def test_a_wrong_flag_is_named_as_well() -> None:
    with pytest.raises(SettingsError, match=r"CAMPUS_CLOUD_PORT \(or its flag\): got -1"):
        load({"port": -1})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("campus.example", False),
    ],
)
def test_only_loopback_is_loopback(host: str, expected: bool) -> None:
    assert Settings(host=host).is_loopback is expected


def test_the_reference_page_is_current() -> None:
    text = PROGRAM.texts("en")
    rows = [
        f"| `{variable_of(field)}` | {'none' if default is None else f'`{default}`'} | "
        f"{text(f'setting.{field}')} |"
        for field, default in shown_defaults(text).items()
    ]
    page = REFERENCE.read_text(encoding="utf-8").splitlines()
    assert [line for line in page if line.startswith("| `")] == rows


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_help_of_serve_names_every_setting_with_its_default(language: str) -> None:
    text = PROGRAM.texts(language)
    help_text = settings_help(text)
    for field, default in shown_defaults(text).items():
        assert f"  {variable_of(field)}\n" in help_text
        assert text(f"setting.{field}") in help_text
        assert default is None or default in help_text
