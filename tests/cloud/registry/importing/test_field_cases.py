"""Ledgers as they come: each test is named after a case reported from the field, or its kind."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from cloud.registry.importing.importer import import_file
from cloud.registry.rows import AssetRow
from cloud.registry.store import Registry
from tests._parts.ledger_files import (
    MORNING,
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


def one_asset(registry: Registry, **cells: Any) -> AssetRow:
    """Import one asset with these cells and return it."""
    report = imported(registry, workbook([row("X1", **cells)]))
    assert problems(report) == []
    return assets(registry)["X1"]


def refused(registry: Registry, **cells: Any) -> str:
    """Import one asset with a cell that is refused and return the reason."""
    report = imported(registry, workbook([row("X1", **cells)]))
    assert not report.applied
    [(number, column, problem)] = problems(report)
    assert (number, column) == (2, next(iter(cells)))
    return problem


# ---- silent damage ----


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (12, "000000", "000012"),
        (1234567, "000000", "1234567"),
        (12, '"ZC-"0000', "ZC-0012"),
        (20240012, "0000-0000", "2024-0012"),
        (7, '000"号"', "007号"),
        (7, "[Red]000;-000", "007"),
        (12, "[$-804]00000", "00012"),
        (12, "0", "12"),
        (1200, "#,##0", "1200"),
        (12, "0.00", "12"),
        (12, "@", "12"),
    ],
)
def test_i10_zeros_a_number_format_shows_are_kept(
    registry: Registry, value: int, number_format: str, expected: str
) -> None:
    def show(sheet: Worksheet) -> None:
        for column in ("B", "H"):
            sheet[f"{column}2"].number_format = number_format

    report = imported(registry, workbook([row(value, 标签值=value)], show))
    assert problems(report) == []
    assert [(a.asset_no, a.tag) for a in registry.assets(SCHOOL)] == [(expected, expected)]


@pytest.mark.parametrize("written", ["000012", '="000012"', "'000012", "\t000012"])
def test_i10_zeros_in_a_csv_are_kept(registry: Registry, written: str) -> None:
    quoted = '"' + written.replace('"', '""') + '"'
    text = f"学校标识码,资产编号,资产名称,使用状况\n{SCHOOL},{quoted},屏,在用\n"
    assert problems(csv(registry, text)) == []
    assert set(assets(registry)) == {"000012"}


def test_i6_a_tag_on_two_assets_is_refused_with_both_rows(registry: Registry) -> None:
    report = imported(registry, workbook([row("T1", 标签值="E200"), row("T2", 标签值="e２00")]))
    assert problems(report) == [
        (2, "标签值", 'tag "E200" is also on asset T2 in row 3; a tag is on one asset'),
        (3, "标签值", 'tag "e200" is also on asset T1 in row 2; a tag is on one asset'),
    ]
    assert assets(registry) == {}


def test_i6_a_tag_of_an_asset_in_the_ledger_is_refused(registry: Registry) -> None:
    assert imported(registry, workbook([row("T1", 标签值="E200")])).applied
    report = imported(registry, workbook([row("T2", 标签值="E200")]))
    assert problems(report) == [
        (2, "标签值", 'tag "E200" is also on asset T1; a tag is on one asset')
    ]


def test_i6_a_tag_of_a_scrapped_asset_may_be_used_again(registry: Registry) -> None:
    rows = [row("T1", 标签值="E200", 使用状况="报废"), row("T2", 标签值="E200")]
    assert imported(registry, workbook(rows)).applied


@pytest.mark.parametrize("other", ["U1\u200b", "Ｕ１", "U1\u00a0", "\ufeffU1", "U\u00ad1"])
def test_i3_spellings_of_one_number_are_one_asset(registry: Registry, other: str) -> None:
    report = imported(registry, workbook([row("U1"), row(other)]))
    assert (set(assets(registry)), notes(report)) == ({"U1"}, [("same_row", [3])])
    assert imported(registry, workbook([row(other, 资产名称="录播")])).updated == 1
    assert assets(registry)["U1"].name == "录播"


def test_i3_spellings_that_differ_elsewhere_are_refused(registry: Registry) -> None:
    report = imported(registry, workbook([row("A—1"), row("A－1", 原值=5)]))
    assert problems(report) == [(3, None, "repeats row 2; each may be here only once")]


def test_i3_a_number_that_was_filed_with_invisible_characters_is_found(
    registry: Registry,
) -> None:
    assert imported(registry, workbook([row("U1")])).applied
    with registry.engine.begin() as connection:
        connection.exec_driver_sql("update asset set asset_no = 'Ｕ１\u200b'")
    assert imported(registry, workbook([row("U1", 原值=5)])).updated == 1
    assert [asset.original_value_yuan for asset in registry.assets(SCHOOL)] == [5]


def test_i3_case_is_noted(registry: Registry) -> None:
    report = imported(registry, workbook([row("u1"), row("U1")]))
    assert (report.applied, set(assets(registry))) == (True, {"u1", "U1"})
    assert notes(report) == [("case", [2]), ("case", [3])]


def test_i9_a_bare_serial_has_the_epoch_of_its_workbook(registry: Registry) -> None:
    rows = [row("Y1", 取得日期=dt.date(2024, 9, 1)), row("Y2", 取得日期=44074)]
    for is_1904, expected in ((True, dt.date(2024, 9, 1)), (False, dt.date(2020, 8, 31))):
        report = imported(registry, workbook(rows, is_1904=is_1904))
        assert problems(report) == []
        assert assets(registry)["Y1"].acquired == dt.date(2024, 9, 1)
        assert assets(registry)["Y2"].acquired == expected


def test_i4_hidden_rows_columns_and_sheets_are_noted(registry: Registry) -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.row_dimensions[9].hidden = True
        sheet.column_dimensions["F"].hidden = True

    report = imported(registry, workbook([row("H1"), row("H2"), row("H3")], hide))
    assert report.applied
    assert notes(report) == [("hidden_row", [3]), ("hidden_column", [])]
    assert report.notes[1].column == "原值"

    def hide_sheet(sheet: Worksheet) -> None:
        sheet.sheet_state = "hidden"
        assert sheet.parent is not None
        sheet.parent.create_sheet("说明")

    report = imported(registry, workbook([row("H1")], hide_sheet))
    assert notes(report) == [("hidden_sheet", [])]


def test_x22_a_number_of_more_than_15_digits_is_refused(registry: Registry) -> None:
    assert one_asset(registry, 标签值="8939010102358478435").tag == "8939010102358478435"
    assert refused(registry, 标签值=1.9143e18).startswith("is a number of more than 15 digits")
    assert refused(registry, 标签值=1234567890123456).startswith("is a number of more than 15")
    assert refused(registry, 标签值="8.93901E+18").startswith("is a number of more than 15")


@pytest.mark.parametrize("written", ["12,50", "1,78", "17.800,00", "1,23,456"])
def test_a_comma_that_groups_nothing_is_not_dropped(registry: Registry, written: str) -> None:
    assert "the comma" in refused(registry, 原值=written)


def test_a_unit_in_the_heading_counts(registry: Registry) -> None:
    titles = [title.replace("原值", "原值（万元）") for title in TITLES]
    report = imported(
        registry, workbook([row("X1", 原值=1.78), row("X2", 原值="800元")], titles=titles)
    )
    assert notes(report) == [("unit", [])]
    values = {number: asset.original_value_yuan for number, asset in assets(registry).items()}
    assert values == {"X1": 17800, "X2": 800}
    titles = [title.replace("原值", "原值(美元)") for title in TITLES]
    [(number, column, problem)] = problems(imported(registry, workbook([row("X1")], titles=titles)))
    assert (number, column) == (1, "原值")
    assert "unit 美元" in problem


# ---- needless refusals ----


@pytest.mark.parametrize(
    "written",
    [
        "2024年9月1号", "2024年9月1日", "2024年09月01日 星期日", "45536", 45536, "2024.9.1",
        "20240901",
        20240901, "2024／9／1", "2024–09–01", "2024-9-1 10:30", "二〇二四年九月一日",
        "2024-08-31T16:00:00Z", MORNING, "2024年9月1日下午2:05",
    ],
)  # fmt: skip
def test_i1_dates(registry: Registry, written: Any) -> None:
    assert one_asset(registry, 取得日期=written).acquired == dt.date(2024, 9, 1)


@pytest.mark.parametrize("written", ["2024年9月", "2024-09", "2024.9", "202409", 202409])
def test_i1_a_month_offers_its_first_day(registry: Registry, written: Any) -> None:
    assert "write 2024-09-01 if" in refused(registry, 取得日期=written)


@pytest.mark.parametrize("written", ["24-9-1", "1/9/2024", "2024-13-01", "去年", 12])
def test_i1_no_date_is_guessed(registry: Registry, written: Any) -> None:
    assert refused(registry, 取得日期=written)


def test_i2_merged_identifiers_fill_down(registry: Registry) -> None:
    rows = [row("M1"), row("M2", 学校标识码=None, 存放地点=None), row("M3", 学校标识码=None)]

    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("A2:A9")
        sheet.merge_cells("E2:E3")

    report = imported(registry, workbook(rows, merge))
    assert problems(report) == []
    assert {asset.room for asset in assets(registry).values()} == {"101"}
    assert notes(report) == [("merged", [3, 4]), ("merged", [3])]


def test_i2_a_merged_amount_counts_once(registry: Registry) -> None:
    rows = [row("M1", 原值=900), row("M2", 原值=None)]
    report = imported(registry, workbook(rows, lambda sheet: sheet.merge_cells("F2:F3")))
    assert [asset.original_value_yuan for asset in assets(registry).values()] == [900, None]
    assert notes(report) == [("merged_amount", [3])]


def test_i2_a_header_of_two_rows_is_read(registry: Registry) -> None:
    below = [None, None, None, None, None, "原值", "取得日期", None, None]
    titles = [*TITLES[:5], "价值", None, *TITLES[7:]]

    def merge(sheet: Worksheet) -> None:
        for letter in "ABCDEHI":
            sheet.merge_cells(f"{letter}1:{letter}2")
        sheet.merge_cells("F1:G1")

    report = imported(registry, workbook([below, row("M1")], merge, titles))
    assert (problems(report), notes(report)) == ([], [])
    assert assets(registry)["M1"].original_value_yuan == 17800


@pytest.mark.parametrize(
    "filled", [{"数量": 1}, {"数量": 1, "使用状况": "在用"}, {"学校标识码": SCHOOL}]
)
def test_i5_rows_that_nothing_names_are_skipped_and_noted_once(
    registry: Registry, filled: dict[str, Any]
) -> None:
    tail = [[filled.get(title) for title in TITLES]] * 16
    report = imported(registry, workbook([row("B1"), row("B2"), *tail]))
    assert (report.applied, report.rows, report.skipped) == (True, 2, 16)
    assert notes(report) == [("row_without_key", list(range(4, 20)))]


def test_i5_an_asset_without_its_number_is_still_refused(registry: Registry) -> None:
    report = imported(registry, workbook([row("B1"), row(None)]))
    assert [(number, column) for number, column, _ in problems(report)] == [(3, "资产编号")]


@pytest.mark.parametrize(
    "total",
    [
        {"学校标识码": "合计", "原值": 35600},
        {"资产编号": "合 计：", "原值": 35600, "学校标识码": SCHOOL},
        {"资产名称": "本页小计", "原值": 35600},
        {"学校标识码": "总计：2台"},
        {"学校标识码": "TOTAL", "原值": 35600},
        {"学校标识码": SCHOOL, "资产名称": "累计", "数量": 2},
    ],
)
def test_i8_a_total_is_skipped_and_noted(registry: Registry, total: dict[str, Any]) -> None:
    report = imported(
        registry, workbook([row("S1"), row("S2"), [total.get(title) for title in TITLES]])
    )
    assert (problems(report), report.applied) == ([], True)
    assert notes(report) == [("total_row", [4])]
    assert set(assets(registry)) == {"S1", "S2"}


def test_i8_an_asset_that_is_called_total_is_kept(registry: Registry) -> None:
    assert one_asset(registry, 资产名称="合计").name == "合计"


def test_i8_remarks_and_a_repeated_header_are_skipped(registry: Registry) -> None:
    remark = ["制表人：陈老师", None, None, "审核人：王校长"]
    report = imported(registry, workbook([row("S1"), TITLES, row("S2"), remark, ["以下空白"]]))
    assert notes(report) == [("repeated_heading", [3]), ("remark_row", [5, 6])]
    assert set(assets(registry)) == {"S1", "S2"}


@pytest.mark.parametrize(
    "written", ["—", "无", "-", "/", "N/A", "暂无", "null", "——", "（无）", "不详"]
)
def test_i7_words_for_nothing_are_empty(registry: Registry, written: str) -> None:
    report = imported(
        registry, workbook([row("V1", 原值=written, 标签值=written, 取得日期=written)])
    )
    asset = assets(registry)["V1"]
    assert (asset.original_value_yuan, asset.tag, asset.acquired) == (None, None, None)
    assert notes(report) == [("read_as_empty", [2])] * 3


@pytest.mark.parametrize(
    "written",
    [
        "1.78万", "1.78 万元", "RMB 17800", "￥17,800.00", "17800元", "17,800 元整", "人民币17800",
        "１７８００", "CNY 17,800", "17 800", "17.8千", 17800, 17800.0,
    ],
)  # fmt: skip
def test_i7_money(registry: Registry, written: Any) -> None:
    assert one_asset(registry, 原值=written).original_value_yuan == 17800


@pytest.mark.parametrize("written", ["约17800", "$17800", "17800/台", "(17800)", "很多"])
def test_i7_no_amount_is_guessed(registry: Registry, written: str) -> None:
    assert refused(registry, 原值=written) == f'got "{written}", expected a number such as 1234.50'


def test_i7_an_amount_of_half_a_fen_is_rounded_up(registry: Registry) -> None:
    assert one_asset(registry, 原值=1.005).original_value_yuan == 1.01
    assert one_asset(registry, 原值="0.285").original_value_yuan == 0.29


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("使用中", "1"), ("正常", "1"), ("完好", "1"), ("损坏", "3"), ("已报废", "6"), ("01", "1"),
        ("闲置中", "2"), ("维修中", "3"), ("拟报废", "4"), ("遗失", "5"), ("已调拨", "7"),
        ("其它", "9"),
        (" 使用中 ", "1"), ("１", "1"), (1.0, "1"), ("Normal", "1"),
    ],
)  # fmt: skip
def test_i12_everyday_words_mean_codes(registry: Registry, written: Any, code: str) -> None:
    assert one_asset(registry, 使用状况=written).condition == code


def test_i12_what_a_word_was_read_as_is_noted(registry: Registry) -> None:
    report = imported(registry, workbook([row("W1", 使用状况="正常"), row("W2", 使用状况="正常")]))
    assert notes(report) == [("read_as", [2, 3])]
    assert report.notes[0].note == '"正常" is read as 在用'


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        ({"资产编号": "资产卡片编号", "使用状况": "使用状态"}, 2),
        ({"资产编号": "固定资产编号", "资产名称": "设备名称", "存放地点": "存放位置"}, 3),
        ({"资产编号": "Asset Tag", "资产名称": "Asset Name", "使用状况": "Status"}, 3),
        ({"原值": "资产原值（元）", "取得日期": "购置日期*", "标签值": "条 码"}, 3),
    ],
)
def test_i11_headings_of_other_systems(
    registry: Registry, titles: dict[str, str], expected: int
) -> None:
    content = workbook([row("Z1")], titles=[titles.get(title, title) for title in TITLES])
    report = imported(registry, content)
    assert (problems(report), report.ignored_columns) == ([], ())
    assert notes(report) == [("heading", [])] * expected
    assert assets(registry)["Z1"].room == "101"


def test_i11_the_usual_heading_outweighs_a_synonym(registry: Registry) -> None:
    titles = [*TITLES, "资产卡片编号", "序号"]
    report = imported(registry, workbook([[*row("Z1"), "K-1", 1]], titles=titles))
    assert (problems(report), set(assets(registry))) == ([], {"Z1"})
    assert report.ignored_columns == ("序号", "资产卡片编号")


@pytest.mark.parametrize(
    "written",
    [
        "１０１",
        "明德楼101",
        "明德楼 101",
        "明德楼-101室",
        "明德楼1楼101",
        "101教室",
        "一(1)班教室",
        "101.0",
        101.0,
    ],
)
def test_i13_and_i3_a_room_is_found(registry: Registry, written: Any) -> None:
    assert one_asset(registry, 存放地点=written).room == "101"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("厚德楼101", '"厚德楼101" is not a room of the school'),
        ("音乐室", '"音乐室" fits several rooms: 301, 302; write the number of one'),
        ("库房", '"库房" is not a room of the school'),
    ],
)
def test_i13_no_room_is_guessed(registry: Registry, written: str, reason: str) -> None:
    assert refused(registry, 存放地点=written).startswith(reason)


def test_i13_the_timetable_finds_rooms_too(registry: Registry) -> None:
    csv(registry, f"学校标识码,学期,开始日期,结束日期\n{SCHOOL},1,2026-09-01,2027-01-20\n", "terms")
    csv(registry, f"学校标识码,学期,节次,开始时间,结束时间\n{SCHOOL},1,1,8:00,8:40\n", "periods")
    head = "学校标识码,学期,星期,节次,房间编号,科目\n"
    report = csv(registry, f"{head}{SCHOOL},1,1,1,明德楼101,语文\n", "timetable")
    assert report.created == 1
    assert notes(report) == [("read_as", [2])]
    twice = f"{head}{SCHOOL},1,1,1,101,语文\n{SCHOOL},1,1,1,明德楼101,数学\n"
    assert problems(csv(registry, twice, "timetable")) == [
        (3, None, "repeats row 2; each may be here only once")
    ]


def test_i14_a_date_in_the_future_warns(registry: Registry) -> None:
    report = imported(registry, workbook([row("Q1", 取得日期="2031-01-01"), row("Q2")]))
    assert (report.applied, notes(report)) == (True, [("future", [2])])
    assert assets(registry)["Q1"].acquired == dt.date(2031, 1, 1)


def test_x23_serials_around_the_leap_day_that_never_was(registry: Registry) -> None:
    def show(sheet: Worksheet) -> None:
        for number, serial in ((2, 59), (3, 61)):
            sheet[f"G{number}"].value = serial
            sheet[f"G{number}"].number_format = "yyyy-mm-dd"

    assert imported(registry, workbook([row("E59"), row("E61")], show)).applied
    days = {number: asset.acquired for number, asset in assets(registry).items()}
    assert days == {"E59": dt.date(1900, 2, 28), "E61": dt.date(1900, 3, 1)}


def test_x24_gbk(registry: Registry) -> None:
    text = ",".join(TITLES) + "\n" + ",".join(str(cell or "") for cell in row("C-gbk")) + "\n"
    assert import_file(registry, "assets", text.encode("gb18030"), "l.csv").applied
    assert assets(registry)["C-gbk"].name == "交互智能平板"


# ---- sums that cannot be ----


@pytest.mark.parametrize(
    ("part", "whole"),
    [("rooms_with_wifi", "main_rooms"), ("实开分组实验个数", "应开分组实验个数")],
)
def test_a_part_of_more_than_its_whole_is_refused(
    registry: Registry, part: str, whole: str
) -> None:
    head = "学校标识码,申报项,数值,申报日期\n"
    both = f"{SCHOOL},{whole},10,2026-09-01\n{SCHOOL},{part},50,2026-09-01\n"
    [(number, column, problem)] = problems(csv(registry, head + both, "declarations"))
    assert (number, column) == (3, "数值")
    assert "is 50, more than" in problem
    assert csv(registry, f"{head}{SCHOOL},{whole},10,2026-09-01\n", "declarations").applied
    alone = csv(registry, f"{head}{SCHOOL},{part},50,2026-09-02\n", "declarations")
    assert [(number, column) for number, column, _ in problems(alone)] == [(2, "数值")]
    assert csv(registry, f"{head}{SCHOOL},{part},10,2026-09-02\n", "declarations").applied
    fewer = csv(registry, f"{head}{SCHOOL},{whole},9,2026-09-03\n", "declarations")
    assert [(number, column) for number, column, _ in problems(fewer)] == [(2, "数值")]


def test_more_than_there_can_be_is_refused(registry: Registry) -> None:
    head = "学校标识码,申报项,数值,申报日期\n"
    text = f"{head}{SCHOOL},chemical_controls_met,6,2026-09-01\n"
    assert problems(csv(registry, text, "declarations")) == [
        (2, "数值", "got 6, but there can be at most 5")
    ]


@pytest.mark.parametrize(
    "day", ["1986-05-04", "1988-04-10", "1988-04-17", "1990-09-16", "1991-09-15"]
)
def test_php_src_11215_a_purchase_in_years_of_summer_time_keeps_its_date(
    registry: Registry, day: str
) -> None:
    date = dt.date.fromisoformat(day)
    for written in (day, date, (date - dt.date(1899, 12, 30)).days, f"{day}T00:00:00"):
        report = imported(registry, workbook([row("X1", 取得日期=written)]))
        assert problems(report) == []
        assert assets(registry)["X1"].acquired == date
