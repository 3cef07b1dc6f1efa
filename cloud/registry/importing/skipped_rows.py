"""Rows of a sheet that are no records: totals, remarks, headings that are printed again. Pure.

A note of the import names what is skipped, with its row.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any, Literal

from cloud.registry.importing.spelling import folded

Reason = Literal["total_row", "remark_row", "repeated_heading", "row_without_key"]

_TOTAL = re.compile(
    r"(?:本页|本表|本校|本单位|全校|全部|以上|分类|资产)?(?:合计|总计|小计|共计|累计|总和|汇总)(?:数|额|金额|数量)?"
    r"(?:[::(（].*|[\d,.]+.*)?|(?:grand|sub)?[- ]?totals?:?|sum:?"
)
_REMARK = re.compile(
    r"(?:制表|填表|填报|审核|复核|负责|经办|校长|资产管理员|单位公章|盖章|备注|说明|注|打印|日期|制单|签字|第\d+页|以下空白|-+以下)"
    r".*|.*(?:以下空白|第\d+页|共\d+页)"
)
_HINT = re.compile(
    r"计|总|汇|[TtＴ][OoＯ][TtＴ]|[SsＳ][UuＵ][MmＭ]|表|填|审|核|责|经|长|员|章|注|明|期|印|单|字|页|下"
)
"""A character of every total and every remark."""
MOST_REMARKS = 3
"""A row with more filled cells is no remark."""


def reason_to_skip(
    row: Sequence[Any], key_cells: Sequence[Any], titles: Collection[str]
) -> Reason | None:
    """Return why a row is no record; None for a record, and for what has to be looked at.

    `key_cells` are the cells that name the row, `titles` the headings that the columns have.
    """
    texts = [cell for cell in row if isinstance(cell, str)]
    may_be_heading = len(texts) > 1 and texts[0] in titles
    if not may_be_heading and not _HINT.search("\n".join(texts)):
        return None  # what nearly every row is, and quickly
    filled = [cell for cell in row if cell is not None]
    texts = [folded(text) for text in texts]
    named = [cell for cell in key_cells if cell is not None]
    if any(_TOTAL.fullmatch(text) for text in texts) and not _is_record(named):
        return "total_row"
    if len(texts) == len(filled) and may_be_heading and _folded(titles) >= set(texts):
        return "repeated_heading"
    is_short = len(filled) <= MOST_REMARKS
    if is_short and len(named) < len(key_cells) and any(_REMARK.fullmatch(text) for text in texts):
        return "remark_row"
    return None


def _folded(titles: Collection[str]) -> set[str]:
    return {folded(title) for title in titles}


def _is_record(named: Sequence[Any]) -> bool:
    """Whether the cells that name the row name it as something other than a total.

    A school's code that was filled down to the total names nothing: two cells have to.
    """
    others = [
        cell for cell in named if not (isinstance(cell, str) and _TOTAL.fullmatch(folded(cell)))
    ]
    return len(others) == len(named) > 1
