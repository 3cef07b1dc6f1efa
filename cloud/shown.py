"""A figure as every page, sentence and report shows it. Pure."""

import math

NEAR = 1e-6
"""Of the last digit shown: what falls short by less does so by the computer's arithmetic alone."""


def cut(value: float, digits: int = 2) -> float:
    """Return a figure cut to its digits: what is short of a mark must not look as if it met it."""
    factor = 10.0**digits
    return math.floor(value * factor + NEAR) / factor


def percent(share: float, digits: int = 1) -> str:
    """Return a share in percent as every page, sentence and report shows it: cut to its digits."""
    return f"{cut(100 * share, digits):.{digits}f}%"
