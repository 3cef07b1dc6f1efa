"""At which score a school comes in, where improvements change the order of ties too. Pure.

At one score, the level, a school has the same sum as those that would be selected without it, and
the columns of `tie_break` decide. Improvements raise the columns of dimensions together with the
score. So there are several ways in: a higher score, or the level with columns that come first. The
order is lexicographic, so the second is one way for each column: every column before it is at least
as good, and this one is better.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from cloud.scoring.engine.engine import Scores
from cloud.selection.candidates import candidates
from cloud.selection.rules import SelectionRules

DECIMALS = 9
"""To which columns are compared, as the published order compares them."""
_BETTER = 1e-6
"""A column of a dimension is better by so much at the least."""
SCORES = frozenset({"value", "raw"})
"""Columns that are the total score itself."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A school that another one is level with at a score; columns by their names."""

    level: float
    columns: Mapping[str, float | None]
    other_columns: Mapping[str, float | None]
    is_first_by_code: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A column that improvements have to bring to a figure: at least, or at most."""

    column: str
    figure: float
    is_most: bool


@dataclass(frozen=True, slots=True)
class Way:
    """A way in: a score of so much, and bounds of columns."""

    score: float
    bounds: tuple[Bound, ...] = ()


def tie_of(scores: Scores, rules: SelectionRules, school: str, other: str, level: float) -> Tie:
    """Return the tie of a school with another one at a score."""
    both = pl.col("id").is_in([school, other])
    few = Scores(
        standard=scores.standard,
        table=scores.table.filter(both),
        totals=scores.totals.filter(both),
        dimensions=scores.dimensions.filter(both),
        clauses=scores.clauses.filter(both),
    )
    rows = {row["id"]: row for row in candidates(few).iter_rows(named=True)}
    columns, other_columns = (
        {name: rows[code][name] for name, _ in _columns(rules)} for code in (school, other)
    )
    return Tie(level, columns, other_columns, is_first_by_code=school < other)


def ways(tie: Tie, rules: SelectionRules, dimensions: Sequence[str]) -> Iterator[Way]:
    """Yield every way in; who takes one of them is in, and who takes none is not."""
    yield Way(tie.level + 10**-rules.decimals)
    bounds: tuple[Bound, ...] = ()
    for name, is_less_first in _columns(rules):
        figure, other = tie.columns[name], tie.other_columns[name]
        if figure is None or other is None or not (name in dimensions or name in SCORES):
            order = _compared(figure, other, is_less_first=is_less_first)
            if order:
                if order > 0:
                    yield Way(tie.level, bounds)
                return
            continue
        better = -_BETTER if is_less_first else _BETTER
        yield Way(tie.level, (*bounds, Bound(name, other + better, is_less_first)))
        bounds = (*bounds, Bound(name, other, is_less_first))
    if tie.is_first_by_code:
        yield Way(tie.level, bounds)


def _columns(rules: SelectionRules) -> list[tuple[str, bool]]:
    """Return the columns of the order of ties, and of each whether less comes first."""
    order = ("coverage",) if rules.tie_break is None else rules.tie_break
    return [(name.removeprefix("-"), name.startswith("-")) for name in order]


def _compared(figure: float | None, other: float | None, *, is_less_first: bool) -> int:
    """Return 1 where a figure comes before another, -1 where it comes after; no figure is last."""
    if figure is None or other is None:
        return (figure is not None) - (other is not None)
    figure, other = round(figure, DECIMALS), round(other, DECIMALS)
    sign = (figure > other) - (figure < other)
    return -sign if is_less_first else sign
