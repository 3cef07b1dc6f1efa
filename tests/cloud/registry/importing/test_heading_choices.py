"""Headings that nothing here knows, taken for a column by a person: once, and from then on."""

from collections.abc import Iterator

import pytest

from cloud.registry.importing.importer import Report
from cloud.registry.store import Registry
from tests._parts.ledger_files import SCHOOL, csv, school_registry

STRANGE = f"学校标识码,登记簿甲栏,资产名称,使用状况,数量\n{SCHOOL},A-1,投影机,在用,1\n"
CHOICE = {"assets": {"登记簿甲栏": "asset_no"}}


@pytest.fixture
def registry() -> Iterator[Registry]:
    with school_registry() as opened:
        yield opened


def uses(report: Report) -> list[tuple[str, str | None, bool]]:
    return [(use.heading, use.column, use.is_remembered) for use in report.headings]


def notes(report: Report) -> list[str]:
    return [note.text.key for note in report.notes]


def test_an_unknown_heading_is_offered_the_columns_that_the_sheet_lacks(registry: Registry) -> None:
    report = csv(registry, STRANGE)
    assert not report.applied
    assert uses(report) == [("登记簿甲栏", None, False)]
    free = {column.key for column in report.headings[0].free}
    assert "asset_no" in free
    assert "name" not in free


def test_a_chosen_column_is_read_and_remembered_for_the_next_file(registry: Registry) -> None:
    assert csv(registry, STRANGE, headings=CHOICE).applied
    # The same heading with the marks and blanks that people add.
    report = csv(registry, STRANGE.replace("登记簿甲栏", "登记簿 甲栏*").replace("A-1", "A-2"))
    assert (report.applied, report.created) == (True, 1)
    assert uses(report) == [("登记簿 甲栏*", "asset_no", True)]
    assert "import.note.heading_remembered" in notes(report)
    assert {asset.asset_no for asset in registry.assets(SCHOOL)} == {"A-1", "A-2"}


def test_a_file_that_is_only_checked_or_refused_leaves_nothing(registry: Registry) -> None:
    checked = csv(registry, STRANGE, headings=CHOICE, dry_run=True)
    assert uses(checked) == [("登记簿甲栏", "asset_no", False)]
    assert "import.note.heading_chosen" in notes(checked)
    assert not csv(registry, STRANGE.replace("在用", "??"), headings=CHOICE).applied
    assert uses(csv(registry, STRANGE)) == [("登记簿甲栏", None, False)]


def test_a_choice_is_taken_back_with_the_file_it_is_cleared_for(registry: Registry) -> None:
    assert csv(registry, STRANGE, headings=CHOICE).applied
    text = STRANGE.replace("登记簿甲栏", "资产编号,登记簿甲栏").replace("A-1", "A-1,x")
    cleared = csv(registry, text, headings={"assets": {"登记簿甲栏": None}})
    assert cleared.applied
    assert uses(cleared) == [("登记簿甲栏", None, False)]
    assert uses(csv(registry, STRANGE)) == [("登记簿甲栏", None, False)]


def test_a_choice_made_for_a_school_holds_for_its_files_only(registry: Registry) -> None:
    assert csv(registry, STRANGE, headings=CHOICE, school=SCHOOL).applied
    assert uses(csv(registry, STRANGE, school=SCHOOL)) == [("登记簿甲栏", "asset_no", True)]
    assert uses(csv(registry, STRANGE)) == [("登记簿甲栏", None, False)]


def test_a_heading_like_a_column_can_be_chosen_to_mean_nothing(registry: Registry) -> None:
    text = STRANGE.replace("登记簿甲栏", "资产编号").replace("数量", "数量,存放地点x")
    text = text.replace(",1\n", ",1,B\n")
    assert not csv(registry, text).applied
    ignored = {"assets": {"存放地点x": ""}}
    assert csv(registry, text, headings=ignored).applied
    report = csv(registry, text)
    assert report.applied
    assert uses(report) == [("存放地点x", "", True)]


def test_what_a_person_chose_goes_before_what_is_known(registry: Registry) -> None:
    text = f"学校标识码,资产编号,新编号,资产名称,使用状况,数量\n{SCHOOL},OLD-1,N-1,投影机,在用,1\n"
    assert csv(registry, text, headings={"assets": {"新编号": "asset_no"}}).applied
    assert [asset.asset_no for asset in registry.assets(SCHOOL)] == ["N-1"]


def test_two_headings_chosen_for_one_column_are_a_problem(registry: Registry) -> None:
    text = STRANGE.replace("数量", "乙栏").replace(",1\n", ",A-9\n")
    both = {"assets": {"登记簿甲栏": "asset_no", "乙栏": "asset_no"}}
    report = csv(registry, text, headings=both)
    assert "import.header.twice" in [problem.text.key for problem in report.problems]
