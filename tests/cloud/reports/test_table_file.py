"""A table as a file: every text stays text, and a spreadsheet reads the figures as figures."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook

from cloud.reports.table_file import DATE, MOMENT, SHARE, YUAN, Cell, Column, table_file

MADE = datetime(2026, 11, 24, 2, tzinfo=UTC)
COLUMNS = [
    Column("名称", 20),
    Column("使用率", 10, SHARE),
    Column("原值", 10, YUAN),
    Column("取得日期", 10, DATE),
    Column("最近数据", 10, MOMENT),
]
ROW: list[Cell] = ["屏", 0.625, 17800.5, date(2024, 9, 1), datetime(2026, 11, 24, 8, 5, tzinfo=UTC)]
FORMULAS = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", '=cmd|" /C calc"!A0']


def in_csv(rows: list[list[Cell]]) -> list[list[str]]:
    content = table_file("资产", COLUMNS, rows, "csv", MADE)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_csv_file_has_the_titles_and_plain_figures() -> None:
    assert in_csv([ROW, ["灯", None, None, None, None]]) == [
        ["名称", "使用率", "原值", "取得日期", "最近数据"],
        ["屏", "62.50%", "17800.5", "2024-09-01", "2026-11-24 08:05"],
        ["灯", "", "", "", ""],
    ]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_in_a_csv_file_is_never_read_as_a_formula(text: str) -> None:
    (_, (cell, *_)) = in_csv([[text, *ROW[1:]]])
    assert cell.startswith("'")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_in_an_excel_file_is_never_read_as_a_formula(text: str) -> None:
    book = load_workbook(io.BytesIO(table_file("资产", COLUMNS, [[text, *ROW[1:]]], "xlsx", MADE)))
    assert book.active is not None
    assert book.active["A2"].data_type == "s"


@pytest.mark.parametrize("text", ["A-1", "3年级(1)班", "1-2", "a=b", "'x"])
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    (_, (cell, *_)) = in_csv([[text, *ROW[1:]]])
    assert cell == text


def test_figures_in_an_excel_file_are_figures_and_moments_those_of_the_school() -> None:
    book = load_workbook(io.BytesIO(table_file("资产: a/b", COLUMNS, [ROW], "xlsx", MADE)))
    sheet = book.active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]] == [
        "屏", 0.625, 17800.5, datetime(2024, 9, 1), datetime(2026, 11, 24, 8, 5),  # noqa: DTZ001
    ]  # fmt: skip
    assert [cell.number_format for cell in sheet[2]][1:] == [SHARE, YUAN, DATE, MOMENT]
