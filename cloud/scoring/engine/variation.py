"""How much the schools of a group differ: coefficients of variation that a standard limits. Pure.

The coefficient is the standard deviation over the mean of what is measured at each school that
teaches the stage, each school counted by its pupils of that stage; where the pupils of a school of
the group are not known, each school counts as one. A school without data is left out and counted.
"""

import polars as pl

from cloud.scoring.engine.column_names import ClauseColumns, StageColumns
from cloud.scoring.engine.engine import EPSILON, Scores, taught
from cloud.scoring.standard.attainment import STAGES, Stage
from cloud.scoring.standard.standard import Variation

COLUMNS = {
    "rule": pl.String,
    "clause": pl.String,
    "group": pl.String,
    "stage": pl.String,
    "schools": pl.Int64,
    "without_data": pl.Int64,
    "mean": pl.Float64,
    "variation": pl.Float64,
    "at_most": pl.Float64,
    "within": pl.Boolean,
}


def variations(scores: Scores) -> pl.DataFrame:
    """Return a row for each rule, clause, group and stage; `within` is null without data."""
    frames = [
        _of_clause(scores, rule, clause, stage, most)
        for rule in scores.standard.variation
        for clause in rule.clauses
        for stage, most in rule.at_most.items()
    ]
    return pl.concat([pl.DataFrame(schema=COLUMNS), *frames])


def _of_clause(
    scores: Scores, rule: Variation, clause: str, stage: Stage, most: float
) -> pl.DataFrame:
    table = scores.table.with_columns(taught(scores.table))
    columns, at = ClauseColumns(clause), StageColumns(stage)
    alone = pl.sum_horizontal(pl.col(StageColumns(name).taught) for name in STAGES) == 1
    pupils = pl.coalesce(pl.col(at.size("pupils")), pl.when(alone).then(pl.col("pupils")))
    rows = (
        table.select(
            "id",
            pl.col(rule.by).alias("group"),
            pl.col(at.taught).alias("teaches"),
            pupils.cast(pl.Float64).alias("pupils"),
        )
        .join(
            scores.clauses.select(
                "id",
                pl.col(columns.measured).alias("measured"),
                pl.col(columns.weight).alias("weight"),
            ),
            on="id",
        )
        .filter(pl.col("teaches") & (pl.col("weight") > 0) & pl.col("group").is_not_null())
        .sort("group", "id")
    )
    known = rows.filter(pl.col("measured").is_not_null()).with_columns(
        pl.when(((pl.col("pupils") > 0).fill_null(value=False)).all().over("group"))
        .then(pl.col("pupils"))
        .otherwise(1.0)
        .alias("counts")
    )
    share = pl.col("counts") / pl.col("counts").sum()
    mean = (share * pl.col("measured")).sum()
    spread = (share * (pl.col("measured") - mean) ** 2).sum().sqrt()
    spreads = known.group_by("group", maintain_order=True).agg(
        mean.alias("mean"), pl.when(mean > 0).then(spread / mean).alias("variation")
    )
    return (
        rows.group_by("group", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("schools"),
            pl.col("measured").null_count().cast(pl.Int64).alias("without_data"),
        )
        .join(spreads, on="group", how="left", maintain_order="left")
        .select(
            pl.lit(rule.id).alias("rule"),
            pl.lit(clause).alias("clause"),
            "group",
            pl.lit(stage).alias("stage"),
            "schools",
            "without_data",
            "mean",
            "variation",
            pl.lit(float(most)).alias("at_most"),
            (pl.col("variation") <= most + EPSILON).alias("within"),
        )
    )
