"""Devices of one school that fall silent together in the days before an inspection, and come back.

Looked at is school time only: whether a device is on the air at night is nobody's business here. A
silence is a run of school days on which a device was hardly seen. It counts where the device was
alive before, and where the inspection is over, came back for it. It is not this where the whole
school fell silent (gateway, power), where it took whole rooms (a circuit, a switch), or where
as many fell silent together on other days too.
"""

import polars as pl

from cloud.integrity.check import Check, Judged, Row, names, school_use, seen_s, strength_of
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Stops, Thresholds
from cloud.localized_text import LocalizedText

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


def _reason(row: Row) -> LocalizedText:
    zh = (
        f"{row['inspected']} 检查前，{row['alive']} 台在线设备中有 {row['stopped']} 台"
        f"（{row['stopped'] / row['alive']:.0%}）同时停止上报，持续约 {row['days']:.0f} 个上课日"
    )
    en = (
        f"Before the inspection of {row['inspected']}, {row['stopped']} of {row['alive']} devices "
        f"({row['stopped'] / row['alive']:.0%}) fell silent together for about {row['days']:.0f} "
        "school days"
    )
    if row["is_over"]:
        zh += "，检查时恢复"
        en += " and were back for it"
    zh += f"；其余设备照常在线，平时同一天停报的至多 {row['usual']} 台。"
    en += f"; the others went on. On no other day did more than {row['usual']} stop together."
    return LocalizedText(zh, en)


def _tell(row: Row) -> LocalizedText:
    return LocalizedText(
        f"{row['label']}（{row['room'] or '—'}）：{row['first_day']} 至 {row['last_day']} 无数据",
        f"{row['label']} ({row['room'] or '—'}): silent from {row['first_day']} to "
        f"{row['last_day']}",
    )


CHECK = Check(
    id="stops_before_inspection",
    title=LocalizedText("检查前设备停报", "Devices that stop before an inspection"),
    judge=_judge,
    reason=_reason,
    tell=_tell,
    needs=LocalizedText(
        "需要检查日期，以及此前至少五个上课日的上报记录。",
        "It needs the day of an inspection, and five school days of reports before it.",
    ),
    ask=LocalizedText(
        "请说明这几天这些设备为何停止上报（维修、停电、搬迁的请附记录），现场核对其实际使用情况。",
        "Say why these devices were silent (with papers for repairs, power cuts, moves); look at "
        "how they are used on site.",
    ),
    innocent=LocalizedText(
        "分路停电、集中检修或迎检前的清洁搬动；某一类设备的驱动升级。",
        "A circuit without power, repairs in one go, rooms cleared for the visit; an update of one "
        "kind of device.",
    ),
)
