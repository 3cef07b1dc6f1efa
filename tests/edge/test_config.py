"""gateway.yaml: what is right is understood, and every fault is one sentence with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config import Config, load_config
from edge.errors import ConfigError

WRONG = Path(__file__).parent / "wrong_configs"


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.stem)
def test_wrong_files_are_reported_word_for_word(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value).replace(f"{WRONG}/", "")
    assert message + "\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gateway\.yaml: cannot be read: No such file"):
        load_config(tmp_path / "gateway.yaml")


def test_paths_are_relative_to_the_file_and_defaults_are_filled_in(
    configured: Callable[[str], Config], tmp_path: Path
) -> None:
    config = configured("http://127.0.0.1:8090")
    assert config.data_dir == tmp_path / "gateway-data"
    assert config.token == "t"
    device = config.devices["d1"]
    assert (device.place.asset, device.place.room) == ("A-1", "101")
    assert device.place.category == "display"
    assert device.usage == device.profile.usage
    assert config.file.buffer.max_mb == 512


def test_usage_override_keeps_the_other_keys_and_category_replaces_the_profiles(
    configured: Callable[[str], Config], tmp_path: Path
) -> None:
    config = configured("http://127.0.0.1:8090")
    path = config.path
    text = path.read_text(encoding="utf-8").replace(
        "id: d1,", "id: d1, usage: {active_above: 80}, category: recorder,"
    )
    (tmp_path / "token").write_text("from a file\n", encoding="utf-8")
    path.write_text(text.replace("token: t", "token_file: token"), encoding="utf-8")
    config = load_config(path)
    rule = config.devices["d1"].usage
    assert rule is not None
    assert (rule.active_above, rule.standby_above, rule.energy_point) == (80, 2, "energy")
    assert config.devices["d1"].place.category == "recorder"
    assert config.token == "from a file"


def test_q3a_a_blank_in_a_friendly_name_is_allowed(
    configured: Callable[[str], Config], tmp_path: Path
) -> None:
    path = configured("http://127.0.0.1:8090").path
    text = path.read_text(encoding="utf-8")
    text = text.replace("mqtt: {device: d1}", 'mqtt: {device: "Living room plug"}')
    path.write_text(text, encoding="utf-8")
    assert load_config(path).devices["d1"].address.device == "Living room plug"


def test_secrets_are_not_shown(configured: Callable[[str], Config]) -> None:
    config = configured("http://127.0.0.1:8090")
    assert "token='t'" not in repr(config.file)
    assert "token='t'" not in repr(config)


@pytest.mark.parametrize(
    ("uplink", "problem"),
    [
        ('token: "t\\u200b"', "the token holds the character U+200B, which no token has"),
        ('token: "密码"', "the token holds the character U+5BC6"),
        ('token: "a\\nb"', "the token holds the character U+000A"),
        ('token: " t"', "the token begins or ends with a blank"),
        ("token: t, proxy: 'http://:1'", "http://:1 is no address"),
        ("token: t, proxy: 'http://a:70000'", "http://a:70000 is no address"),
        ("token: t, ca_file: gateway.yaml", "goes with an https address"),
    ],
)
def test_what_a_request_could_not_carry_is_refused_by_check(
    configured: Callable[[str], Config], uplink: str, problem: str
) -> None:
    path = configured("http://127.0.0.1:1").path
    text = path.read_text(encoding="utf-8").replace("token: t", uplink)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert problem in str(caught.value)


def test_a_token_file_may_begin_with_a_byte_order_mark(
    configured: Callable[[str], Config], tmp_path: Path
) -> None:
    path = configured("http://127.0.0.1:1").path
    text = path.read_text(encoding="utf-8").replace("token: t", "token_file: token")
    path.write_text(text, encoding="utf-8")
    (tmp_path / "token").write_text("\ufeffsecret==\r\n", encoding="utf-8")
    assert load_config(path).token == "secret=="


def with_profiles(path: Path, folder: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = text.replace("profiles: [", f'profiles: ["{folder}", ')
    path.write_text(text, encoding="utf-8")


def test_a_broken_profile_file_that_no_device_uses_is_a_warning(
    configured: Callable[[str], Config], tmp_path: Path
) -> None:
    path = configured("http://127.0.0.1:1").path
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "unused.yaml").write_text("id: unused\nprotocol: [", encoding="utf-8")
    with_profiles(path, folder)
    config = load_config(path)
    assert set(config.devices) == {"d1", "d2"}
    assert all("unused.yaml" in warning for warning in config.warnings)
    assert config.warnings


def test_a_broken_profile_file_that_a_device_uses_is_a_fault(
    configured: Callable[[str], Config], tmp_path: Path
) -> None:
    path = configured("http://127.0.0.1:1").path
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.yaml").write_text("id: mine\nprotocol: mqtt\n", encoding="utf-8")
    with_profiles(path, folder)
    text = path.read_text(encoding="utf-8").replace(
        "id: d1, profile: campus-test-plug", "id: d1, profile: mine"
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "mine.yaml" in str(caught.value)
