"""Declared figures compared with what ledger and telemetry measured. Pure.

For each school and item: what was declared, the least and the most that it can have been, and
whether they agree. The checks of declared figures use it. Figures are measured in
`cloud.scoring.indicators.builders.declared_vs_measured`, for the score too; what missing data may
add to them is judged here.

- `display_hours_week`: hours of use a week of five school days, on average over the displays.
- `computer_room_hours_logged`: hours a week in which computer rooms were used as timetabled.
- `pupil_terminals`, `teacher_terminals`: computers in the ledger; one whose name names neither
  may be either's.
- `experiments_group_done`: not none, where instruments in laboratories were never used.

Missing data may have been anything: a device without data for part of its days counts as in use
then; one without data for most of them as it was used while it had data, or as the busiest of its
kind.
"""

from collections.abc import Callable

import polars as pl

from cloud.integrity.thresholds import Declared
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.builders.declared_vs_measured import (
    computer_room_hours,
    display_hours,
    terminals,
    use_of,
)

AGREEMENT = {
    "school": pl.String,
    "item": pl.String,
    "declared": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
    "basis": pl.String,
    "things": pl.Int64,
}
"""`verdict`: agrees, overstated, understated, or unknown where too little was seen (`low` and
`high` are then null). `basis`: telemetry or ledger; `things`: how many things were measured."""

LABORATORY = "121"
_BUSIEST = 0.9
"""The quantile at which a device without data is taken to be in use."""


def agreement(evidence: Evidence, limits: Declared | None = None) -> pl.DataFrame:
    """Return a row for every declared item of which the school has anything to measure.

    See `AGREEMENT` for the columns.
    """
    limits = limits or Declared()
    declared = evidence.declarations.filter(
        pl.col("item").is_in(sorted(_MEASURES)) & pl.col("value").is_not_null()
    ).select("school", "item", pl.col("value").alias("declared"))
    measured = [
        measure(evidence, limits).select(
            "school",
            pl.lit(item).alias("item"),
            *(
                pl.when("enough").then(name).cast(pl.Float64).alias(name)
                for name in ("low", "high")
            ),
            pl.lit("ledger" if item.endswith("_terminals") else "telemetry").alias("basis"),
            pl.col("things").cast(pl.Int64),
        )
        for item, measure in _MEASURES.items()
    ]
    comparable = declared.join(pl.concat(measured), on=["school", "item"])
    return (
        comparable.with_columns(_verdict(limits).alias("verdict"))
        .select(*AGREEMENT)
        .sort("school", "item")
    )


def _exceeds(figure: pl.Expr, limits: Declared) -> pl.Expr:
    """Return whether what was declared is above a figure by more than is tolerated."""
    share, least = _tolerance(limits)
    over = pl.col("declared") - figure
    return (over > share * figure) & (over >= least)


def _tolerance(limits: Declared) -> tuple[pl.Expr, pl.Expr]:
    is_count = pl.col("basis") == "ledger"
    return (
        pl.when(is_count).then(limits.count_tolerance).otherwise(limits.hours_tolerance),
        pl.when(is_count).then(limits.least_count).otherwise(limits.least_hours),
    )


def _verdict(limits: Declared) -> pl.Expr:
    share, least = _tolerance(limits)
    under = pl.col("low") - pl.col("declared")
    return (
        pl.when(pl.col("high").is_null())
        .then(pl.lit("unknown"))
        .when(_exceeds(pl.col("high"), limits))
        .then(pl.lit("overstated"))
        .when((under > share * pl.col("low")) & (under >= least))
        .then(pl.lit("understated"))
        .otherwise(pl.lit("agrees"))
    )


def _display_hours_week(evidence: Evidence, limits: Declared) -> pl.DataFrame:
    as_seen = (pl.col("low") / (1 - pl.col("unseen_share"))).fill_nan(None)
    measured = pl.col("unseen_share") <= 1 - limits.least_seen
    busiest = pl.col("low").filter("measured").quantile(_BUSIEST, "higher").over("school")
    return (
        display_hours(evidence)
        .with_columns(
            pl.col("active_h").alias("low"),
            (pl.col("active_h") + pl.col("unseen_h")).alias("high"),
            (pl.col("dark_h") / pl.col("school_h")).alias("unseen_share"),
        )
        .with_columns(measured.alias("measured"))
        .with_columns(
            pl.when("measured")
            .then("high")
            .otherwise(pl.max_horizontal(as_seen, busiest))
            .alias("high")
        )
        .group_by("school")
        .agg(
            pl.len().alias("all"),
            pl.col("measured").sum().alias("things"),
            pl.col("days").max(),
            pl.col("low", "high").mean(),
        )
        .with_columns(_enough(limits).alias("enough"))
    )


def _enough(limits: Declared) -> pl.Expr:
    return (pl.col("things") >= limits.least_devices * pl.col("all")) & (
        pl.col("days") >= limits.least_days
    )


def _computer_room_hours(evidence: Evidence, limits: Declared) -> pl.DataFrame:
    return computer_room_hours(evidence).with_columns(_enough(limits).alias("enough"))


def _terminals_of(whose: str) -> Callable[[Evidence, Declared], pl.DataFrame]:
    def measure(evidence: Evidence, _limits: Declared) -> pl.DataFrame:
        return (
            terminals(evidence)
            .filter(pl.sum_horizontal("pupil", "teacher", "either") > 0)
            .select(
                "school",
                pl.col(whose).alias("low"),
                (pl.col(whose) + pl.col("either")).alias("high"),
                pl.col(whose).alias("things"),
                pl.lit(value=True).alias("enough"),
            )
        )

    return measure


def _experiments(evidence: Evidence, limits: Declared) -> pl.DataFrame:
    """Return none at all where instruments were never used, nothing where they were."""
    labs = evidence.rooms.filter(pl.col("use") == LABORATORY).select("school", "room")
    lessons = (
        use_of(evidence, (pl.col("category") == "instrument") & pl.col("scheduled"))
        .filter("lesson_over")
        .join(labs, on=["school", "room"])
        .group_by("school", "room", "day", "period")
        .agg(
            (pl.col("unobserved_s") <= 0.5 * pl.col("due_s")).all().alias("observed"),
            pl.col("active_s").sum(),
        )
    )
    return (
        lessons.group_by("school")
        .agg(pl.col("observed").sum().alias("things"), pl.col("active_s").sum())
        .filter((pl.col("things") >= limits.least_lessons) & (pl.col("active_s") == 0))
        .select(
            "school",
            "things",
            *(pl.lit(0.0).alias(name) for name in ("low", "high")),
            pl.lit(value=True).alias("enough"),
        )
    )


_MEASURES: dict[str, Callable[[Evidence, Declared], pl.DataFrame]] = {
    "display_hours_week": _display_hours_week,
    "computer_room_hours_logged": _computer_room_hours,
    "pupil_terminals": _terminals_of("pupil"),
    "teacher_terminals": _terminals_of("teacher"),
    "experiments_group_done": _experiments,
}
