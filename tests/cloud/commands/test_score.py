import json
from pathlib import Path

import pytest

from cloud.cli import main
from cloud.scoring.engine.csv_file import read_table
from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.evidence_bundle import bundle_text
from cloud.scoring.standard.standard import named, standard_file

TABLE = Path(__file__).parents[1] / "scoring" / "tables" / "hdi-2023.csv"


def test_any_table_is_scored_without_a_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.csv"
    arguments = ["score", "--standard", "undp-hdi", "--evidence", str(TABLE), "--out", str(out)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{out}: 50 scored, 1 not rated; undp-hdi@2025-05-06, inputs ")
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "id,score,coverage,health,education,income"
    assert lines[1].startswith("Australia,0.958")
    assert main(arguments[:-2]) == 0
    assert capsys.readouterr().out == out.read_text(encoding="utf-8")


def test_scores_are_there_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["score", "--standard", "undp-hdi", "--evidence", str(TABLE), "--json"]
    assert main(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["rated"], printed["unrated"], len(printed["scores"])) == (50, 1, 51)
    assert printed["scores"][0]["id"] == "Australia"
    assert main([*arguments, "--out", str(tmp_path / "scores.csv")]) == 0
    assert "scores" not in json.loads(capsys.readouterr().out)


def test_a_standard_may_be_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(standard_file("undp-hdi"))
    assert main(["score", "--standard", path, "--evidence", str(TABLE)]) == 0
    assert capsys.readouterr().out.startswith("id,score")


def test_a_bundle_is_verified_and_scored_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    standard, path = named("undp-hdi"), standard_file("undp-hdi")
    assert path
    scores = score_table(standard, read_table(TABLE, standard))
    bundle = tmp_path / "bundle.json"
    text = bundle_text(scores, path.read_text(encoding="utf-8"))
    bundle.write_text(text, encoding="utf-8")
    assert main(["score", "--bundle", str(bundle)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("id,score,coverage,health,education,income\nAustralia,0.958")
    assert "the digests are those of its contents, and 51 schools score again" in err
    bundle.write_text(text.replace("82.7", "92.7"), encoding="utf-8")
    assert main(["score", "--bundle", str(bundle)]) == 1
    assert "bundle.json: digests.evidence: is " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--evidence", "t.csv"], "--standard and --evidence belong together"),
        (["--bundle", "b.json", "--standard", "x"], "--standard and --evidence belong together"),
        (["--standard", "x"], "one of the arguments --evidence --bundle is required"),
    ],
)
def test_wrong_use_is_2(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["score", *arguments])
    assert left.value.code == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--standard", "none", "--evidence", str(TABLE)], "none: neither a file nor a standard"),
        (["--standard", "undp-hdi", "--evidence", "none.csv"], "none.csv: cannot be read"),
        (["--bundle", "none.json"], "none.json: cannot be read"),
        (
            ["--standard", "undp-hdi", "--evidence", str(TABLE), "--out", "no/such/folder.csv"],
            "no/such/folder.csv: cannot be written",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"campus-cloud: {problem}")
    assert error.count("\n") == 1


def test_a_bundle_that_is_no_text_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(b"\xff\xfe")
    assert main(["score", "--bundle", str(path)]) == 1
    assert capsys.readouterr().err == "campus-cloud: b.json: not UTF-8 text\n"
