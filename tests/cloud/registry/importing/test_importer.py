import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from cloud.errors import Unprocessable
from cloud.registry.codes.statistics import ASSET_CONDITIONS
from cloud.registry.importing.importer import Report, import_file
from cloud.registry.importing.template import template
from cloud.registry.store import Registry

SCHOOL = "2133100001"
SHEETS: dict[str, list[list[Any]]] = {
    "学校": [
        ["学校标识码", "学校名称", "区划代码", "办学类型码", "班级数"],
        [SCHOOL, "台州市实验小学", 331002.0, "小学", "18"],
    ],
    "房间": [
        ["学校标识码", "楼栋", "楼层", "房间编号", "房间用途"],
        [SCHOOL, "A楼", "1F", "101", "教室"],
        [SCHOOL, "A楼", 1, 102, "111"],
    ],
    "资产": [
        [
            "学校标识码",
            "资产编号",
            "资产名称",
            "设备类别",
            "使用状况",
            "存放地点",
            "取得日期",
            "原值",
        ],
        [SCHOOL, "A-1", "大屏", "display", "在用", "101", dt.date(2024, 9, 1), "12,000.50"],
        [SCHOOL, "A-2", "录播", "录播设备", 1, 102, "2024年9月1日", 800],
    ],
    "学期": [
        ["学校标识码", "学期", "开始日期", "结束日期"],
        [SCHOOL, "2026-1", "2026-09-01", "2027/1/20"],
    ],
    "节次": [
        ["学校标识码", "学期", "节次", "名称", "开始时间", "结束时间"],
        [SCHOOL, "2026-1", 1, None, dt.time(8), "08:40"],
        [SCHOOL, "2026-1", 2, "第二节", "8:50", "9:30"],
    ],
    "课表": [
        ["学校标识码", "学期", "星期", "节次", "房间编号", "班级", "科目"],
        [SCHOOL, "2026-1", "周一", 1, "101", "一(1)班", "语文"],
        [SCHOOL, "2026-1", 1, 2, "101", "一(1)班", "数学"],
    ],
    "节假日": [
        ["学校标识码", "日期", "名称", "类型", "补星期"],
        [None, "2026-10-01", "国庆", "放假", None],
        [SCHOOL, "2026-10-10", None, "补课", 1],
    ],
}


def xlsx(sheets: dict[str, list[list[Any]]]) -> bytes:
    book = Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    opened = Registry.open(registry_url)
    yield opened
    opened.close()


@pytest.fixture
def filled(registry: Registry) -> Registry:
    assert import_file(registry, "workbook", xlsx(SHEETS), "ledger.xlsx").applied
    return registry


def problem_lines(report: Report) -> list[str]:
    return [
        f"{problem.sheet} {problem.row} {problem.column}: {problem.problem}"
        for problem in report.problems
    ]


def csv(registry: Registry, kind: str, text: str) -> Report:
    return import_file(registry, kind, text.encode(), "file.csv")


def test_a_workbook_fills_the_records_and_again_changes_nothing(registry: Registry) -> None:
    changes: list[tuple[str, frozenset[str]]] = []
    registry.on_change(lambda kind, schools: changes.append((kind, schools)))
    first = import_file(registry, "workbook", xlsx(SHEETS), "ledger.xlsx")
    assert problem_lines(first) == []
    assert (first.rows, first.created, first.applied) == (12, 12, True)
    again = import_file(registry, "workbook", xlsx(SHEETS), "ledger.xlsx")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 12)
    assert changes == [("workbook", frozenset({SCHOOL}))]
    asset = registry.assets(SCHOOL)[0]
    assert (asset.room, asset.original_value_yuan) == ("101", 12000.5)
    assert asset.acquired == dt.date(2024, 9, 1)
    days = registry.last_school_days(SCHOOL, dt.date(2026, 10, 10), 2)
    assert days == [dt.date(2026, 10, 9), dt.date(2026, 10, 10)]
    assert len(registry.lessons(SCHOOL, days[1], days[1])) == 2
    assert len(registry.calendar(SCHOOL, days[0], days[1])) == 4
    assert set(registry.assets_by_device(SCHOOL, days[0])) == {"A-1", "A-2"}


