"""Networked multimedia rooms per 100 pupils: rooms with a working display ÷ pupils x 100."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameters,
    Sums,
    due_of_school,
    in_use_assets,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    equipped = (
        in_use_assets(evidence)
        .filter((pl.col("category") == "display") & pl.col("room").is_not_null())
        .select("school", "room")
        .unique()
    )
    have = rows_of(
        equipped,
        ref=pl.format("room:{}", pl.col("room")),
        label=pl.col("room"),
        part=pl.lit(1.0),
        whole=pl.lit(0.0),
    )
    return pl.concat([have, due_of_school(evidence, pl.col("pupils") / 100)])


def _reason(sums: Sums) -> LocalizedText:
    pupils = 100 * sums.whole
    return LocalizedText(
        f"学生 {pupils:.0f} 人，装有可用大屏的房间 {sums.part:.0f} 间。",
        f"{pupils:.0f} pupils and {sums.part:.0f} rooms with a working display.",
    )


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["ref"] == SCHOOL:
        pupils = 100 * row["whole"]
        return LocalizedText(f"学生 {pupils:.0f} 人", f"{pupils:.0f} pupils")
    return LocalizedText(f"{row['label']}：装有可用大屏", f"{row['label']}: has a working display")


INDICATOR = Indicator(
    id="multimedia_rooms_per_100_pupils",
    unit="/100",
    rows=_rows,
    reason=_reason,
    tell=_tell,
)
