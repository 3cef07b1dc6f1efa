"""The sheets and columns of an import: one table for the importer, the template and the docs."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from cloud.registry.codes import own, statistics
from cloud.registry.codes.base import CodeList
from cloud.registry.importing import amounts, cells, dates
from cloud.registry.importing.cells import Parse
from cloud.registry.importing.spelling import visible
from cloud.registry.importing.synonyms import HEADINGS


@dataclass(frozen=True, slots=True)
class Column:
    """One column. A key column names the row; a needed one must be filled for a new row."""

    key: str
    title: str
    english: str
    parse: Parse
    is_key: bool = False
    is_needed: bool = False
    codes: CodeList | None = None
    choices: tuple[str, ...] = ()
    note: str = ""
    is_past: bool = False
    """A day that should not lie in the future."""
    may_be_word: bool = False
    """Words such as 无 and — are refused here, not read as empty."""

    def reading(self, cell: str, value: Any) -> str | None:
        """Return what a text was read as, where that is not plain; else None."""
        if self.codes is not None:
            item = self.codes.find(str(value))
            names = set() if item is None else {item.code, item.zh.casefold(), item.en.casefold()}
            return None if item is None or cells.code(cell).casefold() in names else item.zh
        if self.parse is amounts.fen:
            return amounts.amount_reading(cell, value)
        return dates.reading(cell, value) if self.parse in dates.DATED else None


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of import: the sheet it is read from and its columns."""

    kind: str
    sheet: str
    english: str
    columns: tuple[Column, ...]

    @property
    def headings(self) -> dict[str, tuple[Column, int]]:
        """Return the column of each known heading, and how far down its list the heading is.

        0 are the names of the template; others are those of other systems.
        """
        known: dict[str, tuple[Column, int]] = {}
        for column in self.columns:
            for place, word in enumerate(HEADINGS.get(self.kind, {}).get(column.key, ())):
                known[heading(word)[0]] = (column, place + 1)
        for column in self.columns:
            known[heading(column.title)[0]] = known[heading(column.english)[0]] = (column, 0)
        return known

    def column(self, key: str) -> Column:
        """Return the column of a key."""
        return next(column for column in self.columns if column.key == key)


def heading(cell: object) -> tuple[str, str]:
    """Return a heading without the marks people put on it (stars, blanks), and its unit.

    The unit is what a heading ends with in brackets: 原值（万元）.
    """
    plain = unicodedata.normalize("NFKC", visible(str(cell))).casefold()
    name, _, rest = plain.strip(" *:").partition("(")
    return "".join(name.split()).strip("*:"), rest.partition(")")[0].strip()


def _school_id(cell: object) -> str:
    return statistics.school_code(cells.code(cell))


def _division(cell: object) -> str:
    return statistics.division(cells.code(cell))


def _classification_list(cell: object) -> str:
    return statistics.classification_list(cells.text(cell))


def _coded(key: str, title: str, english: str, codes: CodeList, *, needed: bool = False) -> Column:
    return Column(key, title, english, cells.coded(codes), is_needed=needed, codes=codes)


SCHOOL = Column(
    "school",
    "学校标识码",
    "school",
    _school_id,
    is_key=True,
    note="Ten digits: category, province 33, serial. Format the column as text.",
)
TERM = Column("term", "学期", "term", cells.number_of, is_key=True, note="e.g. 2026-2027-1")

