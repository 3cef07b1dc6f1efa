"""Days, times of day and moments as people and programs write them. Pure.

Nothing is guessed: of "2024年9月" the day is asked, and "1/9/2024" or "24-9-1" is refused.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from cloud.errors import RefusedValue
from cloud.messages import message

DAY_ZERO = dt.date(1899, 12, 30)
"""Day 0 of Excel's serial numbers, right from March 1900 on."""
DAYS_1900_TO_1904 = 1462
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000
"""What a bare number has to be between to be a day: 1954 to 2119."""
ZONE = ZoneInfo("Asia/Shanghai")
"""Where the day is taken of a moment that states its offset from UTC."""

_TIME = (
    r"(?P<half>上午|下午|中午|晚上|AM|PM)?\s*(?P<hour>\d{1,2})\s*[:时点]\s*(?P<minute>\d{1,2})分?"
    r"(?:[:\s]*(?P<second>\d{1,2})(?:\.\d+)?秒?)?\s*(?P<after>AM|PM)?"
)
_CLOCK = re.compile(_TIME, re.IGNORECASE)
_AFTER_DAY = re.compile(rf"(?:[ T]+|(?<=[日号]))\s*{_TIME}", re.IGNORECASE)
_WEEKDAY = re.compile(r"\s*\(?(?:星期|周|礼拜)[一二三四五六日天]\)?")
_DAY = re.compile(r"(\d{4})\s*[-/.年_]\s*(\d{1,2})\s*[-/.月_]\s*(\d{1,2})\s*[日号]?")
_MONTH = re.compile(r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2})\s*月?|(\d{2}))(?:份)?")
_YEAR = re.compile(r"(\d{4})\s*年(?:度)?")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_DIGITS = {
    digit: value
    for value, digits in enumerate(("〇○零", *"一二三四五六七八九"))
    for digit in digits
}
_TO_NINETY_NINE = "[一二三四五六七八九十廿]{1,3}"
_IN_WORDS = re.compile(
    rf"([{''.join(_DIGITS)}]{{4}})年({_TO_NINETY_NINE})月({_TO_NINETY_NINE})[日号]?"
)


