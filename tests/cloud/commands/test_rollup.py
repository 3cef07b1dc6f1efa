import json
from pathlib import Path

import pytest

from cloud.bulk.offline import open_offline
from cloud.cli import main
from tests._parts.slot_files import slot_rows, write_slots
from tests._parts.small_school import MONDAY, SCHOOL, fill, local


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of a cloud with one school."""
    store, registry = open_offline(tmp_path / "data", make=True)
    fill(registry)
    registry.close()
    store.close()
    return tmp_path / "data"


@pytest.fixture
def slots(tmp_path: Path) -> Path:
    """A morning of one display, long ago by today's clock or yet to come: only that is due."""
    rows = slot_rows(SCHOOL, "A-1", local("08:00"), local("09:30"), "active")
    return write_slots(tmp_path / "slots" / "a.parquet", rows)


def output(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["rollup", *arguments])
    return code, *capsys.readouterr()


def test_books_may_come_from_the_registry_or_from_files(
    data: Path, slots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    books = tmp_path / "books"
    assert output([f"--data={data}", f"--write-books={books}"], capsys)[:2] == (
        0,
        f"{books}: the records of 1 schools\n",
    )
    registry = [f"--data={data}", f"--slots={slots}", f"--out={tmp_path / 'one'}"]
    files_of = [f"--books={books}", f"--slots={slots.parent}", f"--out={tmp_path / 'two'}"]
    for arguments in (registry, files_of):
        code, out, err = output(arguments, capsys)
        assert code == 0, err
        assert " rows of usage_rollup, " in out
        assert err.splitlines()[-1].startswith("roll-up: 100 % (")
    files = [sorted(p.name for p in (tmp_path / n).rglob("*.parquet")) for n in ("one", "two")]
    assert files[0] == files[1] == [f"{MONDAY}.parquet"] * 2
    code, out, _ = output([*files_of[:-1], f"--out={tmp_path / 'three'}", "--json"], capsys)
    assert code == 0
    assert json.loads(out)["rows"].keys() == {"usage_rollup", "usage_days"}


def test_what_is_missing_is_one_sentence(
    data: Path, slots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = tmp_path / "none"
    assert output([f"--data={none}", f"--write-books={tmp_path / 'b'}"], capsys) == (
        1,
        "",
        f"campus-cloud: {none}: holds no registry; give the folder of the cloud\n",
    )
    full = tmp_path / "slots"
    _, _, err = output([f"--data={data}", f"--slots={slots}", f"--out={full}"], capsys)
    assert err == f"campus-cloud: {full}: is not empty; give --out a new folder\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--out=x"], "--out needs --slots"),
        (["--slots=x", "--out=y", "--conf=spark"], "--conf: 'spark' is not KEY=VALUE"),
        (["--slots=x", "--out=y", "--until=monday"], "'monday' is not a date; write YYYY-MM-DD"),
        (["--slots=x"], "one of the arguments --out --write-books is required"),
        (["--slots=x", "--out=y", "--data=a", "--books=b"], "not allowed with argument"),
    ],
)
def test_wrong_use_is_2(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["rollup", *arguments])
    assert left.value.code == 2
    assert problem in capsys.readouterr().err
