"""Batches of dangerous chemicals whose count agrees with the book ÷ batches.

A batch that was not counted within `days` was seen by nobody. Asked where `chemical_controls` is.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameter,
    Parameters,
    rows_of,
    sentence,
    unless_nothing,
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


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["unknown"]:
        return LocalizedText(f"{row['label']}：近期没有清点", f"{row['label']}: not counted lately")
    if row["part"]:
        return LocalizedText(f"{row['label']}：账物相符", f"{row['label']}: agrees with the book")
    return LocalizedText(
        f"{row['label']}：账物不符", f"{row['label']}: does not agree with the book"
    )


INDICATOR = Indicator(
    id="chemicals_agree",
    unit="%",
    rows=_rows,
    reason=sentence(
        "危化品 {whole:.0f} 批，账物相符 {part:.0f} 批（{share}），未清点 {unknown:.0f} 批。",
        "{part:.0f} of {whole:.0f} batches of chemicals agree with the book ({share}); "
        "{unknown:.0f} were not counted.",
    ),
    tell=unless_nothing(_tell, "没有危化品，也没有理化生实验室", "no chemicals and no laboratory"),
    parameters={"days": Parameter("number", "days for which a count holds", 180)},
)