SCHOOLS = Layout(
    "schools",
    "学校",
    "schools",
    (
        SCHOOL,
        Column("name", "学校名称", "name", cells.text, is_needed=True),
        Column(
            "division",
            "区划代码",
            "division",
            _division,
            is_needed=True,
            codes=statistics.DIVISIONS,
            note="The county. 331021 becomes 331083; 331001 is no place.",
        ),
        _coded("school_type", "办学类型码", "school_type", statistics.SCHOOL_TYPES, needed=True),
        _coded("urban_rural", "城乡类型", "urban_rural", statistics.URBAN_RURAL),
        Column("classes", "班级数", "classes", amounts.whole),
        Column("pupils", "学生数", "pupils", amounts.whole),
        Column("teachers", "教师数", "teachers", amounts.whole),
    ),
)
ROOMS = Layout(
    "rooms",
    "房间",
    "rooms",
    (
        SCHOOL,
        Column("building", "楼栋", "building", cells.text),
        Column("floor", "楼层", "floor", cells.floor, note="A basement is negative."),
        Column("number", "房间编号", "room", cells.number_of, is_key=True),
        Column("name", "房间名称", "room_name", cells.text),
        _coded("use", "房间用途", "room_use", statistics.ROOM_USES),
        Column("area_m2", "面积", "area_m2", amounts.number, note="Square metres."),
        Column("seats", "座位数", "seats", amounts.whole),
        Column("home_class", "班级", "class", cells.text, note="Home class of an ordinary room."),
    ),
)
ASSETS = Layout(
    "assets",
    "资产",
    "assets",
    (
        SCHOOL,
        Column("asset_no", "资产编号", "asset_no", cells.number_of, is_key=True),
        Column("name", "资产名称", "name", cells.text, is_needed=True),
        _coded("category", "设备类别", "category", statistics.ASSET_CATEGORIES),
        Column(
            "classification_code",
            "分类代码",
            "classification_code",
            cells.code,
            note="A code that begins with a letter needs 分类代码版本.",
        ),
        Column(
            "classification_list",
            "分类代码版本",
            "classification_list",
            _classification_list,
            choices=("GB/T 14885-2022", "GB/T 14885-2010", "政府采购品目分类目录"),
        ),
        Column("model", "规格型号", "model", cells.text),
        Column("brand", "品牌", "brand", cells.text),
        Column("serial_no", "序列号", "serial_no", cells.number_of),
        Column("tag", "标签值", "tag", cells.number_of, note="RFID or QR code."),
        Column(
            "device_no",
            "设备号",
            "device",
            cells.text,
            note="The asset's name in telemetry; where empty, 资产编号 is used.",
        ),
        Column("unit", "计量单位", "unit", cells.text),
        Column("quantity", "数量", "quantity", amounts.number, note="1 where empty."),
        Column("original_value_fen", "原值", "original_value_yuan", amounts.fen, note="Yuan."),
        Column("acquisition", "取得方式", "acquisition", cells.text),
        Column("acquired", "取得日期", "acquired", dates.day, is_past=True),
        Column("booked", "入账日期", "booked", dates.day, is_past=True),
        _coded("condition", "使用状况", "condition", statistics.ASSET_CONDITIONS, needed=True),
        Column("room", "存放地点", "location", cells.number_of, note="A 房间编号 of the school."),
        Column("department", "使用部门", "department", cells.text),
        Column("custodian", "保管人", "custodian", cells.text),
        Column("supplier", "供货商", "supplier", cells.text),
        Column("warranty_until", "保修截止", "warranty_until", dates.day),
        Column("life_years", "使用年限", "life_years", amounts.years),
        _coded("funding", "经费来源", "funding", statistics.FUNDING),
        Column(
            "assessed",
            "超期评估日期",
            "assessed",
            dates.day,
            is_past=True,
            note="When an asset past its years of use was last looked at and kept.",
        ),
    ),
)
BINDINGS = Layout(
    "bindings",
    "绑定",
    "bindings",
    (
        SCHOOL,
        Column("asset_no", "资产编号", "asset_no", cells.number_of, is_key=True),
        Column("device", "设备号", "device", cells.text, is_key=True),
        Column("valid_from", "启用日期", "valid_from", dates.day, note="First day; empty = ever."),
        Column("valid_to", "停用日期", "valid_to", dates.day, note="Last day; empty = open."),
    ),
)
TERMS = Layout(
    "terms",
    "学期",
    "terms",
    (
        SCHOOL,
        TERM,
        Column("starts", "开始日期", "starts", dates.day, is_needed=True),
        Column("ends", "结束日期", "ends", dates.day, is_needed=True),
    ),
)
PERIODS = Layout(
    "periods",
    "节次",
    "periods",
    (
        SCHOOL,
        TERM,
        Column("number", "节次", "period", amounts.whole, is_key=True),
        Column("name", "名称", "name", cells.text),
        Column("starts", "开始时间", "starts", dates.clock, is_needed=True),
        Column("ends", "结束时间", "ends", dates.clock, is_needed=True),
    ),
)
TIMETABLE = Layout(
    "timetable",
    "课表",
    "timetable",
    (
        SCHOOL,
        TERM,
        Column("weekday", "星期", "weekday", cells.weekday, is_key=True, choices=tuple("1234567")),
        Column("period", "节次", "period", amounts.whole, is_key=True),
        Column("room", "房间编号", "room", cells.number_of, is_key=True),
        Column("class_name", "班级", "class", cells.text),
        Column("subject", "科目", "subject", cells.text),
    ),
)
HOLIDAYS = Layout(
    "holidays",
    "节假日",
    "holidays",
    (
        Column(
            "school",
            "学校标识码",
            "school",
            _school_id,
            note="Empty = all schools.",
            may_be_word=True,
        ),
        Column("day", "日期", "day", dates.day, is_key=True),
        Column("name", "名称", "name", cells.text),
        Column(
            "kind",
            "类型",
            "kind",
            cells.day_kind,
            is_key=True,
            choices=("放假", "补课", "取消"),
            note="取消 takes back what is filed for the day.",
        ),
        Column(
            "follows",
            "补星期",
            "follows",
            cells.weekday,
            choices=tuple("1234567"),
            note="For 补课: the weekday whose lessons are given.",
        ),
    ),
)

