from datetime import date
from pathlib import Path

import pytest

from cloud.bulk.folder import city_folder
from cloud.errors import LoadError


def test_a_city_is_books_in_order_and_days(city: Path) -> None:
    folder = city_folder(city)
    kinds = list(dict.fromkeys(file.kind for file in folder.books))
    assert kinds[:2] == ["schools", "stage_sizes"]
    assert kinds.index("rooms") < kinds.index("assets") < kinds.index("timetable")
    for days in (folder.slots, folder.readings, folder.events):
        assert list(days) == [date(2026, 11, 19), date(2026, 11, 20)]
    (path,) = folder.slots[date(2026, 11, 19)]
    assert folder.name(path) == "slots/day=2026-11-19/part-000.parquet"


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        ([], "{}: city.json is missing, so the folder is not finished or not one of a city"),
        (["city.json"], "{}: holds no records, no slots, no readings and no events"),
        (["city.json", "books/01-desks/a.csv"], "{}/books/01-desks: no kind of import, expected a"),
        (["city.json", "slots/monday/a.parquet"], "{}/slots/monday: no day, expected day=YYYY-MM"),
        (["city.json", "slots/day=2026-13-01/a.parquet"], "{}/slots/day=2026-13-01: no day, exp"),
    ],
    ids=["unfinished", "empty", "kind", "word", "month"],
)
def test_what_is_no_city_is_one_sentence(tmp_path: Path, made: list[str], problem: str) -> None:
    for name in made:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    with pytest.raises(LoadError) as refused:
        city_folder(tmp_path)
    assert str(refused.value).startswith(problem.format(tmp_path))


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such folder; give one that `campus-sim city` wrote"):
        city_folder(tmp_path / "none")
