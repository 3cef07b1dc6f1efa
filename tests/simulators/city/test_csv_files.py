"""The importer reads the books of a city: every kind, every column, without a problem."""

import csv
from pathlib import Path

import pytest

from cloud.registry.importing.columns import BY_KIND
from cloud.registry.importing.importer import import_file
from cloud.registry.store import Registry
from simulators.city import csv_files
from simulators.city.city import write_city
from simulators.city.csv_files import COLUMNS
from tests._parts.small_city import city_options


@pytest.mark.parametrize("kind", COLUMNS)
def test_headers_are_the_importers_english_titles(kind: str) -> None:
    assert set(COLUMNS[kind]) <= {column.english for column in BY_KIND[kind].columns}


def test_the_importer_takes_every_file_and_a_second_time_changes_nothing(city: Path) -> None:
    registry = Registry.open("sqlite://")
    for turn in range(2):
        for folder in sorted((city / "books").iterdir()):
            kind = folder.name.split("-", 1)[1]
            for path in sorted(folder.glob("*.csv")):
                report = import_file(registry, kind, path.read_bytes(), path.name)
                assert report.applied, (path.name, report.problems[:3])
                assert report.ignored_columns == ()
                assert (report.unchanged == report.rows) == bool(turn)
    registry.close()


def test_folders_stand_in_the_order_of_import(city: Path) -> None:
    names = [path.name for path in sorted((city / "books").iterdir())]
    assert names == [f"{number:02d}-{kind}" for number, kind in enumerate(COLUMNS, 1)]


def test_a_full_file_is_followed_by_another_with_whole_schools(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "MOST_ROWS", 500)
    write_city(city_options(tmp_path))
    whole = sorted((city / "books" / "04-assets").glob("*.csv"))
    cut = sorted((tmp_path / "books" / "04-assets").glob("*.csv"))
    assert len(cut) > len(whole)
    seen: dict[str, str] = {}
    rows = 0
    for path in cut:
        for row in list(csv.reader(path.read_text("utf-8").splitlines()))[1:]:
            assert seen.setdefault(row[0], path.name) == path.name
            rows += 1
    assert rows == sum(len(path.read_text("utf-8").splitlines()) - 1 for path in whole)
