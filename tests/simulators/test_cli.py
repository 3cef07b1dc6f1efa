from pathlib import Path

import pytest

from simulators.cli import main


@pytest.mark.parametrize(
    "command",
    "demo school device plan history ledger broker audit city city-send".split(),  # noqa: SIM905  shorter
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"campus-sim {command}" in capsys.readouterr().out


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


@pytest.mark.parametrize("command", ["school", "history", "audit"])
def test_a_plan_that_is_not_there_is_one_sentence(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    more = [] if command == "school" else ["--token-file", str(token)]
    assert main([command, str(tmp_path / "none"), *more]) == 1
    said = capsys.readouterr().err
    assert "none" in said
    assert said.count("\n") == 1


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
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == ["schools", "slots", "books", "truth", out]
    assert said[-1] == f"{out}: 3 schools, 2026-11-20..2026-11-20"


@pytest.mark.parametrize(
    "wrong", [["--schools", "0"], ["--days", "999"], ["--seed", "-4"], ["--workers", "99"]]
)
def test_a_city_that_cannot_be_is_one_sentence(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["city", "--out", str(tmp_path / "c"), *wrong]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"campus-sim: got {wrong[1]} ")
    assert said.count("\n") == 1


def test_a_city_that_is_not_there_cannot_be_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["city-send", "--city", str(tmp_path)]) == 1
    assert "city.json: cannot be read; `campus-sim city" in capsys.readouterr().err
