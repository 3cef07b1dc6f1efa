"""Networked multimedia rooms per 100 pupils: rooms with a working display ÷ pupils x 100."""

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import (
    Indicator,
    Parameters,
    Sums,
    Words,
    in_use_assets,
    rows_of,
    yes_no,
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
        part=pl.lit(100.0),
        whole=pl.lit(0.0),
    )
    due = rows_of(
        evidence.schools.filter(pl.col("pupils") > 0),
        ref=pl.lit("school"),
        label=pl.format("{} pupils", pl.col("pupils")),
        part=pl.lit(0.0),
        whole=pl.col("pupils"),
    )
    return pl.concat([have, due])


def _reason(sums: Sums) -> Words:
    rooms = sums.part / 100
    return Words(
        f"学生 {sums.whole:.0f} 人，装有可用大屏的房间 {rooms:.0f} 间。",
        f"{sums.whole:.0f} pupils and {rooms:.0f} rooms with a working display.",
    )


INDICATOR = Indicator(
    id="multimedia_rooms_per_100_pupils",
    unit="/100",
    rows=_rows,
    reason=_reason,
    tell=yes_no("装有可用大屏", "学生数", "has a working display", "number of pupils"),
    parameters={},
)
