"""All books of a simulated school in one Excel workbook, a sheet for each kind of import."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

from simulators.school.campus import DIVISION, SCHOOL, SCHOOL_NAME, Campus
from simulators.school.ledger import Asset, make_ledger
from simulators.school.records import Sheet, paper_sheets
from simulators.school.timetable import PERIODS

_LIST = "GB/T 14885-2022"


def write_workbook(path: Path, campus: Campus) -> None:
    """Write all books of the school into one workbook, a sheet for each."""
    book = Workbook()
    for sheet in book.worksheets:
        book.remove(sheet)
    # openpyxl stamps the moment; the same campus must give the same workbook.
    book.properties.created = datetime(2026, 1, 1)  # noqa: DTZ001  a file's property has no zone
    for title, header, rows in _sheets(campus):
        sheet = book.create_sheet(title)
        sheet.append(list(header))
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for row in rows:
            sheet.append(row)
        sheet.freeze_panes = "A2"
        for column in range(1, len(header) + 1):
            sheet.column_dimensions[sheet.cell(1, column).column_letter].width = 16
    book.save(path)


def _sheets(campus: Campus) -> list[Sheet]:
    calendar, assets = campus.calendar, make_ledger(campus)
    school: list[Any] = [
        SCHOOL, SCHOOL_NAME, DIVISION, "211", "111",
        campus.classes, campus.pupils, len(campus.teachers),
    ]  # fmt: skip
    return [
        ("学校", _SCHOOL, [school]),
        ("房间", _ROOMS, [
            [SCHOOL, r.building, r.floor, r.number, r.name, r.use, r.area_m2, r.seats, r.home_class]
            for r in campus.rooms
        ]),
        ("资产", _ASSETS, [_asset_row(asset) for asset in assets]),
        ("学期", _TERMS, [[SCHOOL, calendar.term, calendar.starts, calendar.ends]]),
        ("节次", _PERIODS, [[SCHOOL, calendar.term, *period] for period in PERIODS]),
        ("课表", _TIMETABLE, [
            [SCHOOL, calendar.term, lesson.weekday, lesson.period, lesson.room,
             lesson.class_name, lesson.subject]
            for lesson in campus.lessons
        ]),
        ("节假日", _HOLIDAYS, [
            [SCHOOL, s.day, s.name, "补课" if s.follows else "放假", s.follows]
            for s in calendar.special
        ]),
        *paper_sheets(campus, assets),
    ]  # fmt: skip


def _asset_row(asset: Asset) -> list[Any]:
    return [
        SCHOOL,
        asset.number,
        asset.name,
        asset.category,
        asset.code or None,
        _LIST if asset.code else None,
        asset.model,
        asset.brand,
        None,
        asset.tag or None,
        asset.device or None,
        asset.unit,
        asset.quantity,
        asset.value,
        "购置",
        asset.acquired,
        asset.booked,
        asset.condition,
        asset.room or None,
        asset.department,
        asset.custodian or None,
        asset.supplier,
        asset.acquired + timedelta(days=3 * 365),
        asset.life_years,
        asset.funding,
    ]


_SCHOOL = (
    "学校标识码",
    "学校名称",
    "区划代码",
    "办学类型码",
    "城乡类型",
    "班级数",
    "学生数",
    "教师数",
)
_ROOMS = (
    "学校标识码", "楼栋", "楼层", "房间编号", "房间名称", "房间用途", "面积", "座位数", "班级",
)  # fmt: skip
_ASSETS = (
    "学校标识码", "资产编号", "资产名称", "设备类别", "分类代码", "分类代码版本",
    "规格型号", "品牌", "序列号", "标签值", "设备号", "计量单位", "数量", "原值",
    "取得方式", "取得日期", "入账日期", "使用状况", "存放地点", "使用部门", "保管人",
    "供货商", "保修截止", "使用年限", "经费来源",
)  # fmt: skip
_TERMS = ("学校标识码", "学期", "开始日期", "结束日期")
_PERIODS = ("学校标识码", "学期", "节次", "名称", "开始时间", "结束时间")
_TIMETABLE = ("学校标识码", "学期", "星期", "节次", "房间编号", "班级", "科目")
_HOLIDAYS = ("学校标识码", "日期", "名称", "类型", "补星期")
