"""Text in columns of a terminal, where a Chinese character takes two."""

from collections.abc import Sequence
from unicodedata import east_asian_width


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if east_asian_width(char) in "FW" else 1 for char in text)


def padded(text: str, width: int) -> str:
    """Return a text with blanks up to so many columns."""
    return text + " " * max(0, width - columns(text))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines whose columns are aligned, two blanks apart; the last is not padded."""
    widths = [max(map(columns, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
