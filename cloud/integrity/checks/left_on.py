"""Screens in use without a lesson in the timetable, day after day. Pure.

Judged are displays in rooms that have lessons: a board in a lobby shows notices to visitors, and a
teacher may work at a computer between lessons. A day is odd where a screen is in use for hours out
of the lessons of its room, and through most breaks or long after school. While the room's own
motion or CO2 sensor shows that it is occupied, use is not idle.
"""

import polars as pl

from cloud.integrity.check import Check, Judged, Row, names, seen_s, strength_of
from cloud.integrity.inputs import Facts
from cloud.integrity.occupancy import with_motion
from cloud.integrity.thresholds import LeftOn, Thresholds
from cloud.messages import Message, message
from cloud.utilization.periods import BETWEEN, OUTSIDE

_DAY = ["school", "asset_id", "room", "day"]
_PLACE = ["school", "room", "day", "period"]
_FULL = 0.4
"""Share of the screens from which it could hardly be stronger."""
_SHOWN_H = 0.05
"""Hours from which a part of a day is shown: less is 0.0 with one decimal."""


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    limits = thresholds.left_on
    days = _days(facts, limits)
    screens = (
        days.group_by("school", "asset_id")
        .agg(
            pl.len().alias("seen_days"),
            pl.col("is_odd").sum().alias("odd_days"),
            pl.col("idle_h").filter("is_odd").mean(),
        )
        .filter(pl.col("seen_days") >= limits.least_seen_days)
        .with_columns(
            (
                (pl.col("odd_days") >= limits.least_days)
                & (pl.col("odd_days") >= limits.day_share * pl.col("seen_days"))
            ).alias("is_odd")
        )
    )
    share = pl.col("odd") / pl.col("screens")
    schools = (
        screens.group_by("school")
        .agg(
            pl.len().alias("screens"),
            pl.col("is_odd").sum().alias("odd"),
            pl.col("odd_days").filter("is_odd").sum(),
            pl.col("seen_days").filter("is_odd").sum(),
            (pl.col("idle_h") * pl.col("odd_days")).filter("is_odd").sum().alias("hours"),
        )
        .with_columns(
            pl.when(pl.col("odd") > 0).then(strength_of(share, full=_FULL)).alias("strength")
        )
    )
    rows = (
        days.filter("is_odd")
        .join(screens.filter("is_odd").select("school", "asset_id"), on=["school", "asset_id"])
        .join(names(facts), on=["school", "asset_id"], how="left")
        .with_columns(
            pl.format("asset:{}/day:{}", "asset_id", "day").alias("ref"),
            pl.col("idle_h").alias("weight"),
        )
    )
    return Judged(schools, rows)


def _days(facts: Facts, limits: LeftOn) -> pl.DataFrame:
    """Return the days of every screen in a room with lessons: how long it was in use with none."""
    use = facts.evidence.use.filter(pl.col("category") == "display")
    taught = use.filter("scheduled").select("school", "room").unique()
    use = use.join(taught, on=["school", "room"]).with_columns(seen_s().alias("seen_s"))
    use = _without_occupied(use, with_motion(facts), limits)
    is_between = pl.col("period") >= BETWEEN
    idle = use.filter(~pl.col("scheduled"))
    days = idle.group_by(_DAY).agg(
        (pl.col("active_s").sum() / 3600).alias("idle_h"),
        (pl.col("active_s").filter(pl.col("period") == OUTSIDE).sum() / 3600).alias("outside_h"),
        pl.col("active_s").filter(is_between).sum().alias("between_s"),
        pl.col("seen_s").filter(is_between).sum().alias("between_seen_s"),
        (pl.col("empty_s").sum() / 3600).alias("empty_h"),
        pl.col("seen_s").sum(),
        pl.col("due_s").sum(),
    )
    share = pl.col("between_s") / pl.col("between_seen_s")
    through = (pl.col("between_seen_s") > 0) & (share >= limits.idle_share)
    return days.filter(pl.col("seen_s") >= 0.5 * pl.col("due_s")).with_columns(
        (
            (pl.col("idle_h") >= limits.idle_hours)
            & (through | (pl.col("outside_h") >= limits.outside_hours))
        ).alias("is_odd"),
        pl.when(pl.col("between_seen_s") > 0).then(share).alias("between_share"),
    )


def _without_occupied(use: pl.DataFrame, occupancy: pl.DataFrame, limits: LeftOn) -> pl.DataFrame:
    """Return the rows without the use for as long as the room was occupied.

    `empty_s` is the use while motion or CO2 show an empty room.
    """
    known = occupancy.filter(pl.col("seen_s") >= 60 * limits.occupancy_minutes)
    known = known.rename({"seen_s": "watched_s"})
    idle = (pl.col("active_s") - pl.col("occupied_s").fill_null(0.0)).clip(0.0)
    watched = (pl.col("watched_s") - pl.col("occupied_s")).fill_null(0.0)
    return use.join(known, on=_PLACE, how="left").with_columns(
        idle.alias("active_s"), pl.min_horizontal(idle, watched).alias("empty_s")
    )


def _reason(row: Row) -> Message:
    return message(
        "integrity.left_on.reason",
        screens=row["screens"],
        odd=row["odd"],
        seen_days=row["seen_days"],
        odd_days=row["odd_days"],
        hours=row["hours"] / row["odd_days"],
    )


def _row_text(row: Row) -> Message:
    phrases = [message("integrity.left_on.in_use", hours=row["idle_h"])]
    if row["between_share"] is not None:
        phrases.append(message("integrity.left_on.between_share", share=row["between_share"]))
    if row["outside_h"] >= _SHOWN_H:
        phrases.append(message("integrity.left_on.outside", hours=row["outside_h"]))
    if row["empty_h"] >= _SHOWN_H:
        phrases.append(message("integrity.left_on.empty", hours=row["empty_h"]))
    return message("integrity.left_on.row", label=row["label"], day=row["day"], phrases=phrases)


def _sum_row(row: Row) -> tuple[str, Message]:
    names_of_sums = ("screens", "odd", "seen_days", "odd_days", "hours")
    text = message("integrity.left_on.sums", **{name: row[name] for name in names_of_sums})
    return "records:assets", text


CHECK = Check(id="left_on", judge=_judge, reason=_reason, row_text=_row_text, sum_row=_sum_row)