STAGE_SIZES = Layout(
    "stage_sizes",
    "学段规模",
    "stage_sizes",
    (
        SCHOOL,
        Column(
            "stage",
            "学段",
            "stage",
            cells.coded(own.STAGE_CODES),
            is_key=True,
            codes=own.STAGE_CODES,
            note="One that the school's type teaches.",
        ),
        Column("classes", "班级数", "classes", amounts.whole),
        Column("pupils", "学生数", "pupils", amounts.whole),
    ),
)
DECLARATIONS = Layout(
    "declarations",
    "申报",
    "declarations",
    (
        SCHOOL,
        Column(
            "item",
            "申报项",
            "item",
            cells.coded(own.DECLARED_ITEMS),
            is_key=True,
            codes=own.DECLARED_ITEMS,
        ),
        Column("value", "数值", "value", amounts.number, is_needed=True),
        Column(
            "declared_on",
            "申报日期",
            "declared_on",
            dates.day,
            is_past=True,
            is_key=True,
            note="The newest of an item counts.",
        ),
        Column("declared_by", "申报人", "declared_by", cells.text),
        Column("note", "依据", "note", cells.text, note="Where the figure can be looked up."),
        Column(
            "confirmed_on",
            "核实日期",
            "confirmed_on",
            dates.day,
            is_past=True,
            note="Empty until somebody other than the school confirmed it; needs 核实人.",
        ),
        Column("confirmed_by", "核实人", "confirmed_by", cells.text),
    ),
)
TICKETS = Layout(
    "tickets",
    "报修",
    "tickets",
    (
        SCHOOL,
        Column("ticket_no", "工单号", "ticket_no", cells.number_of, is_key=True),
        Column("asset_no", "资产编号", "asset_no", cells.number_of),
        _coded("origin", "来源", "origin", own.TICKET_ORIGINS, needed=True),
        Column(
            "reported_at",
            "报修时间",
            "reported_at",
            dates.moment,
            is_past=True,
            is_needed=True,
            note="The school's own time, e.g. 2026-11-24 14:05.",
        ),
        Column("accepted_at", "受理时间", "accepted_at", dates.moment, is_past=True),
        Column("closed_at", "完成时间", "closed_at", dates.moment, is_past=True),
        Column("verified_at", "验收时间", "verified_at", dates.moment, is_past=True),
        Column(
            "is_fault",
            "属实",
            "is_fault",
            cells.yes_no,
            choices=("是", "否"),
            note="Whether it was a fault; empty = not known yet, and counts as one.",
        ),
    ),
)
STOCKTAKES = Layout(
    "stocktakes",
    "盘点",
    "stocktakes",
    (
        SCHOOL,
        Column(
            "asset_no",
            "资产编号",
            "asset_no",
            cells.number_of,
            is_key=True,
            note="For 盘盈: a number of the count, which no asset has.",
        ),
        Column("counted_on", "盘点日期", "counted_on", dates.day, is_key=True, is_past=True),
        _coded("result", "盘点结果", "result", own.STOCKTAKE_RESULTS, needed=True),
        Column("counted_by", "盘点人", "counted_by", cells.text),
    ),
)
DISPOSALS = Layout(
    "disposals",
    "处置",
    "disposals",
    (
        SCHOOL,
        Column("asset_no", "资产编号", "asset_no", cells.number_of, is_key=True),
        Column("disposed_on", "处置日期", "disposed_on", dates.day, is_key=True, is_past=True),
        Column("method", "处置方式", "method", cells.text),
        Column("approval_no", "审批文号", "approval_no", cells.text),
        Column("record_no", "备案号", "record_no", cells.text),
    ),
)
CHEMICALS = Layout(
    "chemicals",
    "危化品",
    "chemicals",
    (
        SCHOOL,
        Column("batch_no", "批号", "batch_no", cells.number_of, is_key=True),
        Column("name", "品名", "name", cells.text, is_needed=True),
        Column("book_quantity", "账面数量", "book_quantity", amounts.number, is_needed=True),
        Column(
            "counted_quantity",
            "清点数量",
            "counted_quantity",
            amounts.number,
            note="At the last count; needs 清点日期.",
        ),
        Column("unit", "单位", "unit", cells.text),
        Column("counted_on", "清点日期", "counted_on", dates.day, is_past=True),
    ),
)

LAYOUTS: tuple[Layout, ...] = (
    SCHOOLS,
    ROOMS,
    ASSETS,
    BINDINGS,
    TERMS,
    PERIODS,
    TIMETABLE,
    HOLIDAYS,
    STAGE_SIZES,
    DECLARATIONS,
    TICKETS,
    STOCKTAKES,
    DISPOSALS,
    CHEMICALS,
)
"""In the order of dependency: each refers only to those before it."""

BY_KIND = {layout.kind: layout for layout in LAYOUTS}
GUIDE_SHEET = "说明"
CODES_SHEET = "代码"
