"""Parse one cell into one value, or raise `RefusedValue`: what it holds, what is expected."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from cloud.errors import RefusedValue
from cloud.messages import message
from cloud.registry.codes.base import CodeList
from cloud.registry.codes.statistics import code_of
from cloud.registry.importing.dates import two_digits
from cloud.registry.importing.number_format import FormattedNumber
from cloud.registry.importing.spelling import folded, identifier
from cloud.registry.importing.synonyms import EMPTY, WORDS

Parse = Callable[[Any], Any]

EXCEL_ERRORS = frozenset({
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!",
})  # fmt: skip
WEEKDAYS = "一二三四五六日"
MAX_TEXT = 500
MAX_DIGITS = 15
"""More digits of a number than these are lost to Excel."""


def text(cell: Any) -> str:
    """Return a cell as text; a whole number loses the ".0" that Excel keeps."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if abs(cell) >= 10**MAX_DIGITS:
            raise RefusedValue(message("import.cell.digits_lost", most=MAX_DIGITS))
        if isinstance(cell, FormattedNumber):
            return cell.shown
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    content = str(cell).strip()
    if content in EXCEL_ERRORS:
        raise RefusedValue(message("import.cell.excel_error", error=content))
    if len(content) > MAX_TEXT:
        raise RefusedValue(message("import.cell.too_long", length=len(content), most=MAX_TEXT))
    if not content.isprintable() and any(
        unicodedata.category(letter) == "Cc" and letter not in "\n\t\r" for letter in content
    ):
        raise RefusedValue(message("import.cell.control_characters"))
    return content


_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+\d{2,}")


def number_of(cell: Any) -> str:
    """Return a cell as an identifier: `spelling.identifier` lists which spellings are one.

    What a spreadsheet wrote as 8.93901E+18 has lost its digits and is refused.
    """
    written = text(cell)
    if _SCIENTIFIC.fullmatch(written):
        raise RefusedValue(message("import.cell.digits_lost", most=MAX_DIGITS))
    return identifier(written)


def code(cell: Any) -> str:
    """Return a cell as a code: full-width letters made plain, the ".0" of exported numbers gone."""
    plain = unicodedata.normalize("NFKC", text(cell)).strip()
    return re.sub(r"^(\d+)\.0$", r"\1", plain)


def coded(code_list: CodeList) -> Parse:
    """Return a parser for the codes and names of a list."""
    words = {
        folded(word): key
        for key, several in WORDS.get(code_list.id, {}).items()
        for word in several
    }

    def parse(cell: Any) -> str:
        written = code(cell)
        item = code_list.find(written)
        if item is not None:
            return item.code
        plain = folded(written)
        if plain in words:
            return words[plain]
        if plain.isdigit():  # 01 for 1: people pad codes, and programs do
            item = code_list.find(plain.lstrip("0"))
            if item is not None:
                return item.code
        return code_of(code_list, written)

    return parse


_NOTHING = frozenset(folded(word) for word in EMPTY)


def is_empty_word(cell: str) -> bool:
    """Whether a text is what people type into a cell that is empty."""
    return folded(cell) in _NOTHING


_FLOOR = r"第?(B|-|负|地下)?(\d{1,2}|[一二三四五六七八九十]{1,3})\s*(F|层|楼)?"


def floor(cell: Any) -> int:
    """Return a floor; a basement is negative, "3F" and "3层" are understood."""
    match = re.fullmatch(_FLOOR, code(cell).upper())
    number = 0 if match is None else _floor_number(match[2])
    if match is None or (not number and match[2] not in {"0", "00"}):
        raise RefusedValue(message("import.cell.floor", got=text(cell)))
    return number * (-1 if match[1] else 1)


def _floor_number(text: str) -> int:
    return int(text) if text.isdecimal() else two_digits(text)


_YES = {"是", "属实", "对", "√", "✓", "✔", "y", "yes", "true", "1", "t"}
_NO = {"否", "不属实", "不是", "×", "✗", "✘", "x", "n", "no", "false", "0", "f"}
_ANSWERS = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}


def yes_no(cell: Any) -> bool:
    """Return True or False for 是 or 否."""
    answer = _ANSWERS.get(code(cell).casefold())
    if answer is None:
        raise RefusedValue(message("import.cell.yes_no", got=text(cell)))
    return answer


def weekday(cell: Any) -> int:
    """Return a weekday, 1 Monday to 7 Sunday: 1-7, 一-日, 周一, 星期一, Mon."""
    plain = re.sub(r"^(周|星期|礼拜)", "", code(cell)).replace("天", "日")
    if plain in set(WEEKDAYS):
        return WEEKDAYS.index(plain) + 1
    if plain in set("1234567"):
        return int(plain)
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    if len(plain) >= 3 and plain[:3].casefold() in names:
        return names.index(plain[:3].casefold()) + 1
    raise RefusedValue(message("import.cell.weekday", got=text(cell)))


_DAY_KINDS = {
    **dict.fromkeys(("放假", "休", "休假", "假期", "节假日", "法定节假日", "closed"), "closed"),
    **dict.fromkeys(("补课", "补班", "上班", "上课", "班", "调休上班", "makeup"), "makeup"),
    **dict.fromkeys(("取消", "cancelled"), "cancelled"),
}


def day_kind(cell: Any) -> str:
    """Return "closed", "makeup" or "cancelled"."""
    kind = _DAY_KINDS.get(code(cell).casefold())
    if kind is None:
        raise RefusedValue(message("import.cell.day_kind", got=text(cell)))
    return kind
