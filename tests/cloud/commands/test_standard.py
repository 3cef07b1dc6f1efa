import json
import subprocess
import sys
from pathlib import Path

import pytest

from cloud.cli import main
from cloud.scoring.standard.json_schema import standard_schema
from cloud.scoring.standard.standard import editions, standard_file

WRONG = Path(__file__).parents[1] / "scoring" / "wrong"
BALANCE = standard_file("national-balance") or Path()


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["standard", *arguments]) == code
    return capsys.readouterr().out


def test_every_edition_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "list").splitlines()
    assert [line.split("  ")[0] for line in lines] == [standard.edition for standard in editions()]
    assert all(line.endswith(" clauses)") for line in lines)


@pytest.mark.parametrize("edition", [standard.edition for standard in editions()])
def test_every_clause_is_shown_with_its_source_and_its_flag(
    edition: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (standard,) = [s for s in editions() if s.edition == edition]
    shown = printed(capsys, "show", edition)
    assert shown.startswith(f"{edition}  {standard.title.zh} · {standard.title.en}\n")
    for clause in standard.clauses:
        assert f"  {clause.id}  {clause.title.zh} · {clause.title.en}\n" in shown
        assert f"[{clause.source.confidence}]\n" in shown


def test_rules_and_limits_are_shown_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "show", "national-balance")
    assert "at least 6 of qualified-teachers, key-teachers" in shown
    assert "attain 1, the others 0.85" in shown
    assert "by division: PRI ≤ 0.5, JUN ≤ 0.45" in shown
    assert "MEMORY (high) for the 85 %" in shown
    assert "pass mark 85)" in printed(capsys, "show", "nanjing-smart-campus-equipment")


def test_files_are_checked_with_every_fault_and_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert printed(capsys, "check", str(BALANCE)) == (
        f"{BALANCE}: national-balance@2017-04-19: 1 dimensions, 7 clauses\n"
    )
    wrong = WRONG / "floor-above-target.yaml"
    assert main(["standard", "check", str(BALANCE), str(wrong)]) == 1
    out, err = capsys.readouterr()
    assert err == wrong.with_suffix(".txt").read_text(encoding="utf-8")
    assert out.count("\n") == 1


def test_editions_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = printed(capsys, "diff", "undp-hdi", "undp-hdi@2025-05-06")
    assert same == "undp-hdi@2025-05-06 and undp-hdi@2025-05-06 are the same\n"
    later = tmp_path / "later.yaml"
    text = BALANCE.read_text(encoding="utf-8")
    later.write_text(text.replace("PRI: 2000,", "PRI: 2200,"), encoding="utf-8")
    assert printed(capsys, "diff", "national-balance", str(later)) == (
        "~ clauses.equipment-value.linear.target.PRI: 2000 → 2200\n"
    )


def test_listed_shown_and_checked_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(printed(capsys, "list", "--json"))
    assert [standard["edition"] for standard in listed] == [s.edition for s in editions()]
    shown = json.loads(printed(capsys, "show", "national-balance", "--json"))
    assert (shown["id"], len(shown["clauses"])) == ("national-balance", 7)
    wrong = WRONG / "floor-above-target.yaml"
    checked = json.loads(printed(capsys, "check", str(BALANCE), str(wrong), "--json", code=1))
    assert [bool(result["errors"]) for result in checked] == [False, True]
    same = json.loads(printed(capsys, "diff", "undp-hdi", "undp-hdi", "--json"))
    assert same["differences"] == []


def test_sizes_are_in_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "list", "--lang", "zh").splitlines()
    assert all(line.endswith(" 个条款)") for line in lines)


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, "schema")) == standard_schema()


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    command = f"{Path(sys.executable).with_name('campus-cloud')} standard schema | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_caps_and_grades_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = BALANCE.read_text(encoding="utf-8").split("\nrules:")[0]
    more = "declared_cap: 0.8\ngrades: {A: 90}\npass_mark: 60\nmin_coverage: 1.0\n"
    rule = "\nrules:\n  - {id: one, title: {zh: 一, en: one}, of: [key-teachers], at_least: 1}\n"
    path = tmp_path / "capped.yaml"
    path.write_text(text.replace("min_coverage: 1.0\n", more) + rule, encoding="utf-8")
    shown = printed(capsys, "show", str(path))
    assert "declared evidence at most 80% until confirmed, pass mark 60, A from 90\n" in shown
    assert shown.endswith("at least 1 of key-teachers attain 1, the others 0\n")
