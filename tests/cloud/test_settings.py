from pathlib import Path

import pytest

from cloud.errors import SettingsError
from cloud.settings import PREFIX, Settings, load

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cloud-settings.md"


def test_a_flag_overrules_a_variable_and_a_variable_the_default() -> None:
    settings = load(
        {"CAMPUS_CLOUD_PORT": "1", "CAMPUS_CLOUD_ORG": "city", "PORT": "3"},
        {"port": 2, "host": None},
    )
    assert (settings.port, settings.org, settings.host) == (2, "city", "127.0.0.1")


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="CAMPUS_CLOUD_PROT: no such setting"):
        load({"CAMPUS_CLOUD_PROT": "1"}, {})
    with pytest.raises(SettingsError, match=r"CAMPUS_CLOUD_PORT \(or its flag\): got 'x'"):
        load({"CAMPUS_CLOUD_PORT": "x"}, {})


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


def test_every_setting_is_documented() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"`{PREFIX}{name.upper()}`" in text
        assert (field.description or "nothing") in text
