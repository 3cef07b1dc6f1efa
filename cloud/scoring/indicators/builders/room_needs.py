"""What a school needs by its number of classes, and its rooms compared with that. Pure."""

from collections.abc import Mapping, Sequence
from typing import cast

import polars as pl

from cloud.messages import message
from cloud.registry.codes.statistics import ROOM_USES
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameter,
    Parameters,
    Row,
    RowText,
    Values,
    due_of_school,
    rows_of,
)

Steps = float | dict[int, float]
Needs = Steps | dict[str, Steps]

USES = Parameter(
    "words",
    "codes of 房间用途 that count; any where none is given",
    [],
    known={item.code for item in ROOM_USES.items},
)


def needed(need: Steps) -> pl.Expr:
    """Return how many a school needs: a number, or by steps {classes: number}.

    The highest step not above its number of classes counts, below the lowest step the lowest.
    Steps are null for a school whose number of classes is not known.
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


def due(evidence: Evidence, need: Needs) -> pl.DataFrame:
    """Return one row per school with what it needs, of all its stages together.

    There is none for a school whose need is not known for each of its stages that need something.
    """
    if not isinstance(need, dict) or not any(isinstance(key, str) for key in need):
        return due_of_school(evidence, needed(cast("Steps", need)))
    by_stage = [
        evidence.stages.filter(pl.col("stage") == stage).select(
            "school", needed(steps).alias("need")
        )
        for stage, steps in cast("dict[str, Steps]", need).items()
    ]
    sums = (
        pl.concat(by_stage)
        .group_by("school")
        .agg(pl.when(pl.col("need").is_not_null().all()).then(pl.col("need").sum()).alias("need"))
        .filter(pl.col("need") > 0)
    )
    return rows_of(
        sums, ref=pl.lit(SCHOOL), label=pl.lit(""), part=pl.lit(0.0), whole=pl.col("need")
    )


def rooms_like(
    evidence: Evidence, uses: Sequence[str] = (), named: Sequence[str] = ()
) -> pl.DataFrame:
    """Return the rooms of some uses whose name holds one of some words; all where none is given."""
    rooms = evidence.rooms
    if uses:
        rooms = rooms.filter(pl.col("use").is_in(list(uses)))
    if named:
        rooms = rooms.filter(pl.col("name").str.contains_any(list(named)).fill_null(value=False))
    return rooms


def room_ref() -> pl.Expr:
    """Return the expression for a room's reference."""
    return pl.format("room:{}", pl.col("room"))


def room_label() -> pl.Expr:
    """Return the expression for a room's number and name."""
    return pl.format("{} {}", pl.col("room"), pl.col("name").fill_null("")).str.strip_chars()


def rooms_of_kinds(name: str, kinds: Mapping[str, Sequence[str]]) -> Indicator:
    """Return the indicator: rooms of each of some kinds ÷ rooms needed of all of them.

    More than is needed of one kind makes up for no other: a kind counts at most as it is needed.
    `kinds` gives for each the words of which a room's name has to hold one.
    """

    def rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
        frames = []
        for kind, named in kinds.items():
            need = due(evidence, parameters[kind]).with_columns(pl.lit(kind).alias("label"))
            have = (
                rooms_like(evidence, named=named)
                .sort("school", "room")
                .join(need.select("school", "whole"), on="school")
                .with_columns(pl.int_range(pl.len()).over("school").alias("place"))
            )
            counts = pl.col("place") < pl.col("whole")
            frames += [
                need,
                rows_of(
                    have,
                    ref=room_ref(),
                    label=room_label(),
                    part=counts,
                    whole=pl.lit(0.0),
                ),
            ]
        return pl.concat(frames)

    return Indicator(
        id=name,
        rows=rows,
        row_text=RowText(
            cases=("need", "counted", "surplus"),
            case=_room_case,
            values=_room_values,
        ),
        parameters={
            kind: Parameter("needs", f"{kind} rooms needed, by number of classes", 1)
            for kind in kinds
        },
    )


def _room_case(row: Row) -> str:
    if row["ref"] == SCHOOL:
        return "need"
    return "counted" if row["part"] else "surplus"


def _room_values(row: Row) -> Values:
    if row["ref"] == SCHOOL:
        return {"kind": message(f"indicator.room_kind.{row['label']}"), "whole": row["whole"]}
    return {"label": row["label"]}
