"""Declared figures far above what ledger or telemetry leave possible, or several of them. Pure.

Only too much is asked about: a school that declares less than was measured gains nothing. One
figure that is somewhat off may be a typing error, and is `declaration_differs`.
"""

import polars as pl

from cloud.integrity.check import Check, Judged, with_figures
from cloud.integrity.declared_figures import figures, row_text, rows_of
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    compared = figures(facts, thresholds.declared)
    more = 0.25 * (pl.col("over").cast(pl.Float64) - 1)
    further = 0.2 * (pl.col("excess") - thresholds.declared.far)
    schools = (
        compared.group_by("school")
        .agg(
            pl.len().alias("compared"),
            pl.col("over").sum(),
            pl.col("excess").max(),
            pl.col("is_far").any(),
        )
        .with_columns(
            pl.when("is_far")
            .then((thresholds.medium + more + further).clip(thresholds.medium, 1.0))
            .alias("strength")
        )
    )
    wrong = pl.col("over") & pl.col("is_far")
    return Judged(schools, rows_of(facts, compared.filter(wrong), compared.filter(~wrong)))


CHECK = Check(
    id="false_declaration",
    judge=_judge,
    reason=with_figures("integrity.false_declaration.reason", "compared", "over", "excess"),
    row_text=row_text,
)
