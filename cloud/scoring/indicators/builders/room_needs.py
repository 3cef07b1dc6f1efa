"""What a school needs by its number of classes, and rooms held against it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.registry.codes.statistics import ROOM_USES
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameter,
    Parameters,
    Sums,
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


def rooms_of_kinds(
    name: str, kinds: Mapping[str, tuple[LocalizedText, Sequence[str]]]
) -> Indicator:
    """Return the indicator: rooms of each of some kinds ÷ rooms needed of all of them.

    More than is needed of one kind makes up for no other: a kind counts at most as it is needed.
    `kinds` gives the title of each and the words of which a room's name has to hold one.
    """

    def rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
        found = []
        for kind, (title, named) in kinds.items():
            asked = due(evidence, parameters[kind]).with_columns(pl.lit(title.zh).alias("label"))
            have = (
                rooms_like(evidence, named=named)
                .sort("school", "room")
                .join(asked.select("school", "whole"), on="school")
                .with_columns(pl.int_range(pl.len()).over("school").alias("place"))
            )
            counts = pl.col("place") < pl.col("whole")
            found += [
                asked,
                rows_of(
                    have,
                    ref=room_ref(),
                    label=room_label(),
                    part=counts,
                    whole=pl.lit(0.0),
                ),
            ]
        return pl.concat(found)

    return Indicator(
        id=name,
        rows=rows,
        reason=_reason,
        tell=_teller({title.zh: title.en for title, _ in kinds.values()}),
        parameters={
            kind: Parameter("needs", f"{title.en} rooms needed, by number of classes", 1)
            for kind, (title, _) in kinds.items()
        },
    )


def _reason(sums: Sums) -> LocalizedText:
    return LocalizedText(
        f"按班级数各类教室共应有 {sums.whole:.0f} 间，分类计算现有 {sums.part:.0f} 间。",
        f"{sums.whole:.0f} needed of all kinds for this number of classes; "
        f"{sums.part:.0f} there, kind by kind.",
    )


def _teller(english: Mapping[str, str]) -> Callable[[Mapping[str, Any]], LocalizedText]:
    def tell(row: Mapping[str, Any]) -> LocalizedText:
        label, whole = row["label"], row["whole"]
        if row["ref"] == SCHOOL:
            title = english.get(label, label)
            return LocalizedText(
                f"{label}教室应有 {whole:.0f} 间", f"{title} rooms needed: {whole:.0f}"
            )
        if row["part"]:
            return LocalizedText(f"{label}：已有", f"{label}: there")
        return LocalizedText(f"{label}：超出应有数", f"{label}: more than needed")

    return tell
