"""Area of rooms of some uses ÷ their seats, in square metres.

A room that does not state its seats is taken to have `seats`, and of one that does not state both
seats and area nobody knows how much there is for each.
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
)
from cloud.scoring.indicators.builders.room_needs import USES, room_label, room_ref, rooms_like


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    stated = pl.when(pl.col("seats") > 0).then(pl.col("seats"))
    seats = stated.fill_null(int(parameters["seats"])).cast(pl.Float64)
    area = pl.when((pl.col("area_m2") > 0) & (pl.col("seats") > 0)).then(pl.col("area_m2"))
    return rows_of(
        rooms_like(evidence, parameters["uses"]),
        ref=room_ref(),
        label=room_label(),
        part=area.fill_null(0.0),
        whole=seats,
        unknown=pl.when(area.is_null()).then(seats).otherwise(0.0),
    )


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["unknown"]:
        return LocalizedText(
            f"{row['label']}：未登记面积或座位数", f"{row['label']}: area or seats not stated"
        )
    each = row["part"] / row["whole"]
    return LocalizedText(
        f"{row['label']}：{row['part']:g} 平方米，{row['whole']:.0f} 座，每座 {each:.2f} 平方米",
        f"{row['label']}: {row['part']:g} m² for {row['whole']:.0f} seats, {each:.2f} m² each",
    )


INDICATOR = Indicator(
    id="room_area_per_seat",
    unit="m²",
    rows=_rows,
    reason=sentence(
        "面积合计 {part:,.0f} 平方米，座位 {whole:,.0f} 个，每座 {each:.2f} 平方米。",
        "{part:,.0f} m² for {whole:,.0f} seats: {each:.2f} m² each.",
    ),
    tell=_tell,
    parameters={
        "uses": USES,
        "seats": Parameter("number", "seats of a room that does not state them", 50),
    },
)
