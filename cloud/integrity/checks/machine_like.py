"""Uses that last the same to the second, lesson for lesson, day for day.

A timetable makes when regular, never how long: who teaches begins and ends when it suits the
lesson. Compared is how long a device was in use in the same period on different days. Uses that
fill the lesson are left out, since the bell ends them alike everywhere (and a timer may).
"""

import polars as pl

from cloud.integrity.check import Check, Judged, Row, names, strength_of
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import MachineLike, Thresholds
from cloud.localized_text import LocalizedText

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
            pl.col("others").filter("is_odd").sum(),
            pl.col("same").filter("is_odd").sum(),
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
        periods.filter(pl.col("same") >= limits.same_share * pl.col("others"))
        .join(odd, on=["school", "asset_id"])
        .join(names(facts), on=["school", "asset_id"], how="left")
        .with_columns(
            pl.format("asset:{}/day:{}", "asset_id", "day").alias("ref"),
            pl.col("same").cast(pl.Float64).alias("weight"),
            pl.lit(limits.within_s).alias("within_s"),
        )
    )
    return Judged(schools, rows)


def _periods(facts: Facts, limits: MachineLike) -> pl.DataFrame:
    """Return of each device and period how many uses beyond the first are of the usual length.

    A use counts where the lesson was seen whole: a gap would shorten it. `day` is the last day of
    the usual length.
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
            pl.col("usual_s").first(),
            pl.col("day").filter(is_same).max(),
        )
        .filter(pl.col("others") + 1 >= limits.least_per_period)
    )


def _reason(row: Row) -> LocalizedText:
    got = row["same"] / row["others"]
    return LocalizedText(
        f"{row['devices']} 台设备中有 {row['odd']} 台每节课的使用时长几乎分秒不差："
        f"{row['others']} 次使用中有 {row['same']} 次（{got:.0%}）与该节次的常见时长相差不到 "
        f"{row['within_s']:.0f} 秒；人工操作通常只有一成左右。",
        f"{row['odd']} of {row['devices']} devices were in use for the same time to the second: "
        f"{row['same']} of {row['others']} uses ({got:.0%}) were within {row['within_s']:.0f} s of "
        "what is usual in their period. By hand it is about one in ten.",
    )


def _tell(row: Row) -> LocalizedText:
    length = f"{row['usual_s'] // 60:.0f}:{row['usual_s'] % 60:02.0f}"
    same, uses = row["same"] + 1, row["others"] + 1
    return LocalizedText(
        f"{row['label']}，第 {row['period']} 节：{uses} 次使用中有 {same} 次为 {length}"
        f"（±{row['within_s']:.0f} 秒），最近一次 {row['day']}",
        f"{row['label']}, period {row['period']}: {same} of {uses} uses lasted {length} min "
        f"(±{row['within_s']:.0f} s), last on {row['day']}",
    )


CHECK = Check(
    id="machine_like",
    title=LocalizedText("使用时长分秒不差", "Use as by a machine"),
    judge=_judge,
    reason=_reason,
    tell=_tell,
    needs=LocalizedText(
        "需要同一节次至少四天、每台至少十次未占满整节课的使用记录。",
        "It needs uses that do not fill the lesson: four days of a period, ten uses of a device.",
    ),
    ask=LocalizedText(
        "请说明是否有定时程序、中控或脚本在课上开关设备；如为统一播放的节目，请列出时间表。",
        "Say whether a timer, a control system or a script switches devices in lessons; where a "
        "programme is played to all, show when.",
    ),
    innocent=LocalizedText(
        "中控按固定时长开关；每节课固定播放同一节目；网关或设备的上报时钟有误。",
        "A control system with a fixed running time; the same programme in every lesson; a gateway "
        "or device with a faulty clock.",
    ),
)
