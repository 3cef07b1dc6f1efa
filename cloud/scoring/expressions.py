"""Sums, quotients and names over whole columns, the same to the last bit in any table. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add

import polars as pl

EPSILON = 1e-9
"""Marks, gates and rules are met by what falls short only by rounding."""


def over(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return part ÷ whole, rounded alike in a table of one row and of many.

    Polars multiplies a column by the inverse of a number, where the column has more than one row,
    which may differ from dividing by it in the last bit; two columns it divides. So the whole is
    made a column like the part.
    """
    return part / (whole + 0.0 * part)


def summed(parts: Iterable[pl.Expr]) -> pl.Expr:
    """Return the sum, added one after the other; Polars' own may add in any order."""
    return reduce(add, parts, pl.lit(0.0))


def any_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    """Return whether any holds."""
    return pl.any_horizontal(parts) if parts else pl.lit(value=False)


def below(value: pl.Expr, mark: float) -> pl.Expr:
    """Return whether a value falls short of a mark; one that is not known does."""
    return (value < mark - EPSILON).fill_null(value=True)


def names(holding: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the list of the names of which an expression holds."""
    if not holding:
        return pl.lit([], pl.List(pl.String))
    named = [pl.when(holds).then(pl.lit(name)) for name, holds in holding.items()]
    return pl.concat_list(named).list.drop_nulls()