def test_a_dry_run_stores_nothing_and_says_what_would_be(registry: Registry) -> None:
    report = import_file(registry, "workbook", xlsx(SHEETS), "ledger.xlsx", dry_run=True)
    assert (report.created, report.applied) == (12, False)
    assert registry.schools() == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_is_read_in_every_encoding_and_delimiter(
    registry: Registry, encoding: str, delimiter: str
) -> None:
    text = "\n".join(delimiter.join(str(cell) for cell in row) for row in SHEETS["学校"])
    report = import_file(registry, "schools", text.encode(encoding), "s.csv")
    assert problem_lines(report) == []
    assert registry.schools()[0].name == "台州市实验小学"


def test_a_column_left_out_leaves_what_is_stored_and_an_empty_cell_clears(
    filled: Registry,
) -> None:
    report = csv(filled, "assets", f"school,asset_no,custodian,备注\n{SCHOOL},A-1,王老师,x\n")
    assert (report.updated, report.ignored_columns) == (1, ("备注",))
    report = csv(filled, "assets", f"学校标识码,资产编号,原值\n{SCHOOL},A-1,\n")
    asset = filled.assets(SCHOOL)[0]
    assert (asset.name, asset.custodian, asset.original_value_yuan) == ("大屏", "王老师", None)
    assert len(filled.assets(SCHOOL)) == 2


def test_the_school_of_the_request_fills_in(filled: Registry) -> None:
    content = "房间编号\n201\n".encode()
    assert import_file(filled, "rooms", content, "r.csv", school=SCHOOL).created == 1
    other = import_file(filled, "rooms", xlsx({"r": SHEETS["房间"]}), "r.xlsx", school="2133100002")
    assert problem_lines(other)[0] == (
        "r 2 学校标识码: is 2133100001, but this import is for school 2133100002"
    )


def test_a_timetable_replaces_that_of_its_term(filled: Registry) -> None:
    text = f"学校标识码,学期,星期,节次,房间编号,科目\n{SCHOOL},2026-1,1,1,102,语文\n"
    report = csv(filled, "timetable", text)
    assert (report.created, report.removed) == (1, 2)
    assert [row.room for row in filled.timetable(SCHOOL)] == ["102"]


def test_a_cancelled_day_is_taken_back(filled: Registry) -> None:
    report = csv(filled, "holidays", "日期,类型\n2026-10-01,取消\n")
    assert report.removed == 1
    assert [row.day for row in filled.holidays(SCHOOL)] == [dt.date(2026, 10, 10)]


def test_stated_bindings_outweigh_the_ledger(filled: Registry) -> None:
    head = "学校标识码,资产编号,设备号,启用日期,停用日期\n"
    text = f"{head}{SCHOOL},A-1,plug-1,,2026-10-31\n{SCHOOL},A-1,plug-2,2026-11-01,\n"
    report = csv(filled, "bindings", text)
    assert (report.created, report.removed) == (2, 1)
    assert "plug-1" in filled.assets_by_device(SCHOOL, dt.date(2026, 10, 31))
    assert set(filled.assets_by_device(SCHOOL, dt.date(2026, 11, 1))) == {"plug-2", "A-2"}
    assert import_file(filled, "assets", xlsx({"资产": SHEETS["资产"]}), "a.xlsx").unchanged == 2
    assert len(filled.bindings(SCHOOL)) == 3


