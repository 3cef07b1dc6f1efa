"""Whole numbers as Excel shows them: the format 000000 makes 000012 of 12. Pure.

Only formats that make an identifier are followed: digits that are padded with zeros, and text
around them. Of all others (thousands, decimals, percent, money) the value is what counts.
"""

import re
from collections.abc import Callable
from typing import Self

Show = Callable[[float], str | None]

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<pad>_.)|(?P<repeat>\*.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<digit>[0#?])|(?P<other>.)",
    re.DOTALL,
)
_PLAIN = frozenset("-+/():!^&'~{}<>= $")
"""What a format shows as it is."""
_MONEY = frozenset("$¥￥€£元")


class FormattedNumber(float):
    """A number with the text that its format shows."""

    __slots__ = ("shown",)

    shown: str

    def __new__(cls, value: float, shown: str) -> Self:
        """Return the number with its text."""
        number = super().__new__(cls, value)
        number.shown = shown
        return number


def shown_by(code: str) -> Show | None:
    """Return what shows a whole number in the format; None where the value is enough."""
    section = code.split(";", maxsplit=1)[0]
    pieces: list[str | None] = []  # a text, or None for the place of a digit
    needed = 0
    for match in _TOKEN.finditer(section):
        piece = _piece(match)
        if piece is None:
            return None
        if match["digit"]:
            pieces.append(None)
            needed += match["digit"] == "0"
        elif piece:
            pieces.append(piece)
    places = pieces.count(None)
    texts = "".join(piece for piece in pieces if piece is not None)
    if not places or not (needed > 1 or texts.strip()) or _MONEY & set(texts):
        return None
    padded = _padding(section)

    def show(value: float) -> str | None:
        if value < 0 or value != int(value) or value >= 10**15:
            return None
        digits = str(int(value)).rjust(padded, "0")
        return _laid_out(pieces, digits, places)

    return show


def _piece(match: re.Match[str]) -> str | None:
    """Return the text that a token shows; None where the format does not make an identifier."""
    if match["quoted"] is not None:
        return match["quoted"]
    if match["escaped"] is not None:
        return match["escaped"]
    if match["bracket"] is not None:
        return _bracket(match["bracket"])
    if match["other"] is not None:
        return match["other"] if match["other"] in _PLAIN or match["other"] > "\x7f" else None
    return ""


def _bracket(content: str) -> str | None:
    """Return the text of a currency bracket; colours and locales show nothing."""
    if content.startswith("$"):
        return content[1:].split("-", maxsplit=1)[0]
    return "" if content.isalnum() else None


def _padding(section: str) -> int:
    """Return how many digits are shown at least: from the first 0 on, every place."""
    digits = [match["digit"] for match in _TOKEN.finditer(section) if match["digit"]]
    return len(digits) - digits.index("0") if "0" in digits else 0


def _laid_out(pieces: list[str | None], digits: str, places: int) -> str:
    """Return the digits in their places, from the right; what is over goes to the first place."""
    if len(digits) > places:
        first, rest = digits[: len(digits) - places + 1], digits[len(digits) - places + 1 :]
        in_places = [first, *rest]
    else:
        in_places = [""] * (places - len(digits)) + list(digits)
    shown = iter(in_places)
    return "".join(next(shown) if piece is None else piece for piece in pieces).strip()
