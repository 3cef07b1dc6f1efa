"""Hours of lessons with good air or light, room by room. Pure."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    AMOUNT_OR_NO_DATA,
    CALENDAR,
    Indicator,
    Parameters,
    rows_of,
)
from cloud.scoring.indicators.builders.room_needs import room_label


def air_share(name: str, quantity: str) -> Indicator:
    """Return the indicator: hours of lessons in which it was good ÷ hours of lessons."""

    def rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
        names = evidence.rooms.select("school", "room", "name")
        measured = evidence.air.filter(
            (pl.col("quantity") == quantity) & (pl.col("occupied_s") > 0)
        ).join(names, on=["school", "room"], how="left")
        return rows_of(
            measured,
            ref=pl.format("air:{}/{}", "quantity", "room"),
            label=room_label(),
            part=pl.col("good_s") / 3600,
            whole=pl.col("occupied_s") / 3600,
            unknown=(pl.col("occupied_s") - pl.col("seen_s")) / 3600,
        )

    return Indicator(
        id=name,
        unit="%",
        rows=rows,
        row_text=AMOUNT_OR_NO_DATA,
        compared_with=CALENDAR,
    )
