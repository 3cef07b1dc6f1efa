import json
import re
from pathlib import Path

import pytest

from cloud.cli import main
from cloud.registry.store import Registry
from tests._parts.cloud_app import cloud_app, small_settings
from tests._parts.filed import evidence, filed, gentle_standard, register, text_of
from tests._parts.small_school import MONDAY, furnish, local, send, slots

SPAN = ["--start", str(MONDAY), "--end", str(MONDAY)]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMPUS_CLOUD_DATABASE_URL", raising=False)


async def furnished(folder: Path) -> None:
    async with cloud_app(small_settings(folder)) as cloud:
        await furnish(cloud, local("18:00"))
        await send(cloud.services.store, slots("A-1", local("08:00"), local("08:40"), "active"))


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    await furnished(tmp_path)
    return tmp_path


def output(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """Run a command and return what it printed: the result, or the error."""
    assert main(list(arguments)) == code
    out, err = capsys.readouterr()
    if code == 0:
        assert all(" % (" in line for line in err.splitlines()), "progress and nothing else"
        return out
    return err


def test_an_assessment_is_made_offline_and_only_once(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = output(capsys, "assess", "--data", str(data), *SPAN).splitlines()
    assert re.fullmatch(
        rf"assessment [0-9a-f]{{16}}: taizhou-smart-management@\S+, {MONDAY} to {MONDAY}", first[0]
    )
    assert first[1].startswith("  1 schools: ")
    again = output(capsys, "assess", "--data", str(data), *SPAN).splitlines()
    assert again[0].startswith(first[0].split(":")[0])
    assert "(filed on 20" in again[0]
    assert again[1:] == first[1:]
    summary = json.loads(output(capsys, "assess", "--data", str(data), *SPAN, "--json"))
    assert first[0].startswith(f"assessment {summary['id']}: {summary['edition']}, ")
    assert (summary["schools"], summary["rated"] + summary["unrated"]) == (1, 1)
    registry = Registry.open(f"sqlite:///{data / 'registry.sqlite'}")
    assert len(registry.assessment_log.assessments()) == 1
    registry.close()


def test_a_standard_of_ones_own_is_taken_from_its_file(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text_of(gentle_standard()), encoding="utf-8")
    printed = output(capsys, "assess", "--data", str(data), *SPAN, "--standard", str(path))
    assert ": house@2026-09-01, " in printed


def test_a_selection_is_made_offline_and_only_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry.open(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    register(registry, filed(), evidence(gentle_standard(), 30, 1))
    registry.close()
    rules = tmp_path / "rules.yaml"
    rules.write_text("places: 4\n", encoding="utf-8")
    data = ["--data", str(tmp_path)]
    first = output(capsys, "select", *data, "--rules", str(rules), "--seed", "7")
    assert re.match(r"selection [0-9a-f]{16}: 4 of \d+ rated schools, 4 places, assessment ", first)
    again = output(capsys, "select", *data, "--places", "4", "--seed", "7")
    assert again.replace(" (filed before)", "") == first != again
    other = output(capsys, "select", *data, "--places", "5", "--seed", "7")
    assert "5 of " in other
    summary = json.loads(output(capsys, "select", *data, "--places", "5", "--json"))
    assert (summary["selected"], summary["places"], summary["is_new"]) == (5, 5, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["assess", *SPAN], "the folder of `campus-cloud serve` or `campus-cloud load`"),
        (["select"], "holds no registry; give the folder of the cloud"),
        (["select", "--rules", "no.yaml"], "no.yaml: cannot be read: No such file or directory"),
    ],
)
def test_a_wrong_folder_or_file_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    printed = output(capsys, *arguments, "--data", str(tmp_path), code=1)
    assert printed.startswith("campus-cloud: ")
    assert printed.endswith(f"{says}\n")
    assert printed.count("\n") == 1


def test_errors_are_in_the_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    err = output(capsys, "select", "--data", str(tmp_path), "--lang", "zh", code=1)
    assert err == f"campus-cloud: {tmp_path}：其中没有登记库；请给出云端的数据文件夹\n"
    err = output(capsys, "assess", "--data", str(tmp_path), *SPAN, "--lang", "zh", code=1)
    assert err.startswith(f"campus-cloud: {tmp_path}：其中没有云端数据")


def test_rules_that_are_no_yaml_name_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("- 50\n", encoding="utf-8")
    printed = output(capsys, "select", "--data", str(tmp_path), "--rules", str(path), code=1)
    assert printed == "campus-cloud: rules.yaml:1: got a list, expected keys and values\n"
    path.write_text("places: 50\nplaces: 60\n", encoding="utf-8")
    printed = output(capsys, "select", "--data", str(tmp_path), "--rules", str(path), code=1)
    assert printed.startswith("campus-cloud: rules.yaml:2: ")
