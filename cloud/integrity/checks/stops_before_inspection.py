"""Devices of one school that stop reporting together before an inspection, and come back. Pure.

Only school time counts: data at night is not asked of a device. A silence is a run of school days
on which a device hardly reported. It counts where the device reported before and, once the
inspection is over, came back for it. It does not count where the whole school stopped (gateway,
power), where whole rooms stopped (a circuit, a switch), or where as many stopped together on other
days too.
"""

import polars as pl

from cloud.integrity.check import (
    Check,
    Judged,
    Row,
    names,
    school_use,
    seen_s,
    strength_of,
    with_figures,
)
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Stops, Thresholds
from cloud.messages import Message, message

_ASSET = ["school", "asset_id"]
_VISIT = ["school", "inspected"]
_FULL = 0.8
"""Share of the living devices from which it could hardly be stronger."""
_ONE_KIND = 0.6
"""What is left of the strength where all of them are of one category: it may be its driver."""
_NOT_BACK = 0.7
"""What is left of it where the inspection is still to come."""


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    limits = thresholds.stops
    days = _days(facts, limits)
    visits = _visits(facts, days, limits)
    runs = _runs(days)
    living = _living(days, visits, limits)
    stopped = _stopped(runs, living, visits, limits)
    schools = (
        visits.join(_alive(living, stopped), on=_VISIT)
        .join(_together(stopped), on=_VISIT, how="left")
        .join(_rooms(living, stopped), on=_VISIT, how="left")
        .join(_usual(runs, visits, limits), on=_VISIT, how="left")
        .with_columns(pl.col("stopped", "together", "usual", "rooms", "mixed").fill_null(0))
        .filter(pl.col("alive") >= limits.least_devices)
        .with_columns(_strength(limits).alias("strength"))
        .sort("strength", "inspected", descending=[True, False], nulls_last=True)
        .unique("school", keep="first", maintain_order=True)
    )
    rows = (
        stopped.join(schools.select(_VISIT), on=_VISIT)
        .join(names(facts), on=_ASSET, how="left")
        .with_columns(
            pl.format("asset:{}/day:{}", "asset_id", "first_day").alias("ref"),
            pl.col("length").cast(pl.Float64).alias("weight"),
        )
    )
    return Judged(schools, rows)


def _strength(limits: Stops) -> pl.Expr:
    share = pl.col("stopped") / pl.col("alive")
    is_cluster = (
        (pl.col("stopped") >= limits.least_devices)
        & (share >= limits.least_share)
        & (share < limits.most_share)
        & (pl.col("together") >= limits.together_share * pl.col("stopped"))
        & (pl.col("stopped") >= limits.times_usual * pl.col("usual"))
    )
    by_room = (pl.col("rooms") >= limits.least_rooms) & (
        pl.col("mixed") < limits.mixed_share * pl.col("rooms")
    )
    weight = pl.when(pl.col("kinds") == 1).then(_ONE_KIND).otherwise(1.0) * pl.when(
        pl.col("is_over")
    ).then(1.0).otherwise(_NOT_BACK)
    return pl.when(is_cluster & ~by_room).then(strength_of(share, full=_FULL) * weight)


def _days(facts: Facts, limits: Stops) -> pl.DataFrame:
    """Return every asset's school days in order, and whether it was silent."""
    days = (
        school_use(facts)
        .group_by("school", "asset_id", "day")
        .agg(
            pl.col("room").first(),
            pl.col("category").first(),
            seen_s().sum().alias("seen_s"),
            pl.col("due_s").sum(),
        )
        .filter(pl.col("due_s") > 0)
        .with_columns((pl.col("seen_s") <= limits.silent_share * pl.col("due_s")).alias("silent"))
    )
    order = (
        days.select("school", "day")
        .unique()
        .with_columns(pl.col("day").rank("dense").over("school").cast(pl.Int64).alias("place"))
    )
    return days.join(order, on=["school", "day"]).sort("school", "asset_id", "place")


def _visits(facts: Facts, days: pl.DataFrame, limits: Stops) -> pl.DataFrame:
    """Return the inspections with the place of their day, and whether its end can be seen."""
    inspections = facts.inspections.select("school", pl.col("day").alias("inspected")).unique()
    places = days.select("school", "day", "place").unique()
    return (
        inspections.join(places, on="school")
        .group_by(_VISIT)
        .agg(
            (pl.col("day") < pl.col("inspected")).sum().cast(pl.Int64).alias("before"),
            (pl.col("day") >= pl.col("inspected")).any().alias("is_over"),
        )
        .filter(pl.col("before") >= limits.least_before + limits.least_days)
    )


def _runs(days: pl.DataFrame) -> pl.DataFrame:
    """Return every silence of every asset: its first and last place, and what came before."""
    marked = days.with_columns(
        pl.col("silent").rle_id().over(_ASSET).alias("run"),
        (~pl.col("silent")).cum_sum().over(_ASSET).alias("seen_before"),
        pl.col("place").max().over(_ASSET).alias("last_of_all"),
    )
    return (
        marked.filter("silent")
        .group_by(*_ASSET, "run")
        .agg(
            pl.col("place").min().alias("first"),
            pl.col("place").max().alias("last"),
            pl.col("day").min().alias("first_day"),
            pl.col("day").max().alias("last_day"),
            pl.len().cast(pl.Int64).alias("length"),
            pl.col("seen_before").first().cast(pl.Int64),
            pl.col("last_of_all").first(),
        )
    )


