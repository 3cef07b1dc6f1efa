from pathlib import Path
from string import Formatter

import pytest

from device_profiles.command_line.texts import SHARED, Texts, catalogue, language_of, languages
from tests._parts.tree import PACKAGES, ROOT

FOLDERS = sorted(
    path.parent.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("messages/en.yaml")
    if "node_modules" not in path.parts and path.parent != ROOT / "cloud" / "messages"
)
"""Every folder of texts for a command; the catalogue of the cloud's records has its own tests."""


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_text_with_the_same_values(folder: Path, language: str) -> None:
    english, other = catalogue(ROOT / folder, "en"), catalogue(ROOT / folder, language)
    assert english.keys() == other.keys()
    for key, template in english.items():
        assert other[key], key
        assert placeholders(template) == placeholders(other[key]), key


@pytest.mark.parametrize(
    ("arguments", "environ", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh"}, "zh"),
        ([], {"LANG": "de_DE.UTF-8"}, "en"),
        ([], {"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ([], {"LC_ALL": "", "LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        (["--lang", "en"], {"LANG": "zh_CN.UTF-8"}, "en"),
        (["check", "x", "--lang=zh"], {}, "zh"),
        (["--lang", "en", "--lang", "zh"], {}, "zh"),
        (["check", "--", "--lang=zh"], {}, "en"),
        (["--lang"], {}, "en"),
        (["--lang", "klingon"], {}, "en"),
    ],
)
def test_the_language_is_that_of_the_option_or_of_the_environment(
    arguments: list[str], environ: dict[str, str], language: str
) -> None:
    assert language_of(arguments, environ) == language


def test_a_number_takes_its_noun(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text("file:\n  one: '{number} file'\n  other: '{number} files'\n")
    text = Texts("en", tmp_path)
    assert [text.count("file", number) for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_a_catalogue_that_is_wrong_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text("a: on\n")
    with pytest.raises(ValueError, match=r"en\.yaml:1: bare on "):
        catalogue(tmp_path, "en")


def test_the_languages_are_the_files() -> None:
    assert set(languages()) == {path.stem for path in SHARED.glob("*.yaml")} >= {"en", "zh"}
