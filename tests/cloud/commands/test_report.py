import json
from pathlib import Path

import pytest

from cloud.assessments.assessment import opened
from cloud.assessments.filed_selection import FiledSelection
from cloud.cli import main
from cloud.registry.store import Registry
from cloud.settings import Settings
from tests._parts.area_reports import chosen_by_score
from tests._parts.filed import evidence, filed, register
from tests._parts.many_schools import large_standard

SCHOOL, OTHER = "2133100000", "2133100001"


@pytest.fixture
def chosen(tmp_path: Path) -> FiledSelection:
    assessment = filed(12)
    registry = Registry.open(Settings(data=tmp_path).registry_url)
    register(registry, assessment, evidence(large_standard(24), 12, 1))
    opened_again = opened(assessment.row, assessment.evidence, assessment.integrity)
    selection = chosen_by_score(opened_again)
    registry.assessment_log.file_selection(selection.row)
    registry.close()
    return selection


def report(folder: Path, *arguments: str) -> int:
    return main(["report", "--data", str(folder), "--out", str(folder / "out"), *arguments])


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").iterdir())


def test_a_school_has_three_files(
    tmp_path: Path, chosen: FiledSelection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(tmp_path, "--school", SCHOOL, "--school", OTHER) == 0
    assert written(tmp_path) == [
        f"{school}.{form}" for school in (SCHOOL, OTHER) for form in ("bundle.json", "pdf", "xlsx")
    ]
    assert f"{SCHOOL}.pdf: " in capsys.readouterr().out
    bundle = tmp_path / "out" / f"{SCHOOL}.bundle.json"
    assert main(["score", "--bundle", str(bundle)]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith(SCHOOL)


def test_the_same_assessment_gives_the_same_files(tmp_path: Path, chosen: FiledSelection) -> None:
    assert report(tmp_path, "--city") == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert report(tmp_path, "--city") == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first


def test_a_city_and_a_county_have_a_notice(tmp_path: Path, chosen: FiledSelection) -> None:
    assert report(tmp_path, "--city") == 0
    assert report(tmp_path, "--county", "331002", "--selection", chosen.row.id) == 0
    forms = ("bundle.json", "notice.pdf", "notice.xlsx", "pdf", "xlsx")
    assert written(tmp_path) == [f"{who}.{form}" for who in ("331002", "city") for form in forms]


def test_the_files_are_listed_as_json(
    tmp_path: Path, chosen: FiledSelection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(tmp_path, "--county", "331002", "--forms", "json", "--json") == 0
    (file,) = json.loads(capsys.readouterr().out)
    assert Path(file["file"]).stat().st_size == file["bytes"]


def test_without_a_selection_there_is_no_notice(tmp_path: Path, chosen: FiledSelection) -> None:
    assert report(tmp_path, "--city", "--selection", "none", "--forms", "xlsx,json") == 0
    assert written(tmp_path) == ["city.bundle.json", "city.xlsx"]


def test_a_bundle_alone_needs_no_telemetry(tmp_path: Path, chosen: FiledSelection) -> None:
    assert report(tmp_path, "--school", SCHOOL, "--forms", "json") == 0
    assert not (tmp_path / "telemetry.duckdb").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--school", "2133999999"], "school 2133999999 is not in assessment"),
        (["--county", "330106"], "no county has the code '330106'"),
        (["--city", "--assessment", "nothing"], "no assessment has the id 'nothing'"),
        (["--city", "--selection", "nothing"], "no selection has the id 'nothing'"),
    ],
)
def test_what_does_not_exist_is_one_sentence(
    tmp_path: Path,
    chosen: FiledSelection,
    arguments: list[str],
    problem: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report(tmp_path, *arguments) == 1
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_selection_of_another_assessment_is_refused(
    tmp_path: Path, chosen: FiledSelection, capsys: pytest.CaptureFixture[str]
) -> None:
    other = filed(9)
    registry = Registry.open(Settings(data=tmp_path).registry_url)
    registry.assessment_log.file_assessment(other.row, other.evidence, other.integrity)
    registry.close()
    arguments = ["--city", "--assessment", other.row.id, "--selection", chosen.row.id]
    assert report(tmp_path, *arguments) == 1
    assert f"is one of assessment {chosen.row.assessment_id}, not of" in capsys.readouterr().err


def test_a_folder_without_a_registry_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(tmp_path / "none", "--city") == 1
    assert "holds no registry; give the folder of the cloud" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, chosen: FiledSelection, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("in the way")
    assert report(tmp_path, "--city", "--forms", "json") == 1
    assert "city.bundle.json: cannot be written: " in capsys.readouterr().err


def test_a_form_that_is_not_known_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        report(tmp_path, "--city", "--forms", "pdf,docx")
    assert left.value.code == 2
    assert "--forms: 'docx' is not known; use pdf, xlsx, json" in capsys.readouterr().err
