"""What stands beside a score: gates, rules, pass marks, grades. Pure.

None of it changes the score. A gate and a mark are not passed by what is not known; a clause that
does not apply has no gate, and is no miss of a rule.
"""

from collections.abc import Iterable
from functools import reduce
from operator import and_

import polars as pl

from cloud.scoring.expressions import EPSILON, any_of, below, names, summed
from cloud.scoring.standard.standard import TOTAL, Rule, Standard


def failures(standard: Standard) -> Iterable[pl.Expr]:
    """Return the gates, rules and marks that a school fails, from what its clauses came to."""
    gates = {
        clause.id: _applies(clause.id) & below(_of(clause.id, "measured"), clause.gate)
        for clause in standard.clauses
        if clause.gate is not None
    }
    marks = {
        one.id: pl.col(f"asked:{one.id}") & below(pl.col(f"dimension:{one.id}"), one.pass_mark)
        for one in standard.dimensions
        if one.pass_mark is not None
    }
    if standard.pass_mark is not None:
        marks[TOTAL] = below(pl.col("total:raw"), standard.pass_mark)
    yield names(gates).alias("total:failed_gates")
    yield names(marks).alias("total:failed_marks")
    yield names({rule.id: _breaks(rule) for rule in standard.rules}).alias("total:failed_rules")


def verdicts(standard: Standard) -> Iterable[pl.Expr]:
    """Return the value, the grade and whether the school passes."""
    coverage, raw = pl.col("total:coverage"), pl.col("total:raw")
    rated = raw.is_not_null() & (coverage >= standard.min_coverage - 1e-12)
    grade = pl.lit(None, pl.String)
    for name, least in sorted(standard.grades.items(), key=lambda pair: pair[1]):
        grade = pl.when(raw >= least - EPSILON).then(pl.lit(name)).otherwise(grade)
    fine = [pl.col(f"total:failed_{what}").list.len() == 0 for what in ("gates", "marks", "rules")]
    yield pl.when(rated).then(raw).alias("total:value")
    yield pl.when(rated).then(grade).alias("total:grade")
    yield reduce(and_, fine, rated).alias("total:passed")


def _breaks(rule: Rule) -> pl.Expr:
    asked = sorted(rule.of)
    got = {name: _of(name, "attainment").fill_null(0.0) for name in asked}
    missed = [_applies(name) & below(got[name], rule.attained) for name in asked]
    too_low = [_applies(name) & below(got[name], rule.others_at_least) for name in asked]
    many = summed(one.cast(pl.Float64) for one in missed)
    return (many > len(asked) - rule.at_least) | any_of(too_low)


def _of(clause: str, what: str) -> pl.Expr:
    return pl.col(f"clause:{clause}.{what}")


def _applies(clause: str) -> pl.Expr:
    return _of(clause, "weight") > 0
