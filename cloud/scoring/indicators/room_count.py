"""Rooms of a use against the number needed for the school's classes: have ÷ need.

`uses` are codes of 房间用途. `need` is a number, or steps {classes: rooms}: the highest step not
above the school's number of classes counts, below the lowest step the lowest.
"""

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import Indicator, Parameters, Sums, Words, rows_of, yes_no


def needed(classes: pl.Expr, need: object) -> pl.Expr:
    """Return the rooms needed for a number of classes, as an expression."""
    if not isinstance(need, dict):
        return pl.lit(float(str(need)))
    steps = sorted((int(at), float(rooms)) for at, rooms in need.items())
    expression = pl.lit(steps[0][1])
    for at, rooms in steps[1:]:
        expression = pl.when(classes >= at).then(pl.lit(rooms)).otherwise(expression)
    return expression


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    have = rows_of(
        evidence.rooms.filter(pl.col("use").is_in(list(parameters["uses"]))),
        ref=pl.format("room:{}", pl.col("room")),
        label=pl.format("{} {}", pl.col("room"), pl.col("name").fill_null("")),
        part=pl.lit(1.0),
        whole=pl.lit(0.0),
    )
    due = rows_of(
        evidence.schools.filter(pl.col("classes") > 0),
        ref=pl.lit("school"),
        label=pl.format("{} classes", pl.col("classes")),
        part=pl.lit(0.0),
        whole=needed(pl.col("classes"), parameters["need"]),
    )
    return pl.concat([have, due])


def _reason(sums: Sums) -> Words:
    return Words(
        f"按班级数应有 {sums.whole:.0f} 间，现有 {sums.part:.0f} 间。",
        f"{sums.whole:.0f} rooms are needed for this number of classes; there are {sums.part:.0f}.",
    )


INDICATOR = Indicator(
    id="room_count",
    unit="",
    rows=_rows,
    reason=_reason,
    tell=yes_no("现有", "班级数", "there is one", "number of classes"),
    parameters={"uses": [], "need": 1},
)
