"""Whether a room was occupied, by its own sensors, in the parts of the day without a lesson. Pure.

Motion sensors send usage slots (active: motion), so the roll-up has them already. CO2 comes as
readings: a sample holds until the next one, at most for `SAMPLE_S`. It lags, so samples shortly
after a lesson of the room are left out.
"""

import polars as pl

from cloud.integrity.inputs import OCCUPANCY, Facts
from cloud.integrity.thresholds import LeftOn
from cloud.scoring.evidence.evidence import Columns
from cloud.utilization.periods import BETWEEN, OUTSIDE

SAMPLES: Columns = {
    "school": pl.String,
    "room": pl.String,
    "day": pl.Date,
    "at": pl.Datetime("us"),
    "co2_ppm": pl.Float64,
}
"""Readings of CO2: `day` is the school's, `at` naive UTC."""
PERIODS: Columns = {
    "school": pl.String,
    "day": pl.Date,
    "period": pl.Int64,
    "starts": pl.Datetime("us"),
    "ends": pl.Datetime("us"),
}
"""The periods of every school day; naive UTC."""
SAMPLE_S = 1800.0
"""For how long a sample holds."""


def from_co2(
    samples: pl.DataFrame,
    periods: pl.DataFrame,
    lessons: pl.DataFrame,
    limits: LeftOn | None = None,
) -> pl.DataFrame:
    """Return the table `OCCUPANCY`; `lessons` has school, room, day and period."""
    limits = limits or LeftOn()
    samples = samples.sort("at")
    ends = lessons.join(periods, on=["school", "day", "period"]).select("school", "room", "ends")
    fresh = samples.join_asof(
        ends.sort("ends"),
        left_on="at",
        right_on="ends",
        by=["school", "room"],
        check_sortedness=False,
    )
    lag = pl.duration(seconds=60 * limits.co2_lag_minutes)
    fresh = fresh.filter(pl.col("ends").is_null() | (pl.col("at") - pl.col("ends") >= lag))
    placed = _placed(fresh.drop("ends"), periods)
    following = pl.col("at").shift(-1).over("school", "room", "day", order_by="at")
    held = (following - pl.col("at")).dt.total_seconds().fill_null(SAMPLE_S).clip(0.0, SAMPLE_S)
    return (
        placed.with_columns(held.cast(pl.Float64).alias("held_s"))
        .group_by("school", "room", "day", "period")
        .agg(
            pl.col("held_s").sum().alias("seen_s"),
            pl.col("held_s").filter(pl.col("co2_ppm") >= limits.co2_ppm).sum().alias("occupied_s"),
        )
        .select(*OCCUPANCY)
        .sort(*OCCUPANCY)
    )


def _placed(samples: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return the samples with the period they fall into, `BETWEEN` or `OUTSIDE`."""
    spans = periods.group_by("school", "day").agg(
        pl.col("starts").min().alias("first"), pl.col("ends").max().alias("last")
    )
    at, is_in = pl.col("at"), pl.col("at") < pl.col("ends")
    return (
        samples.join_asof(
            periods.sort("starts"),
            left_on="at",
            right_on="starts",
            by=["school", "day"],
            check_sortedness=False,
        )
        .join(spans, on=["school", "day"], how="left")
        .with_columns(
            pl.when(is_in.fill_null(value=False))
            .then("period")
            .when((at >= pl.col("first")) & (at < pl.col("last")))
            .then(pl.lit(BETWEEN, pl.Int64))
            .otherwise(pl.lit(OUTSIDE, pl.Int64))
            .alias("period")
        )
    )


def with_motion(facts: Facts) -> pl.DataFrame:
    """Return the table `OCCUPANCY` of CO2 and of the motion sensors in the roll-up together."""
    motion = (
        facts.evidence.use.filter(
            (pl.col("category") == "environment") & pl.col("room").is_not_null()
        )
        .group_by("school", "room", "day", "period")
        .agg(
            (pl.col("due_s") - pl.col("unobserved_s")).sum().alias("seen_s"),
            pl.col("active_s").sum().alias("occupied_s"),
        )
        .filter(pl.col("seen_s") > 0)
        .with_columns(_moved().alias("occupied_s"))
        .select(*OCCUPANCY)
    )
    return (
        pl.concat([facts.occupancy.select(*OCCUPANCY), motion])
        .group_by("school", "room", "day", "period")
        .agg(pl.col("seen_s", "occupied_s").max())
    )


def _moved() -> pl.Expr:
    """Return the time the room was occupied: of people who sit still half of it shows."""
    return (2 * pl.col("occupied_s")).clip(0.0, pl.col("seen_s"))
