"""Declared figures beside what ledger and telemetry measured, within what was not observed.

For each school and item: what was declared, the least and the most that it can have been, and
whether they agree. It is what the check `false_declaration` stands on, and what an indicator of
data honesty can count: `agreement(...)` is pure, of evidence alone.

- `display_hours_week`: hours of use a week of five school days, on average over the displays.
- `computer_room_hours_logged`: hours a week in which computer rooms were used as timetabled.
- `pupil_terminals`, `teacher_terminals`: computers in the ledger; one whose name says neither whose
  it is may be either's.
- `experiments_group_done`: not none, where instruments in laboratories were never used.

What nobody saw may have been anything: a device out of sight for part of its days is taken as in
use then; one out of sight for most as it was used while it was seen, or as the busiest of its kind.
"""

from collections.abc import Callable

import polars as pl

from cloud.integrity.check import seen_s
from cloud.integrity.thresholds import Declared
from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import live_assets, units
from cloud.utilization.periods import BETWEEN

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

ITEMS: dict[str, tuple[str, str, str]] = {
    "display_hours_week": ("每块大屏周使用小时", "hours a week per display", "h"),
    "computer_room_hours_logged": ("计算机教室周使用机时", "computer-room hours a week", "h"),
    "pupil_terminals": ("学生终端数", "pupil terminals", ""),
    "teacher_terminals": ("教师终端数", "teacher terminals", ""),
    "experiments_group_done": ("已开分组实验数", "group experiments done", ""),
}
"""Items that can be measured: Chinese, English, unit."""
COMPUTER_ROOM = "123"
LABORATORY = "121"
_BUSIEST = 0.9
"""The quantile at which a device that nobody saw is taken to be in use."""
_STUCK = 0.999
"""Share of the seconds seen of a day in standby from which nothing else happened."""
_WEEK = 5
"""School days."""


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
    found = declared.join(pl.concat(measured), on=["school", "item"])
    return (
        found.with_columns(_verdict(limits).alias("verdict"))
        .select(*AGREEMENT)
        .sort("school", "item")
    )


