"""A score as it is published: cut to its digits, never rounded up. Pure.

What is short of a mark must not look as if it had met it, and a score shown must be the one that
decided. `score` of the web app (`format.ts`) cuts the same way.
"""

import math

NEAR = 1e-6
"""Of the last digit shown: what falls short by less does so by the computer's arithmetic alone."""


def cut(value: float, digits: int = 2) -> float:
    """Return a figure cut to its digits."""
    factor = 10.0**digits
    return math.floor(value * factor + NEAR) / factor


def published(value: float, digits: int = 2) -> str:
    """Return a score as it is shown everywhere."""
    return f"{cut(value, digits):.{digits}f}"


def shortfall(value: float, digits: int = 2) -> str:
    """Return what is lacking to a score: never less than it is."""
    return f"{-cut(-value, digits):.{digits}f}"
