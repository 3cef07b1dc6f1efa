"""Every command line says what it does, and refuses wrong use in the same way."""

import importlib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests._parts.tree import ROOT, committed, text_of

SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]["scripts"]


def main_of(name: str) -> Callable[[list[str]], int]:
    module, _, function = SCRIPTS[name].partition(":")
    found: Callable[[list[str]], int] = getattr(importlib.import_module(module), function)
    return found


def said(
    name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main_of(name)(arguments)
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def commands(help_text: str) -> list[str]:
    return re.findall(r"^    ([a-z-]+)\b", help_text, re.MULTILINE)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_names_every_command_and_says_what_it_does(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(name, ["--help"], capsys)
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: {name} ")
    assert commands(out)
    for command in commands(out):
        code, own, err = said(name, [command, "--help"], capsys)
        assert (code, err) == (0, "")
        assert own.startswith(f"usage: {name} {command} ")


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"]], ids=str)
def test_wrong_use_is_2_and_said_on_stderr(
    name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(name, arguments, capsys)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"{name}: error: ")


def test_every_make_target_that_is_told_of_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(Path("Makefile")), re.MULTILINE))
    assert {"demo", "test", "check"} <= targets
    told = [
        (path, target)
        for path in committed()
        if path.suffix == ".md" or path.parts[0] == ".ci"
        for target in re.findall(r"`make ([a-z-]+)", text_of(path))
        + re.findall(r"^\s*make (?:--\S+ )*([a-z-]+)", text_of(path), re.MULTILINE)
    ]
    assert told
    assert not [f"{path}: make {target}" for path, target in told if target not in targets]


def test_every_target_is_declared_phony_or_a_file() -> None:
    makefile = text_of(Path("Makefile"))
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    assert phony == set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
