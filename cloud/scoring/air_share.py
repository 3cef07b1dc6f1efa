"""Lessons with good air or light, room by room. Pure."""

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import Indicator, Parameters, Words, amounts, rows_of, written
from cloud.scoring.room_needs import room_label, room_ref


def air_share(name: str, quantity: str, reason: Words) -> Indicator:
    """Return the indicator: lessons seen, as far as their samples were good ÷ lessons."""

    def rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
        names = evidence.rooms.select("school", "room", "name")
        measured = (
            evidence.air.filter((pl.col("quantity") == quantity) & (pl.col("lessons") > 0))
            .join(names, on=["school", "room"], how="left")
            .with_columns(
                pl.when(pl.col("occupied_samples") > 0)
                .then(pl.col("good_samples") / pl.col("occupied_samples"))
                .otherwise(0.0)
                .alias("good")
            )
        )
        return rows_of(
            measured,
            ref=room_ref(),
            label=room_label(),
            part=pl.col("lessons_seen") * pl.col("good"),
            whole=pl.col("lessons"),
            unknown=pl.col("lessons") - pl.col("lessons_seen"),
        )

    return Indicator(
        id=name,
        unit="%",
        rows=rows,
        reason=lambda sums: written(reason, sums),
        tell=amounts("节", "lessons"),
    )
