"""Batches of dangerous chemicals whose count agrees with the register ÷ batches.

A batch that was not counted within `days` has no data. Asked where `chemical_controls` is.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    MET_OR_NO_DATA,
    Indicator,
    Parameter,
    Parameters,
    or_nothing_to_judge,
    rows_of,
)
from cloud.scoring.indicators.builders.chemicals import only_where_stocked, owners

_SLACK = 1e-6


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    since = pl.lit(evidence.end) - pl.duration(days=int(parameters["days"]))
    counted = (
        pl.col("counted_quantity").is_not_null() & (pl.col("counted_on") >= since)
    ).fill_null(value=False)
    agrees = (pl.col("counted_quantity") - pl.col("book_quantity")).abs() <= _SLACK
    rows = rows_of(
        evidence.chemicals,
        ref=pl.format("chemical:{}", pl.col("batch_no")),
        label=pl.format("{} {}", pl.col("batch_no"), pl.col("name")),
        part=counted & agrees.fill_null(value=False),
        unknown=~counted,
    )
    return only_where_stocked(rows, evidence, owners(evidence))


INDICATOR = Indicator(
    id="chemicals_agree",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(MET_OR_NO_DATA),
    parameters={"days": Parameter("number", "days for which a count holds", 180)},
)
