"""Ledgers as people fill them in, for tests of the import: one school, and workbooks of assets."""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from openpyxl import Workbook
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.worksheet.worksheet import Worksheet

from cloud.registry.importing.importer import Report, import_file
from cloud.registry.rows import AssetRow
from cloud.registry.store import Registry

SCHOOL = "2133100001"
TODAY = dt.date(2026, 11, 29)
MORNING = dt.datetime.combine(dt.date(2024, 9, 1), dt.time(8))
TITLES = [
    "学校标识码",
    "资产编号",
    "资产名称",
    "使用状况",
    "存放地点",
    "原值",
    "取得日期",
    "标签值",
    "数量",
]
SETUP = {
    "schools": f"学校标识码,学校名称,区划代码,办学类型码\n{SCHOOL},海棠小学,331002,小学\n",
    "rooms": (
        "学校标识码,楼栋,楼层,房间编号,房间名称\n"
        f"{SCHOOL},明德楼,1,101,一（1）班教室\n{SCHOOL},明德楼,1,102,一（2）班教室\n"
        f"{SCHOOL},厚德楼,2,A201,物理实验室\n{SCHOOL},厚德楼,3,301,音乐室\n"
        f"{SCHOOL},厚德楼,3,302,音乐室\n"
    ),
}


@contextmanager
def school_registry() -> Iterator[Registry]:
    """Open a registry of one school with five rooms, in memory."""
    opened = Registry.open("sqlite://")
    for kind, text in SETUP.items():
        assert import_file(opened, kind, text.encode(), "setup.csv").applied
    yield opened
    opened.close()


def row(number: Any, **cells: Any) -> list[Any]:
    """Return the cells of an asset; those that are not named are as in any ledger."""
    usual = {
        "学校标识码": SCHOOL,
        "资产编号": number,
        "资产名称": "交互智能平板",
        "使用状况": "在用",
        "存放地点": "101",
        "原值": 17800,
        "取得日期": "2024-09-01",
        "数量": 1,
    }
    return [{**usual, **cells}.get(title) for title in TITLES]


def workbook(
    rows: Sequence[Sequence[Any]],
    change: Callable[[Worksheet], object] = lambda _: None,
    titles: Sequence[str | None] = TITLES,
    *,
    is_1904: bool = False,
) -> bytes:
    book = Workbook()
    if is_1904:
        book.epoch = MAC_EPOCH
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "资产"
    for cells in (titles, *rows):
        sheet.append(list(cells))
    change(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def imported(registry: Registry, content: bytes, **options: Any) -> Report:
    return import_file(registry, "workbook", content, "ledger.xlsx", today=TODAY, **options)


def csv(registry: Registry, text: str, kind: str = "assets", **options: Any) -> Report:
    return import_file(registry, kind, text.encode(), "ledger.csv", today=TODAY, **options)


def problems(report: Report) -> list[tuple[int, str | None, str]]:
    return [(problem.row, problem.column, problem.problem) for problem in report.problems]


def notes(report: Report) -> list[tuple[str, list[int]]]:
    return [(note.text.key.removeprefix("import.note."), note.rows) for note in report.notes]


def assets(registry: Registry) -> dict[str, AssetRow]:
    return {asset.asset_no: asset for asset in registry.assets(SCHOOL)}
