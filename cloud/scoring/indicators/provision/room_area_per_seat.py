"""Area of rooms of some uses ÷ their seats, in square metres.

A room that does not state its seats counts with `seats`; one that does not state both seats and
area has no data.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    AMOUNT_OR_NO_DATA,
    Indicator,
    Parameter,
    Parameters,
    rows_of,
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


INDICATOR = Indicator(
    id="room_area_per_seat",
    unit="m²",
    rows=_rows,
    row_text=AMOUNT_OR_NO_DATA,
    parameters={
        "uses": USES,
        "seats": Parameter("number", "seats of a room that does not state them", 50),
    },
)
