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

Parse = Callable[[Any], Any]

EXCEL_ERRORS = frozenset({
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!",
})  # fmt: skip
EXCEL_DAY_ZERO = dt.date(1899, 12, 30)
WEEKDAYS = "一二三四五六日"
MAX_TEXT = 500
MAX_COUNT = 1_000_000_000


def text(cell: Any) -> str:
    """Return a cell as text; a whole number loses the ".0" that Excel keeps."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if abs(cell) >= 10**15:
            raise RefusedValue(message("import.cell.digits_lost", most=15))
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


def code(cell: Any) -> str:
    """Return a cell as a code: full-width letters made plain, the ".0" of exported numbers gone."""
    plain = unicodedata.normalize("NFKC", text(cell)).strip()
    return re.sub(r"^(\d+)\.0$", r"\1", plain)


def coded(code_list: CodeList) -> Parse:
    """Return a parser for the codes and names of a list."""

    def parse(cell: Any) -> str:
        return code_of(code_list, code(cell))

    return parse


def number(cell: Any) -> float:
    """Return a cell as a number that is not negative; "1,234.50" and "1200 元" are understood."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value = float(cell)
    else:
        plain = re.sub(r"[,\s¥元]", "", code(cell))
        if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,9})?", plain):
            raise RefusedValue(message("import.cell.number", got=text(cell)))
        value = float(plain)
    if not 0 <= value <= MAX_COUNT:
        raise RefusedValue(message("import.cell.number_range", got=value, most=MAX_COUNT))
    return value


def whole(cell: Any) -> int:
    """Return a cell as a whole number that is not negative."""
    try:
        value = number(cell)
    except ValueError:
        raise RefusedValue(message("import.cell.whole_number", got=text(cell))) from None
    if not value.is_integer():
        raise RefusedValue(message("import.cell.whole_number", got=text(cell)))
    return int(value)


def floor(cell: Any) -> int:
    """Return a floor; a basement is negative, "3F" and "3层" are understood."""
    match = re.fullmatch(r"(B|-)?(\d{1,2})\s*(F|层|楼)?", code(cell).upper())
    if match is None:
        raise RefusedValue(message("import.cell.floor", got=text(cell)))
    return int(match[2]) * (-1 if match[1] else 1)


def fen(cell: Any) -> int:
    """Return an amount in yuan as whole fen."""
    return round(number(cell) * 100)


def day(cell: Any) -> dt.date:
    """Return a cell as a date: a date cell, or text such as 2024-09-01, 2024/9/1, 2024年9月1日."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if isinstance(cell, int | float) and 20_000 <= cell <= 80_000:
        return EXCEL_DAY_ZERO + dt.timedelta(days=int(cell))
    plain = re.sub(r"[ T]\d{1,2}:\d{2}(:\d{2})?(\.\d+)?$", "", code(cell))
    match = re.fullmatch(r"(\d{4})([-/.年])(\d{1,2})[-/.月](\d{1,2})日?", plain)
    parts = (match[1], match[3], match[4]) if match else None
    if parts is None and re.fullmatch(r"\d{8}", plain):
        parts = (plain[:4], plain[4:6], plain[6:])
    if parts is not None:
        try:
            return dt.date(int(parts[0]), int(parts[1]), int(parts[2]))
        except ValueError:
            raise RefusedValue(message("import.cell.no_such_day", got=text(cell))) from None
    raise RefusedValue(message("import.cell.date", got=text(cell)))


def clock(cell: Any) -> dt.time:
    """Return a cell as a time of day: a time cell, or text such as 08:00."""
    if isinstance(cell, dt.datetime):
        return cell.time()
    if isinstance(cell, dt.time):
        return cell
    if isinstance(cell, float) and 0 <= cell < 1:
        hours, minutes = divmod(round(cell * 1440) % 1440, 60)
        return dt.time(hours, minutes)
    match = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", code(cell))
    if match and int(match[1]) < 24 and int(match[2]) < 60 and int(match[3] or 0) < 60:
        return dt.time(int(match[1]), int(match[2]), int(match[3] or 0))
    raise RefusedValue(message("import.cell.time", got=text(cell)))


def moment(cell: Any) -> dt.datetime:
    """Return a cell as a local date and time of day: 2026-11-24 14:05, or a date-time cell."""
    if isinstance(cell, dt.datetime):
        return cell.replace(second=0, microsecond=0)
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 20_000 <= cell <= 80_000:
        whole_days, rest = divmod(cell, 1)
        minutes = dt.timedelta(days=int(whole_days), minutes=round(rest * 1440))
        return dt.datetime.combine(EXCEL_DAY_ZERO, dt.time()) + minutes
    plain = "" if isinstance(cell, dt.date) else code(cell)
    match = re.fullmatch(r"(\S+?)(?:[ T]+|(?<=日))(\d{1,2}:\d{2}(?::\d{2})?)", plain)
    if match is None:
        raise RefusedValue(message("import.cell.moment", got=text(cell)))
    return dt.datetime.combine(day(match[1]), clock(match[2]).replace(second=0))


def yes_no(cell: Any) -> bool:
    """Return True or False for 是 or 否."""
    words = {"是": True, "否": False, "yes": True, "no": False, "true": True, "false": False}
    answer = words.get(text(cell).casefold())
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


def day_kind(cell: Any) -> str:
    """Return "closed", "makeup" or "cancelled"."""
    kinds = {
        "放假": "closed",
        "补课": "makeup",
        "取消": "cancelled",
        "closed": "closed",
        "makeup": "makeup",
        "cancelled": "cancelled",
    }
    kind = kinds.get(text(cell).casefold())
    if kind is None:
        raise RefusedValue(message("import.cell.day_kind", got=text(cell)))
    return kind
