"""The tutorial is run as it is written: its commands in one shell, its outputs compared."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests._parts.ports import free_port

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorials" / "first-reading.md"
FENCE = re.compile(r"^```(\w+)( setup)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PLAYED_S = 180
MARK = "-- end of block --"


def blocks() -> list[tuple[str, str]]:
    """Return the code blocks after the set-up, as language and text."""
    return [(lang, text) for lang, setup, text in FENCE.findall(TUTORIAL.read_text()) if not setup]


def expected(line: str) -> re.Pattern[str]:
    """Return what a line of output has to look like; … matches anything."""
    return re.compile(".*".join(re.escape(part) for part in line.split("…")))


def played(commands: list[str], folder: Path) -> list[str]:
    """Run the commands as a reader would, on free ports; return what each block printed."""
    script = "set -e\n" + "".join(f"{command}echo '{MARK}'\n" for command in commands)
    script = script.replace("1883", str(free_port())).replace("8090", str(free_port()))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (folder / "output").open("w") as output, (folder / "errors").open("w") as errors:
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        try:
            code = shell.wait(PLAYED_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    logs = [folder / "output", folder / "errors", *sorted(folder.glob("*.log"))]
    assert code == 0, "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in logs)
    return (folder / "output").read_text().split(MARK + "\n")[: len(commands)]


@pytest.mark.real
def test_every_command_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    for tool in ("bash", "curl"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    code_blocks = blocks()
    printed = played([text for lang, text in code_blocks if lang == "sh"], tmp_path)
    number = -1
    for lang, text in code_blocks:
        if lang == "sh":
            number += 1
        elif lang == "text":
            lines = printed[number].splitlines()
            for line in text.splitlines():
                assert any(expected(line).fullmatch(printed_line) for printed_line in lines), (
                    line,
                    lines,
                )


def test_the_tutorial_sets_up_with_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", TUTORIAL.read_text()))
    assert named
    assert named <= targets
