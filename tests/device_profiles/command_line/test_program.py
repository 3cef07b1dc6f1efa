import argparse
import importlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from device_profiles.command_line.extras import MissingExtra, require
from device_profiles.command_line.parser import Commands
from device_profiles.command_line.program import Program


class ToolError(Exception):
    """What the tool refuses to do."""


def sentence(error: Exception, language: str) -> str:
    return "坏了" if language == "zh" else str(error)


@pytest.fixture
def program_that(tmp_path: Path) -> Callable[[Callable[[], int]], Program]:
    for language in ("en", "zh"):
        (tmp_path / f"{language}.yaml").write_text("about: A tool.\ngo: {help: go}\n")

    def make(work: Callable[[], int]) -> Program:
        def run(_: argparse.Namespace) -> int:
            return work()

        def add(commands: Commands) -> None:
            commands.add("go", run)

        return Program(
            name="tool",
            messages=tmp_path,
            add=add,
            errors=(ToolError,),
            prefix="tool: ",
            extra="cloud",
            extras={"engine": "spark"},
            sentence=sentence,
        )

    return make


Make = Callable[[Callable[[], int]], Program]


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def test_an_expected_error_is_one_sentence(
    program_that: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    program = program_that(raising(ToolError("it broke")))
    assert program.main(["go"]) == 1
    assert program.main(["go", "--lang", "zh"]) == 1
    assert capsys.readouterr().err == "tool: it broke\ntool: 坏了\n"


def test_a_file_that_cannot_be_used_is_one_sentence(
    program_that: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none" / "x"
    program = program_that(lambda: len(path.read_bytes()))
    assert program.main(["go"]) == 1
    assert capsys.readouterr().err == f"tool: {path}: No such file or directory\n"


def test_an_interrupt_is_no_traceback(
    program_that: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program_that(raising(KeyboardInterrupt())).main(["go"]) == 1
    assert capsys.readouterr().err == "stopped\n"


def test_a_fault_of_the_program_is_not_hidden(program_that: Make) -> None:
    with pytest.raises(ZeroDivisionError):
        program_that(raising(ZeroDivisionError())).main(["go"])
    with pytest.raises(ModuleNotFoundError):
        program_that(lambda: bool(importlib.import_module("cloud.nothing"))).main(["go"])
    with pytest.raises(OSError, match="no file at all"):
        program_that(raising(OSError("no file at all"))).main(["go"])


@pytest.mark.parametrize(
    ("module", "extra"), [("no_such_library.part", "cloud"), ("engine", "spark")]
)
def test_a_library_that_is_missing_names_its_extra(
    module: str, extra: str, program_that: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    program = program_that(lambda: bool(importlib.import_module(module)))
    assert program.main(["go"]) == 1
    assert capsys.readouterr().err == (
        f"tool needs the extra '{extra}': install smart-campus[{extra}] "
        f"({module.split('.', maxsplit=1)[0]} is not installed)\n"
    )
    assert program.main(["go", "--lang=zh"]) == 1
    assert f"需要扩展 '{extra}'" in capsys.readouterr().err


def test_an_extra_that_is_needed_in_another_process_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, program_that: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    requirements = ["pydantic>=2", "pydantic>=2; extra == 'edge'", 'no-such-one; extra == "cloud"']
    monkeypatch.setattr(metadata, "requires", lambda _: requirements)
    require("edge")
    with pytest.raises(MissingExtra, match="no-such-one of the extra cloud is not installed"):
        require("edge", "cloud")

    def work() -> int:
        require("cloud")
        return 0

    assert program_that(work).main(["go"]) == 1
    assert "(no-such-one is not installed)" in capsys.readouterr().err


def test_the_extras_of_the_distribution_are_known() -> None:
    declared = set(metadata.metadata("smart-campus").get_all("Provides-Extra") or ())
    assert {"cloud", "edge", "edge-hci", "postgresql", "simulators", "spark"} <= declared
    require("cloud", "edge", "simulators")