def day(cell: Any) -> dt.date:
    """Return a cell as a date: a date cell, a serial number, or text such as 2024年9月1号."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if isinstance(cell, int | float) and FIRST_SERIAL <= cell <= LAST_SERIAL:
        return DAY_ZERO + dt.timedelta(days=int(cell))
    written = _written(cell)
    plain = _plain(written)
    if _INSTANT.fullmatch(plain):
        return _instant(plain, written).date()
    plain = _WEEKDAY.sub("", plain)
    match = _AFTER_DAY.search(plain)
    if match is not None and match.end() == len(plain):
        plain = plain[: match.start()]
    return _day(plain.strip(), written)


def _day(plain: str, written: str) -> dt.date:
    match = _DAY.fullmatch(plain)
    parts = match.groups() if match else None
    if parts is None and re.fullmatch(r"\d{8}", plain):
        parts = (plain[:4], plain[4:6], plain[6:])
    if parts is None:
        parts = _in_words(plain)
    if parts is not None:
        try:
            return dt.date(int(parts[0]), int(parts[1]), int(parts[2]))
        except ValueError:
            raise RefusedValue(message("import.cell.no_such_day", got=written)) from None
    if re.fullmatch(r"\d{5}(?:\.\d+)?", plain) and FIRST_SERIAL <= float(plain) <= LAST_SERIAL:
        return DAY_ZERO + dt.timedelta(days=int(float(plain)))
    raise _without_a_day(plain, written)


def _without_a_day(plain: str, written: str) -> RefusedValue:
    """Return what is wrong with a text that is not a day; of a month the first day is offered."""
    match = _MONTH.fullmatch(plain)
    month = match and (match[2] or match[3])
    if match and month and 1 <= int(month) <= 12:
        first = dt.date(int(match[1]), int(month), 1)
        return RefusedValue(message("import.cell.month_only", got=written, first=f"{first}"))
    year = _YEAR.fullmatch(plain)
    if year:
        return RefusedValue(message("import.cell.year_only", got=written, first=f"{year[1]}-01-01"))
    return RefusedValue(message("import.cell.date", got=written))


def clock(cell: Any) -> dt.time:
    """Return a cell as a time of day: a time cell, or text such as 08:00 or 下午2:05."""
    if isinstance(cell, dt.datetime):
        return cell.time()
    if isinstance(cell, dt.time):
        return cell
    if isinstance(cell, float) and 0 <= cell < 1:
        hours, minutes = divmod(round(cell * 1440) % 1440, 60)
        return dt.time(hours, minutes)
    written = _written(cell)
    match = _CLOCK.fullmatch(_plain(written))
    time = _time(match) if match else None
    if time is None:
        raise RefusedValue(message("import.cell.time", got=written))
    return time


def moment(cell: Any) -> dt.datetime:
    """Return a cell as a local date and time of day: 2026-11-24 14:05, or a date-time cell."""
    if isinstance(cell, dt.datetime):
        return cell.replace(second=0, microsecond=0)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        serial: float | None = float(cell)
    else:
        serial = None
    written = _written(cell)
    plain = "" if isinstance(cell, dt.date) else _plain(written)
    if serial is None and re.fullmatch(r"\d{5}\.\d+", plain):
        serial = float(plain)
    if serial is not None and FIRST_SERIAL <= serial <= LAST_SERIAL:
        whole_days, rest = divmod(serial, 1)
        minutes = dt.timedelta(days=int(whole_days), minutes=round(rest * 1440))
        return dt.datetime.combine(DAY_ZERO, dt.time()) + minutes
    if _INSTANT.fullmatch(plain):
        local = _instant(plain, written)
        return local.replace(tzinfo=None, second=0, microsecond=0)
    plain = _WEEKDAY.sub("", plain)
    match = _AFTER_DAY.search(plain)
    time = _time(match) if match and match.end() == len(plain) else None
    if match is None or time is None:
        raise RefusedValue(message("import.cell.moment", got=written))
    return dt.datetime.combine(
        _day(plain[: match.start()].strip(), written), time.replace(second=0)
    )


def _time(match: re.Match[str]) -> dt.time | None:
    """Return the time of a match of `_TIME`; None where there is no such time."""
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    half = (match["half"] or match["after"] or "").upper()
    if half and not 1 <= hour <= 12 and half in {"AM", "PM"}:
        return None
    if half in {"下午", "晚上", "PM"} and hour < 12:
        hour += 12
    if half in {"上午", "AM"} and hour == 12:
        hour = 0
    try:
        return dt.time(hour, minute, second)
    except ValueError:
        return None


def _instant(plain: str, written: str) -> dt.datetime:
    """Return the local date and time of a moment that states its offset from UTC."""
    try:
        return dt.datetime.fromisoformat(plain.replace(" ", "T", 1)).astimezone(ZONE)
    except ValueError:
        raise RefusedValue(message("import.cell.no_such_day", got=written)) from None


def _in_words(plain: str) -> tuple[str, str, str] | None:
    """Return year, month and day of 二〇二四年九月一日."""
    match = _IN_WORDS.fullmatch(plain)
    if match is None:
        return None
    year = "".join(str(_DIGITS[digit]) for digit in match[1])
    return year, str(two_digits(match[2])), str(two_digits(match[3]))


def two_digits(text: str) -> int:
    """Return 1 to 99 in words (九, 十二, 二十一, 廿三); 0 for anything else, which is no day."""
    tens, ten, ones = text.replace("廿", "二十").partition("十")
    if not ten:
        return _DIGITS.get(tens, 0)
    return (_DIGITS.get(tens, 0) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)


def _plain(written: str) -> str:
    plain = unicodedata.normalize("NFKC", written).strip()
    return _DASHES.sub("-", re.sub(r"^(\d+)\.0$", r"\1", plain))


def _written(cell: Any) -> str:
    """Return what a person sees of a cell."""
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        shown = getattr(cell, "shown", None)
        return shown or (str(int(cell)) if float(cell).is_integer() else repr(cell))
    return str(cell).strip()


DATED: tuple[Callable[[Any], Any], ...] = (day, moment)
"""The parsers to which a bare number is a serial number."""


def in_1904(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the parser for a workbook that counts its days from 1904."""

    def parse_1904(cell: Any) -> Any:
        if isinstance(cell, str) and re.fullmatch(r"\d{5}(\.\d+)?", cell.strip()):
            cell = float(cell)
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            return parse(float(cell) + DAYS_1900_TO_1904)
        return parse(cell)

    return parse_1904


def reading(cell: str, value: dt.date) -> str | None:
    """Return the day that a serial number, a day in words or an instant was read as; else None."""
    plain = _plain(cell)
    is_shown = f"{value.year}" in plain and not _INSTANT.fullmatch(plain)
    return None if is_shown else f"{value:%Y-%m-%d}"