def honesty_rows(evidence: Evidence, limits: Declared | None = None) -> pl.DataFrame:
    """Return evidence rows for an indicator: declared figures that are not too high ÷ comparable.

    A figure counts once it would not be too high even if nothing unseen had happened; what may or
    may not be is unknown. So silence can only cost, as an indicator's rows promise. `agreement`'s
    columns come along, for the words.
    """
    limits = limits or Declared()
    found = agreement(evidence, limits)
    is_sure = pl.col("high").is_not_null() & ~_exceeds(pl.col("low"), limits)
    is_over = (pl.col("verdict") == "overstated").fill_null(value=False)
    return found.with_columns(
        pl.format("declaration:{}", "item").alias("ref"),
        pl.col("item").alias("label"),
        is_sure.cast(pl.Float64).alias("part"),
        pl.lit(1.0).alias("whole"),
        (~is_sure & ~is_over).cast(pl.Float64).alias("unknown"),
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


def display_hours(evidence: Evidence, limits: Declared) -> pl.DataFrame:
    """Return of each display how many hours of use a week were seen, and may have been unseen."""
    in_school = pl.col("period") >= BETWEEN
    unseen, due = pl.col("unobserved_s"), pl.col("due_s")
    days = (
        _use_of(evidence, pl.col("category") == "display")
        .group_by("school", "asset_id", "name", "asset_no", "day")
        .agg(
            (pl.col("period") > BETWEEN).any().alias("is_taught"),
            pl.col("active_s").sum(),
            unseen.sum(),
            due.sum(),
            unseen.filter(in_school).sum().alias("unseen_in_school_s"),
            due.filter(in_school).sum().alias("in_school_s"),
            _is_stuck().alias("stuck"),
        )
        .filter("is_taught")
    )
    stuck = pl.col("stuck")
    return (
        days.with_columns(
            pl.when(stuck).then(due).otherwise(unseen).alias("unseen_s"),
            pl.when(stuck).then("in_school_s").otherwise("unseen_in_school_s").alias("dark_s"),
        )
        .group_by("school", "asset_id", "name", "asset_no")
        .agg(
            pl.len().alias("days"),
            (pl.col("active_s").sum() / 3600).alias("active_h"),
            (pl.col("unseen_s").sum() / 3600).alias("unseen_h"),
            (pl.col("dark_s").sum() / pl.col("in_school_s").sum()).alias("unseen_share"),
        )
        .with_columns(
            (pl.col("active_h") / pl.col("days") * _WEEK).alias("low"),
            ((pl.col("active_h") + pl.col("unseen_h")) / pl.col("days") * _WEEK).alias("high"),
            (pl.col("unseen_share") <= 1 - limits.least_seen).alias("measured"),
        )
        .sort("school", "asset_id")
    )


def _use_of(evidence: Evidence, which: pl.Expr) -> pl.DataFrame:
    """Return the roll-up rows of some of the assets that still count, with their names."""
    assets = live_assets(evidence).select("school", "asset_id", "asset_no", "name")
    return evidence.use.filter(which).join(assets, on=["school", "asset_id"])


def _is_stuck() -> pl.Expr:
    """Return whether a device's day is one of a stuck sensor, which counts as not seen.

    From midnight to midnight it says nothing but standby, which a living device may, but seldom.
    """
    return pl.col("standby_s").sum() >= _STUCK * seen_s().sum()


def _display_hours_week(evidence: Evidence, limits: Declared) -> pl.DataFrame:
    measured = pl.col("measured")
    as_seen = (pl.col("low") / (1 - pl.col("unseen_share"))).fill_nan(None)
    busiest = pl.col("low").filter(measured).quantile(_BUSIEST, "higher").over("school")
    return (
        display_hours(evidence, limits)
        .with_columns(
            pl.when(measured)
            .then("high")
            .otherwise(pl.max_horizontal(as_seen, busiest))
            .alias("high")
        )
        .group_by("school")
        .agg(
            pl.len().alias("all"),
            measured.sum().alias("things"),
            pl.col("days").max(),
            pl.col("low", "high").mean(),
        )
        .with_columns(_enough(limits).alias("enough"))
    )


def _enough(limits: Declared) -> pl.Expr:
    return (pl.col("things") >= limits.least_devices * pl.col("all")) & (
        pl.col("days") >= limits.least_days
    )


def computer_room_hours(evidence: Evidence) -> pl.DataFrame:
    """Return of each computer room how many hours a week were timetabled, used and unseen."""
    rooms = evidence.rooms.filter(pl.col("use") == COMPUTER_ROOM).select("school", "room")
    use = _use_of(evidence, pl.col("room").is_not_null()).join(rooms, on=["school", "room"])
    stuck = use.group_by("school", "asset_id", "day").agg(_is_stuck().alias("stuck"))
    lessons = (
        use.filter(pl.col("scheduled") & pl.col("lesson_over"))
        .join(stuck, on=["school", "asset_id", "day"])
        .group_by("school", "room", "day", "period")
        .agg(
            pl.col("due_s").max(),
            pl.col("lesson_used").any().alias("used"),
            (pl.col("lesson_observed") & ~pl.col("stuck")).all().alias("observed"),
        )
    )
    days = (
        evidence.use.filter(pl.col("period") > BETWEEN)
        .group_by("school")
        .agg(pl.col("day").n_unique().alias("days"))
    )
    week_h = pl.col("due_s") / 3600 * _WEEK / pl.col("days")
    return (
        lessons.join(days, on="school")
        .with_columns(week_h.alias("hours"))
        .group_by("school", "room")
        .agg(
            pl.col("hours").sum().alias("timetabled"),
            pl.col("hours").filter("used").sum().alias("used"),
            pl.col("hours").filter(~pl.col("observed") & ~pl.col("used")).sum().alias("unseen"),
            pl.col("days").first(),
        )
        .sort("school", "room")
    )


def _computer_room_hours(evidence: Evidence, limits: Declared) -> pl.DataFrame:
    rooms = computer_room_hours(evidence)
    known = (
        evidence.rooms.filter(pl.col("use") == COMPUTER_ROOM)
        .group_by("school")
        .agg(pl.len().alias("all"))
    )
    dark = pl.col("all") - pl.col("things")
    return (
        rooms.group_by("school")
        .agg(
            pl.len().alias("things"),
            pl.col("used").sum().alias("low"),
            (pl.col("used") + pl.col("unseen")).sum().alias("seen_high"),
            pl.col("timetabled").max().alias("busiest"),
            pl.col("days").max(),
        )
        .join(known, on="school")
        .with_columns((pl.col("seen_high") + dark * pl.col("busiest")).alias("high"))
        .with_columns(_enough(limits).alias("enough"))
    )


def terminals(evidence: Evidence) -> pl.DataFrame:
    """Return the ledger's computers with whose they are, as far as their name says."""
    of_pupils = pl.col("name").str.contains("学生|pupil|student")
    of_teachers = pl.col("name").str.contains("教师|教工|备课|teacher|staff")
    return (
        live_assets(evidence)
        .filter(pl.col("category") == "computer")
        .with_columns(
            units().alias("units"),
            pl.when(of_pupils & ~of_teachers)
            .then(pl.lit("pupil"))
            .when(of_teachers & ~of_pupils)
            .then(pl.lit("teacher"))
            .alias("whose"),
        )
    )


def _terminals_of(whose: str) -> Callable[[Evidence, Declared], pl.DataFrame]:
    def measure(evidence: Evidence, _limits: Declared) -> pl.DataFrame:
        is_theirs = pl.col("whose") == whose
        return (
            terminals(evidence)
            .group_by("school")
            .agg(
                pl.col("units").filter(is_theirs).sum().alias("low"),
                pl.col("units").filter(is_theirs | pl.col("whose").is_null()).sum().alias("high"),
                is_theirs.sum().alias("things"),
                pl.lit(value=True).alias("enough"),
            )
        )

    return measure


def _experiments(evidence: Evidence, limits: Declared) -> pl.DataFrame:
    """Return none at all where instruments were never used, nothing where they were."""
    labs = evidence.rooms.filter(pl.col("use") == LABORATORY).select("school", "room")
    lessons = (
        _use_of(evidence, (pl.col("category") == "instrument") & pl.col("scheduled"))
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
