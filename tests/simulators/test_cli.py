import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["demo", "--devices", "3"],
        ["demo", "--duration", "-1"],
        ["demo", "--port", "70000"],
        ["plan"],
        ["audit", "x", "--until", "soon"],
        ["city"],
        ["city", "--out", "x", "--end", "friday"],
        ["city-send"],
    ],
)
def test_wrong_use_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_plan_and_a_ledger_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(tmp_path / "p"), "--devices", "4", "--day", "2026-11-24"]) == 0
    assert {"school.yaml", "gateway.yaml", "workbook.xlsx"} == {
        path.name for path in (tmp_path / "p").iterdir()
    }
    assert main(["ledger", str(tmp_path / "books.xlsx"), "--day", "2026-11-24"]) == 0
    assert capsys.readouterr().out.endswith("assets\n")
    assert main(["plan", str(tmp_path / "q"), "--devices", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"folder": str(tmp_path / "q"), "devices": 4}


@pytest.mark.parametrize("command", ["school", "history", "audit"])
def test_a_plan_that_is_not_there_is_one_sentence(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    more = [] if command == "school" else ["--token-file", str(token)]
    assert main([command, str(tmp_path / "none"), *more]) == 1
    err = capsys.readouterr().err
    assert "none" in err
    assert err.count("\n") == 1


def test_a_token_that_is_not_there_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", str(tmp_path), "--token-file", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith(f"campus-sim: {tmp_path / 'none'}: cannot be read")


def test_a_city_is_written_and_every_step_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "c")
    wanted = ["--schools", "3", "--days", "1", "--end", "2026-11-20", "--workers", "1"]
    assert main(["city", *wanted, "--out", out]) == 0
    lines, progress = (text.splitlines() for text in capsys.readouterr())
    assert [line.split(":")[0] for line in lines] == ["schools", "slots", "records", "truth", out]
    assert lines[-1] == f"{out}: 3 schools, 2026-11-20..2026-11-20"
    assert progress[-1].startswith("schools: 100 % (3 of 3")
    assert main(["city", *wanted, "--out", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["schools"] == 3
    assert main(["city", *wanted, "--out", out, "--lang", "zh"]) == 0
    assert capsys.readouterr().out.endswith(f"{out}：3 所学校，2026-11-20 至 2026-11-20\n")


def test_a_terminal_shows_a_bar_and_whole_lines(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    wanted = ["--schools", "3", "--days", "1", "--end", "2026-11-20", "--workers", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "simulators.cli", "city", *wanted, "--out", str(tmp_path / "c")],
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
    ) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal ends whose other side is closed
            while part := os.read(ours, 65_536):
                shown += part
        os.close(ours)
    assert process.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    lines = [line.rpartition("\r")[2].rstrip() for line in plain.replace("\r\n", "\n").splitlines()]
    assert "schools ━" in plain
    assert "3/3" in plain
    assert [line for line in lines if line.startswith("truth: ")]
    assert lines[-1] == f"{tmp_path / 'c'}: 3 schools, 2026-11-20..2026-11-20"


@pytest.mark.parametrize(
    "wrong", [["--schools", "0"], ["--days", "999"], ["--seed", "-4"], ["--workers", "99"]]
)
def test_a_city_that_cannot_be_is_one_sentence(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["city", "--out", str(tmp_path / "c"), *wrong]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"campus-sim: got {wrong[1]} ")
    assert err.count("\n") == 1


def test_a_city_that_is_not_there_cannot_be_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["city-send", "--city", str(tmp_path)]) == 1
    assert "city.json: cannot be read; `campus-sim city" in capsys.readouterr().err
