"""A blank workbook: every sheet and column, with notes and drop-downs of the code lists."""

import io

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from cloud.registry.codes.statistics import CODE_LISTS
from cloud.registry.importing.columns import CODES_SHEET, GUIDE_SHEET, LAYOUTS, Column

FILLED_ROWS = 2000
NEEDED = PatternFill("solid", fgColor="FDE9D9")
GUIDE = (
    "填写说明 How to fill this in",
    "带底色的列必填。Shaded columns must be filled.",
    "学校标识码、资产编号、房间编号按文本填写。Codes are text.",
    "日期写作 2024-09-01。Dates are written 2024-09-01.",
    "代码可填代码或名称, 见「代码」表。Codes or their names, see the sheet 代码.",
    "不用的表可以留空或删除。Sheets that are not needed may stay empty or be deleted.",
)


def template() -> bytes:
    """Return the blank workbook as .xlsx."""
    book = Workbook()
    guide = book.active
    if not isinstance(guide, Worksheet):
        raise TypeError("a new workbook begins with a worksheet")
    guide.title = GUIDE_SHEET
    for line in GUIDE:
        guide.append([line])
    guide.column_dimensions["A"].width = 90
    ranges = _codes(book.create_sheet(CODES_SHEET))
    for layout in LAYOUTS:
        sheet = book.create_sheet(layout.sheet)
        sheet.freeze_panes = "A2"
        for index, column in enumerate(layout.columns, start=1):
            _column(sheet, index, column, ranges)
    book.move_sheet(CODES_SHEET, offset=len(LAYOUTS))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _codes(sheet: Worksheet) -> dict[str, str]:
    """Write every code list in two columns; return the range of the names of each."""
    ranges = {}
    for number, code_list in enumerate(CODE_LISTS):
        first = 2 * number + 1
        sheet.cell(1, first, code_list.title_zh).font = Font(bold=True)
        sheet.cell(1, first + 1, f"{code_list.title_en} ({code_list.confidence})")
        for row, item in enumerate(code_list.items, start=2):
            sheet.cell(row, first, item.zh)
            sheet.cell(row, first + 1, item.code)
        letter = get_column_letter(first)
        last = len(code_list.items) + 1
        ranges[code_list.id] = f"'{CODES_SHEET}'!${letter}$2:${letter}${last}"
    return ranges


def _column(sheet: Worksheet, index: int, column: Column, ranges: dict[str, str]) -> None:
    letter = get_column_letter(index)
    head = sheet.cell(1, index, column.title)
    head.font = Font(bold=True)
    if column.is_key or column.is_needed:
        head.fill = NEEDED
    head.comment = Comment(f"{column.english}\n{column.note}".strip(), "Smart Campus")
    sheet.column_dimensions[letter].width = max(12, 3 * len(column.title))
    if column.key in {"school", "asset_no", "number", "room", "device", "device_no", "serial_no"}:
        for row in range(2, 202):
            sheet.cell(row, index).number_format = "@"
    formula = None
    if column.codes is not None:
        formula = ranges[column.codes.id]
    elif column.choices:
        formula = '"' + ",".join(column.choices) + '"'
    if formula is not None:
        drop_down = DataValidation(
            type="list", formula1=formula, allow_blank=True, showErrorMessage=False
        )
        drop_down.add(f"{letter}2:{letter}{FILLED_ROWS}")
        sheet.add_data_validation(drop_down)
