"""Screens in use where the timetable has nobody, day after day.

Judged are displays in rooms that have lessons: a board in a lobby shows notices to whoever passes,
and a computer between lessons may have its teacher in front of it. A day is odd where a screen is
in use for hours out of the lessons of its room, and through most breaks or long after school. While
the room's own motion or CO2 says that somebody is there, use is not idle.
"""

import polars as pl

from cloud.integrity.check import Check, Judged, Row, names, seen_s, strength_of
from cloud.integrity.inputs import Facts
from cloud.integrity.occupancy import with_motion
from cloud.integrity.thresholds import LeftOn, Thresholds
from cloud.localized_text import LocalizedText
from cloud.utilization.periods import BETWEEN, OUTSIDE

_DAY = ["school", "asset_id", "room", "day"]
_PLACE = ["school", "room", "day", "period"]
_FULL = 0.4
"""Share of the screens from which it could hardly be stronger."""


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
    use = _without_company(use, with_motion(facts), limits)
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


def _without_company(use: pl.DataFrame, company: pl.DataFrame, limits: LeftOn) -> pl.DataFrame:
    """Return the rows without the use for as long as the room had somebody in it.

    `empty_s` is the use while motion or CO2 say that nobody was there.
    """
    known = company.filter(pl.col("seen_s") >= 60 * limits.company_minutes)
    known = known.rename({"seen_s": "watched_s"})
    idle = (pl.col("active_s") - pl.col("occupied_s").fill_null(0.0)).clip(0.0)
    watched = (pl.col("watched_s") - pl.col("occupied_s")).fill_null(0.0)
    return use.join(known, on=_PLACE, how="left").with_columns(
        idle.alias("active_s"), pl.min_horizontal(idle, watched).alias("empty_s")
    )


def _reason(row: Row) -> LocalizedText:
    mean = row["hours"] / row["odd_days"]
    return LocalizedText(
        f"{row['screens']} 块教室大屏中有 {row['odd']} 块在无课时段长时间处于使用状态："
        f"{row['seen_days']} 个观测日中有 {row['odd_days']} 天如此，平均每天 {mean:.1f} 小时。",
        f"{row['odd']} of {row['screens']} screens in classrooms were in use for long with no "
        f"lesson: on {row['odd_days']} of {row['seen_days']} days seen, {mean:.1f} hours a day.",
    )


def _tell(row: Row) -> LocalizedText:
    zh = f"{row['label']}，{row['day']}：无课时使用 {row['idle_h']:.1f} 小时"
    en = f"{row['label']}, {row['day']}: {row['idle_h']:.1f} hours in use without a lesson"
    if row["between_share"] is not None:
        zh += f"，占课间与空课的 {row['between_share']:.0%}"
        en += f", {row['between_share']:.0%} of breaks and free lessons"
    if row["outside_h"] >= 0.05:
        zh += f"，其中上课日之外或早晚 {row['outside_h']:.1f} 小时"
        en += f", {row['outside_h']:.1f} of them before or after school"
    if row["empty_h"] >= 0.05:
        zh += f"；{row['empty_h']:.1f} 小时里本室人体或二氧化碳传感器显示无人"
        en += f"; for {row['empty_h']:.1f} hours motion or CO2 say that nobody was there"
    return LocalizedText(zh, en)


CHECK = Check(
    id="left_on",
    title=LocalizedText("无人时大屏开着", "Screens on with nobody there"),
    judge=_judge,
    reason=_reason,
    tell=_tell,
    needs=LocalizedText(
        "需要有课教室里的大屏至少五天的使用记录。",
        "It needs screens in rooms with lessons, seen on five days or more.",
    ),
    ask=LocalizedText(
        "请说明这些时段谁在用大屏；若无人使用，请设置放学自动关机，并核对课表是否漏登课后服务、社团。",
        "Say who used the screens then. If nobody did, have them switch off after school; and see "
        "whether clubs and after-class care are missing from the timetable.",
    ),
    innocent=LocalizedText(
        "课后服务、社团、家长会未进课表；大屏轮播通知或时钟；开机判定阈值设得过低。",
        "Clubs, care or evening classes that are not in the timetable; a screen that shows notices "
        "or a clock; a threshold of use set too low.",
    ),
)
