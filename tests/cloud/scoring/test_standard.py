from datetime import date
from pathlib import Path

import pytest

from cloud.errors import StandardError
from cloud.scoring.indicator import all_indicators
from cloud.scoring.standard import STAGES, Band, Linear, editions, in_force, load_standard

WRONG = Path(__file__).parent / "wrong"


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_fault_of_a_wrong_file_is_told_in_a_sentence(path: Path) -> None:
    """The goldens are read by people: a changed sentence is a change on purpose."""
    with pytest.raises(StandardError) as told:
        load_standard(path)
    assert str(told.value) + "\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_what_is_shipped_loads_and_says_where_it_comes_from() -> None:
    for standard in editions():
        assert standard.note.zh
        for clause in standard.clauses:
            assert clause.source.title
            assert clause.indicator in all_indicators()


def test_a_file_is_filed_under_its_own_name(tmp_path: Path) -> None:
    shipped = next(Path("cloud/scoring/standards").glob("*/*.yaml"))
    wrong = tmp_path / shipped.parent.name / "2026-09-02.yaml"
    wrong.parent.mkdir()
    wrong.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(StandardError, match=r"2026-09-02.yaml:1: is .*@2026-09-01, but filed as"):
        editions(tmp_path)


def test_the_newest_edition_that_has_begun_is_in_force() -> None:
    (first,) = editions()
    later = first.model_copy(update={"effective": date(2027, 9, 1)})
    both = [later, first]
    assert in_force(both, first.id, date(2026, 8, 31)) is None
    assert in_force(both, first.id, date(2026, 9, 1)) == first
    assert in_force(both, first.id, date(2027, 9, 1)) == later
    assert in_force(both, "other", date(2027, 9, 1)) is None


@pytest.mark.parametrize(
    ("measured", "expected"), [(0, 0), (0.2, 0), (0.5, 0.5), (0.8, 1), (1.5, 1)]
)
def test_linear_runs_from_floor_to_target(measured: float, expected: float) -> None:
    linear = Linear(floor=0.2, target={"PRI": 0.8})
    assert linear.attainment(measured, "PRI") == pytest.approx(expected)
    assert linear.words("PRI") == "≥ 0.8"
    assert [linear.knows(stage) for stage in STAGES] == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("measured", "expected"),
    [(0, 0), (0.05, 0.5), (0.1, 1), (0.3, 1), (0.45, 0.5), (0.6, 0), (1, 0)],
)
def test_a_band_falls_off_on_both_sides(measured: float, expected: float) -> None:
    band = Band(low=0.1, high=0.3, high_ceiling=0.6)
    assert band.attainment(measured, "PRI") == pytest.approx(expected)


@pytest.mark.parametrize(("measured", "expected"), [(0.0, 0), (0.1, 1), (0.3, 1), (0.31, 0)])
def test_a_band_may_have_cliffs(measured: float, expected: float) -> None:
    band = Band(low_floor=0.1, low=0.1, high=0.3, high_ceiling=0.3)
    assert band.attainment(measured, "PRI") == expected
