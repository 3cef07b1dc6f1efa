from datetime import date
from pathlib import Path

import pytest

from cloud.errors import StandardError
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.standard import editions, in_force, load_standard, named, standard_file

WRONG = Path(__file__).parents[1] / "wrong"


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_fault_of_a_wrong_file_is_one_sentence(path: Path) -> None:
    """The goldens are read by people: a changed sentence is a change on purpose."""
    with pytest.raises(StandardError) as raised:
        load_standard(path)
    assert str(raised.value) + "\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_what_is_shipped_loads_and_says_where_it_comes_from() -> None:
    for standard in editions():
        assert standard.note.zh
        for clause in standard.clauses:
            assert clause.source.title
            assert clause.indicator in all_indicators()


def test_a_file_is_filed_under_its_own_name(tmp_path: Path) -> None:
    shipped = Path("cloud/scoring/standards/taizhou-smart-management/2026-09-01.yaml")
    wrong = tmp_path / shipped.parent.name / "2026-09-02.yaml"
    wrong.parent.mkdir()
    wrong.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(StandardError, match=r"2026-09-02.yaml:1: is .*@2026-09-01, but filed as"):
        editions(tmp_path)


def test_the_newest_edition_that_has_begun_is_in_force() -> None:
    first = named("taizhou-smart-management@2026-09-01")
    later = first.model_copy(update={"effective": date(2027, 9, 1)})
    both = [later, first]
    assert in_force(both, first.id, date(2026, 8, 31)) is None
    assert in_force(both, first.id, date(2026, 9, 1)) == first
    assert in_force(both, first.id, date(2027, 9, 1)) == later
    assert in_force(both, "other", date(2027, 9, 1)) is None


def test_a_standard_is_named_by_file_id_or_edition() -> None:
    edition = "taizhou-smart-management@2026-09-01"
    path = standard_file(edition)
    assert path
    assert named(edition) == named(str(path)) == load_standard(path)
    newest = max(
        standard.effective for standard in editions() if standard.id == "taizhou-smart-management"
    )
    assert named("taizhou-smart-management").effective == newest
    assert standard_file("taizhou-smart-management@1999-01-01") is None
    assert standard_file("../standards") is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nonsense", r"nonsense: neither a file nor a standard that is shipped: .*undp-hdi"),
        ("nonsense.yaml", r"nonsense.yaml: cannot be read: No such file or directory"),
    ],
)
def test_an_unknown_standard_is_an_error(name: str, problem: str) -> None:
    with pytest.raises(StandardError, match=problem):
        named(name)
