"""A score as it is published: cut to its digits, never rounded up. Pure.

What is short of a mark must not look as if it had met it, and a score shown must be the one that
decided. `score` of the web app (`format.ts`) cuts the same way.
"""

from cloud.shown import NEAR, cut

__all__ = ["NEAR", "cut", "published", "shortfall"]


def published(value: float, digits: int = 2) -> str:
    """Return a score as it is shown everywhere."""
    return f"{cut(value, digits):.{digits}f}"


def shortfall(value: float, digits: int = 2) -> str:
    """Return what is lacking to a score: never less than it is."""
    return f"{-cut(-value, digits):.{digits}f}"
