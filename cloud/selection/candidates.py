"""The schools of an assessment as rows that a selection reads. Pure."""

from collections.abc import Mapping, Sequence

import polars as pl

from cloud.registry.codes import statistics
from cloud.scoring.engine.best_case import marks_without_data
from cloud.scoring.engine.engine import Scores
from cloud.scoring.standard.attainment import STAGES
from cloud.scoring.standard.standard import Standard

COLUMNS: Mapping[str, type[pl.DataType]] = {
    "id": pl.String,
    "name": pl.String,
    "value": pl.Float64,
    "coverage": pl.Float64,
    "division": pl.String,
    "stage": pl.String,
    "urban_rural": pl.String,
}
FAILED: Mapping[str, str] = {
    "gates": "failed_gates",
    "marks": "failed_marks",
    "rules": "failed_rules",
}


def candidates(scores: Scores) -> pl.DataFrame:
    """Return the schools of an assessment: value, coverage, what failed, groups, columns for ties.

    `marks_without_data` are the pass marks that a school misses only for lack of data.

    The stage is the highest one that the school's type teaches, as school statistics count mixed
    schools; where the type is unknown the one with the most pupils.
    """
    known = scores.table["school_type"].drop_nulls().unique().to_list()
    highest = {kind: taught[-1] for kind in known if (taught := statistics.stages(kind))}
    by_type = pl.col("school_type").replace_strict(highest, default=None, return_dtype=pl.String)
    sizes = [pl.col(f"pupils_{stage}").fill_null(0) for stage in STAGES]
    largest = pl.concat_list(sizes).list.arg_max()
    by_size = pl.when(pl.max_horizontal(sizes) > 0).then(
        largest.replace_strict(dict(enumerate(STAGES)), default=None, return_dtype=pl.String)
    )
    return (
        scores.table.select(
            "id",
            "name",
            "division",
            "urban_rural",
            pl.when(pl.col("school_type").is_null())
            .then(by_size)
            .otherwise(by_type)
            .alias("stage"),
            "pupils",
            "classes",
            "teachers",
        )
        .join(scores.totals, on="id", maintain_order="left")
        .join(
            scores.dimensions.select(
                "id", *(dimension.id for dimension in scores.standard.dimensions)
            ),
            on="id",
            maintain_order="left",
        )
        .join(marks_without_data(scores), on="id", maintain_order="left")
    )


def usual_order(standard: Standard) -> Sequence[str]:
    """Return the order of ties where rules give none: dimensions by weight, then coverage."""
    return (*(d.id for d in sorted(standard.dimensions, key=lambda d: -d.weight)), "coverage")
