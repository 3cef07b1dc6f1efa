"""Uses that last the same to the second, lesson for lesson, day for day. Pure.

A timetable makes the start of uses regular, never their length: a teacher begins and ends when it
suits the lesson. Compared is how long a device was in use in the same period on different days.
Uses that fill the lesson are left out, since the bell ends them alike everywhere (as a timer may).
"""

import polars as pl

from cloud.integrity.check import Check, Judged, Row, names, strength_of
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import MachineLike, Thresholds
from cloud.messages import Message, message

_PERIOD = ["school", "asset_id", "period"]
_FULL = 0.5
"""Share of the devices from which it could hardly be stronger."""


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    limits = thresholds.machine_like
    periods = _periods(facts, limits)
    devices = (
        periods.group_by("school", "asset_id")
        .agg(
            pl.col("others").sum(),
            pl.col("same").sum(),
            pl.col("uses", "alike").sum(),
            (pl.col("same") >= limits.same_share * pl.col("others")).sum().alias("periods"),
        )
        .filter(pl.col("others") >= limits.least_uses)
        .with_columns(
            (
                (pl.col("same") >= limits.same_share * pl.col("others"))
                & (pl.col("periods") >= limits.least_periods)
            ).alias("is_odd")
        )
    )
    share = pl.col("odd") / pl.col("devices")
    schools = (
        devices.group_by("school")
        .agg(
            pl.len().alias("devices"),
            pl.col("is_odd").sum().alias("odd"),
            pl.col("uses").filter("is_odd").sum(),
            pl.col("alike").filter("is_odd").sum(),
        )
        .with_columns(
            pl.when(pl.col("odd") >= limits.least_devices)
            .then(strength_of(share, full=_FULL))
            .alias("strength"),
            pl.lit(limits.within_s).alias("within_s"),
        )
    )
    odd = devices.filter("is_odd").select("school", "asset_id")
    rows = (
        periods.join(odd, on=["school", "asset_id"])
        .join(names(facts), on=["school", "asset_id"], how="left")
        .with_columns(
            pl.format("asset:{}/day:{}", "asset_id", "day").alias("ref"),
            pl.col("alike").cast(pl.Float64).alias("weight"),
            pl.lit(limits.within_s).alias("within_s"),
        )
    )
    return Judged(schools, rows)


def _periods(facts: Facts, limits: MachineLike) -> pl.DataFrame:
    """Return of each device and period how many uses beyond the first are of the usual length.

    A use counts where the lesson was seen whole: a gap would shorten it. `day` is the last day of
    the usual length. `uses` are all of them, `alike` those of the usual length: what people read.
    """
    uses = facts.evidence.use.filter(
        pl.col("scheduled")
        & pl.col("lesson_over")
        & (pl.col("unobserved_s") <= 1.0)
        & (pl.col("active_s") >= limits.least_s)
    ).with_columns(pl.col("active_s").median().over(_PERIOD).alias("usual_s"))
    is_same = (pl.col("active_s") - pl.col("usual_s")).abs() <= limits.within_s
    return (
        uses.filter(pl.col("usual_s") <= limits.lesson_share * pl.col("due_s"))
        .group_by(_PERIOD)
        .agg(
            (pl.len().cast(pl.Int64) - 1).alias("others"),
            (is_same.sum().cast(pl.Int64) - 1).clip(0).alias("same"),
            pl.len().cast(pl.Int64).alias("uses"),
            is_same.sum().cast(pl.Int64).alias("alike"),
            pl.col("usual_s").first(),
            pl.coalesce(pl.col("day").filter(is_same).max(), pl.col("day").max()).alias("day"),
        )
        .filter(pl.col("others") + 1 >= limits.least_per_period)
    )


def _reason(row: Row) -> Message:
    return message(
        "integrity.machine_like.reason",
        share=row["alike"] / row["uses"],
        others=row["uses"],
        same=row["alike"],
        **{name: row[name] for name in ("devices", "odd", "within_s")},
    )


def _row_text(row: Row) -> Message:
    minutes, seconds = divmod(round(row["usual_s"]), 60)
    return message(
        "integrity.machine_like.row",
        label=row["label"],
        period=row["period"],
        same=row["alike"],
        uses=row["uses"],
        minutes=minutes,
        seconds=seconds,
        within_s=row["within_s"],
        day=row["day"],
    )


def _sum_row(row: Row) -> tuple[str, Message]:
    text = message(
        "integrity.machine_like.sums",
        devices=row["devices"],
        odd=row["odd"],
        uses=row["uses"],
        same=row["alike"],
    )
    return "records:assets", text


CHECK = Check(id="machine_like", judge=_judge, reason=_reason, row_text=_row_text, sum_row=_sum_row)
