"""What a score could be, had everything without data been found as good as it can be. Pure.

A score counts what has no data as the worst. The other end of what is possible shows whether a pass
mark is missed by what was found, or only by what was not looked at:

- of a clause with data for a part of its evidence: the best attainment between its two ends;
- of a clause without any evidence: all that it can attain, up to the cap of what is declared;
- of a clause without missing data: what it attained.

Only where clauses add up: of a standard with other than arithmetic means nothing is returned.
"""

import numpy as np
import polars as pl

from cloud.scoring.engine.column_names import ClauseColumns
from cloud.scoring.engine.engine import Scores, by_stage
from cloud.scoring.expressions import EPSILON
from cloud.scoring.standard.attainment import Band
from cloud.scoring.standard.attainment_numpy import Figures, attained_by
from cloud.scoring.standard.standard import TOTAL, Clause, Standard


def best_values(scores: Scores) -> pl.DataFrame:
    """Return of each school the best that its dimensions and its total can be, in its scale.

    Columns: id, the dimensions by their ids, "total". Null where a dimension does not apply, and
    everywhere where clauses do not add up.
    """
    standard = scores.standard
    if not adds_up(standard):
        nothing = [dimension.id for dimension in standard.dimensions]
        return scores.table.select(
            "id", *(pl.lit(None, pl.Float64).alias(name) for name in (*nothing, TOTAL))
        )
    work, stages = by_stage(standard, scores.table)
    results = scores.clauses
    points = {
        clause.id: _best(standard, clause, work, results, stages) for clause in standard.clauses
    }
    weights = {
        clause.id: results[ClauseColumns(clause.id).weight].to_numpy()
        for clause in standard.clauses
    }
    values: dict[str, Figures] = {}
    for dimension in standard.dimensions:
        inside = [clause.id for clause in standard.clauses if clause.dimension == dimension.id]
        weight = np.sum([weights[name] for name in inside], axis=0)
        earned = np.sum([points[name] for name in inside], axis=0)
        values[dimension.id] = _over(earned, weight) * standard.scale
    whole = np.sum(list(weights.values()), axis=0)
    values[TOTAL] = _over(np.sum(list(points.values()), axis=0), whole) * standard.scale
    return pl.DataFrame({"id": results["id"], **values}).with_columns(
        pl.col(*values).fill_nan(None)
    )


def marks_without_data(scores: Scores) -> pl.DataFrame:
    """Return of each school the pass marks that it misses for lack of data.

    Columns: id, `marks_without_data`.

    Those that it fails as it was found, and would pass if what has no data was as good as it can
    be.
    """
    best = best_values(scores)
    marks: dict[str, float | None] = {
        dimension.id: dimension.pass_mark for dimension in scores.standard.dimensions
    }
    marks[TOTAL] = scores.standard.pass_mark
    reached = [
        pl.when(
            (pl.col(f"{name}:best") >= mark - EPSILON) & pl.col("failed_marks").list.contains(name)
        ).then(pl.lit(name))
        for name, mark in marks.items()
        if mark is not None
    ]
    names = pl.concat_list(reached) if reached else pl.lit([], pl.List(pl.String))
    return (
        scores.totals.select("id", "failed_marks")
        .join(best.rename(lambda name: name if name == "id" else f"{name}:best"), on="id")
        .select("id", names.list.drop_nulls().alias("marks_without_data"))
    )


def adds_up(standard: Standard) -> bool:
    """Return whether the points of clauses add up to dimensions and to the total."""
    together = {standard.aggregate, *(dimension.aggregate for dimension in standard.dimensions)}
    return together == {"arithmetic"}


def _best(
    standard: Standard, clause: Clause, work: pl.DataFrame, results: pl.DataFrame, stages: list[str]
) -> Figures:
    """Return the best share of its weight that a clause can earn, times the weight, by school."""
    columns = ClauseColumns(clause.id)
    weight = results[columns.weight].to_numpy()
    attained = results[columns.attainment].to_numpy()
    seen = results[columns.seen].fill_null(0.0).to_numpy()
    capped = np.full(weight.size, 1.0)
    if clause.data_source == "declared":
        confirmed = work[columns.confirmed].fill_null(value=False).to_numpy()
        capped = np.where(confirmed, 1.0, standard.declared_cap)
    by_school = np.zeros(weight.size)
    whole = work[columns.known_whole].to_numpy()
    for stage in stages:
        share = columns.stage_weight(stage)
        if share not in work.columns or not clause.curve.knows(stage):
            continue
        got = np.minimum(_between(clause, work, whole, stage), capped)
        by_school += np.nan_to_num(got) * np.nan_to_num(work[share].to_numpy())
    partly = np.isfinite(attained) & (seen < 1.0 - EPSILON)
    best = np.where(np.isfinite(attained), attained, capped) * weight
    earned: Figures = np.where(partly, np.maximum(best, by_school), best)
    return earned


def _between(clause: Clause, work: pl.DataFrame, whole: Figures, stage: str) -> Figures:
    """Return the best attainment between the worst and the best figure of a clause."""
    columns, curve = ClauseColumns(clause.id), clause.curve
    low, high = work[columns.low].to_numpy(), work[columns.high].to_numpy()
    figures = [low, high]
    if isinstance(curve, Band):
        figures += [np.clip(edge, low, high) for edge in (curve.low, curve.high)]
    best: Figures = np.max([attained_by(curve, at, whole, stage) for at in figures], axis=0)
    return best


def _over(earned: Figures, weight: Figures) -> Figures:
    share: Figures = np.divide(earned, weight, out=np.full(weight.size, np.nan), where=weight > 0)
    return share
