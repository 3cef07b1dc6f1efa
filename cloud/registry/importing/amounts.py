"""Numbers and money as people write them in a ledger. Pure.

"17,800.00", "1.78万", "RMB 17800", "￥17800元整" and "１７８００" are one amount. A comma that
does not come before three digits (or four, as 万 are grouped) is refused: "12,50" may mean 12.5 or
1250.
"""

import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cloud.errors import RefusedValue
from cloud.messages import message
from cloud.registry.importing.number_format import FormattedNumber

MAX_COUNT = 1_000_000_000
_DIGITS = r"\d{1,3}(?:,\d{3})+|\d{1,4}(?:,\d{4})+|\d{1,3}(?: \d{3})+|\d{1,15}"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?)\s*(?P<whole>{_DIGITS})(?P<rest>\.\d{{0,9}})?\s*(?P<unit>(?![\d,.]).*)"
)
_TIMES = {
    "千": 1_000, "k": 1_000, "万": 10_000, "萬": 10_000, "w": 10_000, "百万": 1_000_000,
    "千万": 10_000_000, "亿": 100_000_000, "億": 100_000_000,
}  # fmt: skip
_CURRENCY_BEFORE = re.compile(r"(?:人民币|RMB|CNY|CN¥|¥|\(人民币\))\s*[::]?\s*", re.IGNORECASE)
_CURRENCY_AFTER = re.compile(r"(?:元整|圆整|元正|元|圆|RMB|CNY)?\s*(?:人民币)?", re.IGNORECASE)
COUNTERS = frozenset(
    [
        "台",
        "套",
        "个",
        "件",
        "只",
        "张",
        "把",
        "人",
        "名",
        "位",
        "座",
        "间",
        "本",
        "册",
        "组",
        "支",
        "块",
        "部",
        "条",
        "盒",
        "瓶",
        "箱",
        "副",
        "架",
        "辆",
        "班",
    ]
)
"""Measure words that a count may have."""


def amount(cell: Any, *, is_money: bool = False) -> Decimal:
    """Return a cell as an amount that is not negative; raises RefusedValue."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _in_range(Decimal(repr(float(cell) if isinstance(cell, FormattedNumber) else cell)))
    written = str(cell).strip()
    plain = unicodedata.normalize("NFKC", written)
    plain = _CURRENCY_BEFORE.sub("", plain, count=1) if _CURRENCY_BEFORE.match(plain) else plain
    match = _NUMBER.fullmatch(plain)
    times = _times(match["unit"], is_money=is_money) if match else None
    if match is None or times is None:
        has_comma = re.fullmatch(r"[+-]?[\d.,]+", plain) and "," in plain
        key = "import.cell.comma" if has_comma else "import.cell.number"
        raise RefusedValue(message(key, got=written))
    digits = re.sub(r"[, ]", "", match["whole"]) + (match["rest"] or "").rstrip(".")
    return _in_range(Decimal(match["sign"] + digits) * times)


def _times(unit: str, *, is_money: bool) -> int | None:
    """Return what the word after a number multiplies it by; None for a word that is not known."""
    for word in sorted(_TIMES, key=len, reverse=True):
        if unit.casefold().startswith(word):
            rest = unit[len(word) :].strip()
            # "3k" and "3w" are money talk; as a count they are not clear.
            if word.isascii() and not is_money:
                return None
            return _TIMES[word] if not rest or _CURRENCY_AFTER.fullmatch(rest) else None
    if is_money:
        return 1 if _CURRENCY_AFTER.fullmatch(unit) else None
    return 1 if not unit or unit in COUNTERS or _CURRENCY_AFTER.fullmatch(unit) else None


def _in_range(value: Decimal) -> Decimal:
    if not value.is_finite() or not 0 <= value <= MAX_COUNT:
        raise RefusedValue(message("import.cell.number_range", got=float(value), most=MAX_COUNT))
    return value


def number(cell: Any) -> float:
    """Return a cell as a number that is not negative."""
    return float(amount(cell))


def whole(cell: Any) -> int:
    """Return a cell as a whole number that is not negative; "45人" is 45."""
    try:
        value = amount(cell)
    except RefusedValue as error:
        if error.text.key == "import.cell.number_range":
            raise
        raise RefusedValue(message("import.cell.whole_number", got=str(cell).strip())) from None
    if value != value.to_integral_value():
        raise RefusedValue(message("import.cell.whole_number", got=str(cell).strip()))
    return int(value)


def fen(cell: Any) -> int:
    """Return an amount in yuan as whole fen, a half rounded up."""
    return _fen(amount(cell, is_money=True))


def years(cell: Any) -> int:
    """Return a number of years; "6年" and "72个月" are six."""
    if isinstance(cell, str):
        plain = unicodedata.normalize("NFKC", cell).strip()
        months = re.fullmatch(r"(\d{1,4})\s*(?:个月|月|months?)", plain, re.IGNORECASE)
        if months is not None:
            return _whole_years(int(months[1]), cell)
        in_years = re.fullmatch(r"(\d{1,3})\s*(?:年|years?)", plain, re.IGNORECASE)
        if in_years is not None:
            return int(in_years[1])
    return whole(cell)


def _whole_years(months: int, cell: Any) -> int:
    if months % 12:
        raise RefusedValue(message("import.cell.whole_number", got=str(cell).strip()))
    return months // 12


def _fen(yuan: Decimal) -> int:
    return int((yuan * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _fen_of_ten_thousands(cell: Any) -> int:
    return _scaled_fen(cell, 10_000)


def _fen_of_thousands(cell: Any) -> int:
    return _scaled_fen(cell, 1_000)


def _scaled_fen(cell: Any, times: int) -> int:
    """Return money of a column that is headed by a larger unit; a unit in the cell outweighs it."""
    is_plain = not isinstance(cell, str) or not re.search(
        r"[万萬亿億千元圆wk]", cell, re.IGNORECASE
    )
    value = amount(cell, is_money=True)
    return _fen(_in_range(value * times) if is_plain else value)


def _years_of_months(cell: Any) -> int:
    if isinstance(cell, str) and re.search("年|year", cell):
        return years(cell)
    return _whole_years(whole(re.sub(r"个?月$", "", cell) if isinstance(cell, str) else cell), cell)


BY_UNIT: dict[Callable[[Any], Any], dict[str, Callable[[Any], Any]]] = {
    fen: {
        **dict.fromkeys(("元", "人民币", "人民币元", "rmb", "cny", "yuan", "¥", "圆"), fen),
        **dict.fromkeys(("万元", "万", "人民币万元", "10000元"), _fen_of_ten_thousands),
        **dict.fromkeys(("千元", "千"), _fen_of_thousands),
    },
    years: {
        **dict.fromkeys(("年", "years", "year"), years),
        **dict.fromkeys(("月", "个月", "months"), _years_of_months),
    },
}
"""What a unit in the heading of a column, such as 原值（万元）, makes of its parser.

A column that is not in here takes any unit; a unit that is not in here is refused.
"""

AMOUNTS = frozenset(
    {number, whole, fen, years, *(parse for units in BY_UNIT.values() for parse in units.values())}
)
"""Parsers of what adds up: a merged cell holds it once, and not for every row."""


def amount_reading(cell: str, fen_value: int) -> str | None:
    """Return the yuan that a text such as 1.78万 was read as; None where it shows them itself."""
    is_plain = not re.search("[千万萬亿億kw]", unicodedata.normalize("NFKC", cell), re.IGNORECASE)
    return None if is_plain else f"{Decimal(fen_value) / 100:,.2f}"
