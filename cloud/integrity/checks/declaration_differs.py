"""One declared figure that is somewhat too high: a note to check it again, no more. Pure.

What is far too high, or too high in several figures at once, is `false_declaration`.
"""

import polars as pl

from cloud.integrity.check import Check, Judged, with_figures
from cloud.integrity.declared_figures import figures, row_text, rows_of
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds

_STRENGTH = 0.3
"""The least that a finding has: a typing error is never stronger than that."""


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    compared = figures(facts, thresholds.declared)
    wrong = pl.col("over") & ~pl.col("is_far")
    schools = (
        compared.group_by("school")
        .agg(pl.len().alias("compared"), wrong.any().alias("wrong"), pl.col("excess").max())
        .with_columns(pl.when("wrong").then(_STRENGTH).alias("strength"))
    )
    return Judged(schools, rows_of(facts, compared.filter(wrong), compared.filter(~wrong)))


CHECK = Check(
    id="declaration_differs",
    judge=_judge,
    reason=with_figures("integrity.declaration_differs.reason", "compared", "excess"),
    row_text=row_text,
)
