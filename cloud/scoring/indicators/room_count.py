"""Rooms of a use against the number needed for the school's classes: have ÷ need."""

import polars as pl

from cloud.registry.code_lists import ROOM_USES
from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import (
    Indicator,
    Parameter,
    Parameters,
    Sums,
    Words,
    due_of_school,
    had_of_needed,
    rows_of,
)


def needed(need: float | dict[int, float]) -> pl.Expr:
    """Return how many a school needs: a number, or by steps {classes: number}.

    The highest step not above its number of classes counts, below the lowest step the lowest.
    Steps say nothing of a school whose number of classes is not known.
    """
    if not isinstance(need, dict):
        return pl.lit(float(need))
    classes = pl.col("classes")
    lowest, *higher = sorted(need.items())
    expression = pl.when(classes > 0).then(pl.lit(float(lowest[1])))
    steps: pl.Expr = expression.otherwise(None)
    for at, number in higher:
        steps = pl.when(classes >= at).then(pl.lit(float(number))).otherwise(steps)
    return steps


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    have = rows_of(
        evidence.rooms.filter(pl.col("use").is_in(list(parameters["uses"]))),
        ref=pl.format("room:{}", pl.col("room")),
        label=pl.format("{} {}", pl.col("room"), pl.col("name").fill_null("")).str.strip_chars(),
        part=pl.lit(1.0),
        whole=pl.lit(0.0),
    )
    return pl.concat([have, due_of_school(evidence, needed(parameters["need"]))])


def _reason(sums: Sums) -> Words:
    return Words(
        f"按班级数应有 {sums.whole:.0f} 间，现有 {sums.part:.0f} 间。",
        f"{sums.whole:.0f} needed for this number of classes, {sums.part:.0f} there.",
    )


INDICATOR = Indicator(
    id="room_count",
    rows=_rows,
    reason=_reason,
    tell=had_of_needed(Words("已有", "there"), Words("应有间数", "rooms needed:")),
    parameters={
        "uses": Parameter(
            "words", "codes of 房间用途 that count", known={item.code for item in ROOM_USES.items}
        ),
        "need": Parameter("steps", "rooms needed, by number of classes", 1),
    },
)
