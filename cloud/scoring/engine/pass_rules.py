"""Judge a score by gates, rules, pass marks and grades. Pure.

None of it changes the score. A figure that is not known passes no gate and no mark; a clause that
does not apply has no gate, and is no miss of a rule.
"""

from collections.abc import Iterable
from functools import reduce
from operator import and_

import polars as pl

from cloud.scoring.engine.column_names import ClauseColumns, DimensionColumns, result, total
from cloud.scoring.expressions import EPSILON, any_of, below, names, summed
from cloud.scoring.standard.standard import TOTAL, Rule, Standard


def failures(standard: Standard) -> Iterable[pl.Expr]:
    """Return the gates, rules and marks that a school fails, from what its clauses came to."""
    gates = {
        clause.id: _applies(clause.id) & below(_measured(clause.id), clause.gate)
        for clause in standard.clauses
        if clause.gate is not None
    }
    marks = {
        dimension.id: pl.col(columns.applies)
        & below(pl.col(result(columns.value)), dimension.pass_mark)
        for dimension in standard.dimensions
        for columns in [DimensionColumns(dimension.id)]
        if dimension.pass_mark is not None
    }
    if standard.pass_mark is not None:
        marks[TOTAL] = below(pl.col(total("raw")), standard.pass_mark)
    rules = {rule.id: _breaks(rule) for rule in standard.rules}
    yield names(gates).alias(total("failed_gates"))
    yield names(marks).alias(total("failed_marks"))
    yield names(rules).alias(total("failed_rules"))


def verdicts(standard: Standard) -> Iterable[pl.Expr]:
    """Return the value, the grade and whether the school passes."""
    coverage, raw = pl.col(total("coverage")), pl.col(total("raw"))
    rated = raw.is_not_null() & (coverage >= standard.min_coverage - 1e-12)
    grade = pl.lit(None, pl.String)
    for name, least in sorted(standard.grades.items(), key=lambda pair: pair[1]):
        grade = pl.when(raw >= least - EPSILON).then(pl.lit(name)).otherwise(grade)
    failed = (total("failed_gates"), total("failed_marks"), total("failed_rules"))
    fine = [pl.col(column).list.len() == 0 for column in failed]
    yield pl.when(rated).then(raw).alias(total("value"))
    yield pl.when(rated).then(grade).alias(total("grade"))
    yield reduce(and_, fine, rated).alias(total("passed"))


def _breaks(rule: Rule) -> pl.Expr:
    clauses = sorted(rule.of)
    attained = {
        clause: pl.col(result(ClauseColumns(clause).attainment)).fill_null(0.0)
        for clause in clauses
    }
    missed = [_applies(name) & below(attained[name], rule.attained) for name in clauses]
    too_low = [_applies(name) & below(attained[name], rule.others_at_least) for name in clauses]
    misses = summed(is_missed.cast(pl.Float64) for is_missed in missed)
    return (misses > len(clauses) - rule.at_least) | any_of(too_low)


def _measured(clause: str) -> pl.Expr:
    return pl.col(result(ClauseColumns(clause).measured))


def _applies(clause: str) -> pl.Expr:
    return pl.col(result(ClauseColumns(clause).weight)) > 0