WRONG = {
    "unknown column": (
        "assets",
        "学校标识码,资产编号,资产名字\n2133100001,A-9,屏\n",
        ["资产 1 资产名字: is not a column of 资产; did you mean 资产名称?"],
    ),
    "no header": (
        "terms",
        "1,2,3\n",
        [
            (
                "学期 1 None: no header row found; expected the columns "
                "学校标识码, 学期, 开始日期, 结束日期"
            )
        ],
    ),
    "key column missing": (
        "assets",
        "学校标识码,资产名称\n2133100001,屏\n",
        ["资产 1 资产编号: this column is missing, but it names the row"],
    ),
    "wrong cells": (
        "assets",
        (
            "学校标识码,资产编号,资产名称,使用状况,取得日期,原值,存放地点\n"
            "2133100001,A-7,屏,在用中,2024-02-30,很多,101\n"
            "2133100001,A-8,屏,1,,,1O1\n"
            "2133100001,A-9,屏,,,,\n"
        ),
        [
            '资产 2 取得日期: "2024-02-30" is not a day of the calendar',
            (
                '资产 2 使用状况: got "在用中", expected a code or name of '
                f'{ASSET_CONDITIONS.title_zh}; did you mean 1 "在用"?'
            ),
            '资产 2 原值: got "很多", expected a number such as 1234.50',
            '资产 3 存放地点: "1O1" is not a room of the school (did you mean 101?)',
            "资产 4 使用状况: is empty; it must be filled in",
        ],
    ),
    "ambiguous classification": (
        "assets",
        "学校标识码,资产编号,资产名称,使用状况,分类代码\n2133100001,A-9,本,1,A02010105\n",
        [
            (
                '资产 2 分类代码: "A02010105" means different things in different lists; '
                "name the list in 分类代码版本: GB/T 14885-2022 or 政府采购品目分类目录"
            )
        ],
    ),
    "twice in the file": (
        "rooms",
        "学校标识码,房间编号,楼层\n2133100001,301,3\n2133100001,301,4\n",
        ["房间 3 None: repeats row 2; each may be here only once"],
    ),
    "unknown school": (
        "rooms",
        "学校标识码,房间编号\n2133100002,301\n",
        [
            (
                "房间 2 学校标识码: school 2133100002 is not registered "
                "(did you mean 2133100001?); import 学校 first"
            )
        ],
    ),
    "device of another asset": (
        "assets",
        "学校标识码,资产编号,设备号\n2133100001,A-1,A-2\n",
        [
            (
                '资产 2 设备号: device "A-2" already belongs to asset A-2; one device is one asset '
                "at a time (state the days in 绑定 if it moved)"
            )
        ],
    ),
    "terms overlap": (
        "terms",
        "学校标识码,学期,开始日期,结束日期\n2133100001,2026-2,2027-01-01,2027-06-30\n",
        [
            (
                "学期 2 开始日期: term 2026-2 begins on 2027-01-01, "
                "but term 2026-1 ends on 2027-01-20; terms may not overlap"
            )
        ],
    ),
    "unknown period": (
        "timetable",
        "学校标识码,学期,星期,节次,房间编号\n2133100001,2026-1,1,9,101\n",
        ["课表 2 节次: term 2026-1 has no period 9; it has 1, 2"],
    ),
    "make-up day without weekday": (
        "holidays",
        "日期,类型\n2026-10-11,补课\n",
        [
            (
                "节假日 2 补星期: is empty, but a 补课 day "
                "needs the weekday (1-7) whose lessons are given"
            )
        ],
    ),
    "placeholder division, wrong category": (
        "schools",
        (
            "学校标识码,学校名称,区划代码,办学类型码\n"
            "2133100003,x,331001,211\n3133100003,y,331002,211\n"
        ),
        [
            (
                '学校 2 区划代码: "331001" (市辖区) is a placeholder and no place; '
                "expected the county, e.g. 331002 椒江区"
            ),
            (
                "学校 3 办学类型码: type 211 小学 does not fit school code 3133100003: "
                "the code begins with 31, expected 21"
            ),
        ],
    ),
    "no rows": ("rooms", "学校标识码,房间编号\n", ["房间 1 None: there are no rows to import"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_whole_in_clear_words(filled: Registry, case: str) -> None:
    kind, text, expected = WRONG[case]
    report = csv(filled, kind, text)
    assert sorted(problem_lines(report)) == sorted(expected)
    assert not report.applied
    assert len(filled.assets(SCHOOL)) == 2
    assert len(filled.rooms(SCHOOL)) == 2


def test_an_unknown_sheet_is_named(registry: Registry) -> None:
    report = import_file(registry, "workbook", xlsx({"资产表": [["a"], ["b"]]}), "w.xlsx")
    assert problem_lines(report) == [
        (
            "资产表 1 None: no such sheet is known, "
            "expected 学校, 房间, 资产, 绑定, 学期, 节次, 课表, "
            "节假日, 学段规模, 申报, 报修, 盘点, 处置, 危化品; did you mean 资产?"
        )
    ]


def test_a_title_above_the_header_and_blank_rows_do_no_harm(registry: Registry) -> None:
    rows = [["全市学校一览"], [], ["学校标识码*", *SHEETS["学校"][0][1:]], [], SHEETS["学校"][1]]
    assert import_file(registry, "schools", xlsx({"任意": rows}), "s.xlsx").created == 1


def test_a_formula_that_was_never_calculated_is_named(filled: Registry) -> None:
    rows = [["学校标识码", "资产编号", "原值"], [SCHOOL, "A-1", "=1+1"]]
    report = import_file(filled, "assets", xlsx({"资产": rows}), "a.xlsx")
    assert problem_lines(report) == [
        (
            "资产 2 原值: holds a formula that was never calculated; "
            "open the file in Excel or WPS and save it"
        )
    ]


def test_problems_are_all_counted_and_the_first_shown(filled: Registry) -> None:
    text = "学校标识码,房间编号\n" + "x,1\n" * 1000
    report = csv(filled, "rooms", text)
    assert (report.problems_total, len(report.problems)) == (1000, 200)


def zipped(name: str, size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(size))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "old.xls", "old Excel file"),
        (b"hello", "a.xlsx", "not an Excel workbook"),
        (b"PK\x03\x04 and then nothing", "a.xlsx", "damaged or cut off"),
        (zipped("readme.txt", 10), "a.xlsx", "zip archive but not an Excel workbook"),
        (b"\x00\x01\x02", "a.csv", "not a text file"),
        (xlsx(SHEETS)[:2000], "cut.xlsx", "damaged or cut off"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    registry: Registry, content: bytes, name: str, message: str
) -> None:
    with pytest.raises(Unprocessable, match=message):
        import_file(registry, "workbook", content, name)


def test_a_zip_bomb_is_measured_before_it_is_opened(registry: Registry) -> None:
    with pytest.raises(Unprocessable, match="unpacks to 300 MB"):
        import_file(registry, "workbook", zipped("xl/workbook.xml", 300 * 2**20), "bomb.xlsx")


def test_too_many_rows_are_refused(registry: Registry) -> None:
    with pytest.raises(Unprocessable, match="more than 200000 rows"):
        csv(registry, "rooms", "房间编号\n" + "1\n" * 200_001)


def test_the_template_has_every_sheet_and_takes_its_own_drop_downs(registry: Registry) -> None:
    book = load_workbook(io.BytesIO(template()))
    for name, rows in SHEETS.items():
        titles = [cell.value for cell in book[name][1]]
        for row in rows[1:]:
            filled = dict(zip(rows[0], row, strict=False))
            book[name].append([filled.get(str(title)) for title in titles])
    out = io.BytesIO()
    book.save(out)
    report = import_file(registry, "workbook", out.getvalue(), "t.xlsx")
    assert problem_lines(report) == []
    assert (report.created, report.applied) == (12, True)
    assert book["资产"].data_validations.count > 0