def _living(days: pl.DataFrame, visits: pl.DataFrame, limits: Stops) -> pl.DataFrame:
    """Return the assets that were seen in the days before the one or the other visit's silence."""
    known = pl.col("place") <= pl.col("before") - limits.least_days
    return (
        days.join(visits.select(*_VISIT, "before"), on="school")
        .filter(known & (pl.col("place") > pl.col("before") - limits.least_days - limits.most_days))
        .group_by(*_VISIT, "asset_id")
        .agg(
            pl.col("room").last(),
            pl.col("category").last(),
            (~pl.col("silent")).sum().alias("seen"),
        )
        .filter(pl.col("seen") >= 1)
    )


def _stopped(
    runs: pl.DataFrame, living: pl.DataFrame, visits: pl.DataFrame, limits: Stops
) -> pl.DataFrame:
    """Return the silences that end with the eve of a visit."""
    length = pl.col("length")
    is_back = pl.col("last") < pl.col("last_of_all")
    return (
        runs.join(visits, on="school")
        .filter(
            (pl.col("first") <= pl.col("before") - limits.least_days + 1)
            & (pl.col("last") >= pl.col("before"))
            & (pl.col("last") < pl.col("before") + limits.back_within)
            & ((pl.col("before") - pl.col("first") + 1) <= limits.most_days)
            & (length >= limits.least_days)
            & (pl.col("seen_before") >= limits.least_before)
            & (is_back | ~pl.col("is_over"))
        )
        .join(living, on=[*_VISIT, "asset_id"])
    )


def _alive(living: pl.DataFrame, stopped: pl.DataFrame) -> pl.DataFrame:
    """Return how many devices lived before each visit, and how many of them stopped."""
    counts = stopped.group_by(_VISIT).agg(
        pl.len().alias("stopped"),
        pl.col("category").n_unique().alias("kinds"),
        pl.col("first_day").min(),
        pl.col("length").median().alias("days"),
    )
    return living.group_by(_VISIT).agg(pl.len().alias("alive")).join(counts, on=_VISIT, how="left")


def _together(stopped: pl.DataFrame) -> pl.DataFrame:
    """Return how many stopped on the day on which most did."""
    return (
        stopped.group_by(*_VISIT, "first")
        .agg(pl.len().alias("together"))
        .group_by(_VISIT)
        .agg(pl.col("together").max())
    )


def _rooms(living: pl.DataFrame, stopped: pl.DataFrame) -> pl.DataFrame:
    """Return in how many rooms of several devices any stopped, and in how many others went on."""
    mark = stopped.select(*_VISIT, "asset_id", pl.lit(value=True).alias("stops"))
    return (
        living.filter(pl.col("room").is_not_null() & (pl.col("room") != ""))
        .join(mark, on=[*_VISIT, "asset_id"], how="left")
        .group_by(*_VISIT, "room")
        .agg(pl.len().alias("devices"), pl.col("stops").fill_null(value=False).sum())
        .filter((pl.col("devices") > 1) & (pl.col("stops") > 0))
        .group_by(_VISIT)
        .agg(pl.len().alias("rooms"), (pl.col("stops") < pl.col("devices")).sum().alias("mixed"))
    )


def _usual(runs: pl.DataFrame, visits: pl.DataFrame, limits: Stops) -> pl.DataFrame:
    """Return how many fell silent together, for as long, on the worst other day, and came back."""
    return (
        runs.filter(
            (pl.col("length") >= limits.least_days)
            & (pl.col("length") <= limits.most_days)
            & (pl.col("last") < pl.col("last_of_all"))
        )
        .join(visits.select(*_VISIT, "before"), on="school")
        .filter((pl.col("last") < pl.col("before")) | (pl.col("first") > pl.col("before")))
        .group_by(*_VISIT, "first")
        .agg(pl.len().alias("usual"))
        .group_by(_VISIT)
        .agg(pl.col("usual").max())
    )


def _reason(row: Row) -> Message:
    name = "reason" if row["is_over"] else "reason_ahead"
    return message(
        f"integrity.stops_before_inspection.{name}",
        share=row["stopped"] / row["alive"],
        **{name: row[name] for name in ("inspected", "alive", "stopped", "days", "usual")},
    )


def _sum_row(row: Row) -> tuple[str, Message]:
    text = message(
        "integrity.stops_before_inspection.sums",
        reported=row["alive"] - row["stopped"],
        **{name: row[name] for name in ("alive", "stopped", "days", "usual")},
    )
    return "records:devices", text


CHECK = Check(
    id="stops_before_inspection",
    judge=_judge,
    reason=_reason,
    row_text=with_figures(
        "integrity.stops_before_inspection.row", "label", "room", "first_day", "last_day"
    ),
    sum_row=_sum_row,
)
