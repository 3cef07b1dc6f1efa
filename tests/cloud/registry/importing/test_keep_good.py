"""Good rows alone: what `keep_good` imports, and the file of the others."""

import datetime as dt
import io
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from cloud.registry.store import Registry
from tests._parts.ledger_files import (
    SCHOOL,
    TITLES,
    assets,
    csv,
    imported,
    notes,
    problems,
    row,
    school_registry,
    workbook,
)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with school_registry() as opened:
        yield opened


def test_keep_good_imports_the_good_rows_and_returns_the_others(registry: Registry) -> None:
    def pad(sheet: Worksheet) -> None:
        sheet["B3"].number_format = "0000"
        sheet["C3"].data_type = "s"

    rows = [
        row("K1"),
        row(7, 原值="很多", 资产名称="=1+1屏"),
        row("K3", 存放地点="库房"),
        row("K4"),
    ]
    report = imported(registry, workbook(rows, pad), keep_good=True)
    assert (report.applied, report.rows, report.created, report.refused_rows) == (True, 2, 2, 2)
    assert set(assets(registry)) == {"K1", "K4"}
    assert [(number, column) for number, column, _ in problems(report)] == [
        (3, "原值"),
        (4, "存放地点"),
    ]
    assert report.refused_file is not None
    sheet = load_workbook(io.BytesIO(report.refused_file))["资产"]
    titles, first, second = sheet.iter_rows(values_only=True)
    assert titles[1:-1] == tuple(TITLES)
    assert (first[0], first[2], first[3], second[0]) == (3, "0007", "=1+1屏", 4)
    assert str(first[-1]).startswith("原值：填的是“很多”")
    assert sheet["D2"].data_type == "s"


def test_keep_good_the_returned_file_can_be_imported_once_it_is_corrected(
    registry: Registry,
) -> None:
    content = workbook([row("K1"), row("K2", 原值="很多", 取得日期=44074)], is_1904=True)
    rest = imported(registry, content, keep_good=True).refused_file
    assert rest is not None
    book = load_workbook(io.BytesIO(rest))
    book["资产"]["G2"].value = 900
    out = io.BytesIO()
    book.save(out)
    assert imported(registry, out.getvalue()).created == 1
    assert assets(registry)["K2"].original_value_yuan == 900
    assert assets(registry)["K2"].acquired == dt.date(2024, 9, 1)


def test_keep_good_refuses_what_needs_a_refused_row(registry: Registry) -> None:
    book = load_workbook(io.BytesIO(workbook([row("K1", 存放地点="501"), row("K2")])))
    rooms = book.create_sheet("房间")
    for cells in (["学校标识码", "房间编号", "面积"], [SCHOOL, "501", "很大"], [SCHOOL, "502", 40]):
        rooms.append(cells)
    out = io.BytesIO()
    book.save(out)
    report = imported(registry, out.getvalue(), keep_good=True)
    assert (report.applied, report.refused_rows, set(assets(registry))) == (True, 2, {"K2"})
    assert [(problem.sheet, problem.row) for problem in report.problems] == [
        ("房间", 2),
        ("资产", 2),
    ]


def test_keep_good_takes_nothing_back_for_a_row_that_was_left_out(registry: Registry) -> None:
    csv(registry, f"学校标识码,学期,开始日期,结束日期\n{SCHOOL},1,2026-09-01,2027-01-20\n", "terms")
    head = "学校标识码,学期,节次,开始时间,结束时间\n"
    csv(registry, f"{head}{SCHOOL},1,1,8:00,8:40\n{SCHOOL},1,2,9:00,9:40\n", "periods")
    report = csv(
        registry,
        f"{head}{SCHOOL},1,1,8:05,8:45\n{SCHOOL},1,2,九点,9:40\n",
        "periods",
        keep_good=True,
    )
    assert (report.applied, report.updated, report.removed) == (True, 1, 0)
    assert notes(report) == [("rest_kept", [])]
    assert [period.number for period in registry.periods(SCHOOL)] == [1, 2]


def test_keep_good_stores_nothing_where_no_row_or_no_header_is_good(registry: Registry) -> None:
    report = imported(registry, workbook([row("K1", 原值="很多")]), keep_good=True)
    assert (report.applied, report.refused_file, report.problems_total) == (False, None, 1)
    content = workbook([row("K1")], titles=["学校", *["x"] * 8])
    assert not imported(registry, content, keep_good=True).applied


def test_keep_good_of_a_dry_run_stores_nothing(registry: Registry) -> None:
    content = workbook([row("K1"), row("K2", 原值="很多")])
    report = imported(registry, content, keep_good=True, dry_run=True)
    assert (report.applied, report.created, report.refused_rows) == (False, 1, 1)
    assert assets(registry) == {}
