"""Declared figures of schools, compared with what ledger and telemetry show. Pure.

The figures of displays, computer rooms and the ledger are measured here once: `display_hours`,
`computer_rooms`, `terminals`. Two rules use them, and treat missing data in opposite ways. Here,
where points are given, a figure agrees if it would agree whatever the missing data is, so missing
data confirms nothing. The integrity checks, which ask people questions, call a figure too high if
it would be too high whatever the missing data is (`cloud.integrity.agreement`).

Each claim gives a row: the item, the declared figure (`claimed`), and the least and the most that
the true figure may be by the data (`least`, `most`; null without enough data). Ways of counting
differ, so a claim agrees while it lies within a tolerance of that.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import live_assets, units
from cloud.scoring.indicators.usage.computer_room_use import COMPUTER_ROOM
from cloud.utilization.periods import BETWEEN

CLAIM = {
    "school": pl.String,
    "item": pl.String,
    "claimed": pl.Float64,
    "least": pl.Float64,
    "most": pl.Float64,
}
SEEN = 0.5
"""The share of what is due that has to be seen before telemetry contradicts anybody."""
WEEK = 5
"""School days."""
TERMINALS = ("pupil_terminals", "teacher_terminals")
"""Declared figures that are compared with the ledger together."""
_HOURS = ("display_hours_week", "computer_room_hours_logged")
_MAIN_ROOMS = ("111", "113", "121", "123", "124", "132", "199")
_STUCK = 0.999
"""Share of standby in the seconds with data of a day from which a sensor is stuck."""


def claims(evidence: Evidence) -> pl.DataFrame:
    """Return every claim that ledger or telemetry can be held against."""
    measured = {
        "display_hours_week": _display_hours(evidence),
        "computer_room_hours_logged": _computer_room_hours(evidence),
        "main_rooms": _main_rooms(evidence),
    }
    frames = [
        _declared(evidence, item)
        .join(rows, on="school")
        .select("school", pl.lit(item).alias("item"), *list(CLAIM)[2:])
        .cast(pl.Schema(CLAIM))
        for item, rows in measured.items()
    ]
    return pl.concat([*frames, _terminals(evidence)]).sort("school", "item")


def _declared(evidence: Evidence, *items: str) -> pl.DataFrame:
    """Return what each school declares of some items together, and the first of them."""
    return (
        evidence.declarations.filter(pl.col("item").is_in(items))
        .drop_nulls("value")
        .group_by("school")
        .agg(pl.col("value").sum().alias("claimed"), pl.col("item").sort().first())
    )


def agrees(tolerance: float) -> pl.Expr:
    """Return whether a claim agrees, null without enough data."""
    low, high = pl.col("least") * (1 - tolerance), pl.col("most") * (1 + tolerance)
    return (pl.col("claimed") >= low - _slack()) & (pl.col("claimed") <= high + _slack())


def agrees_in_any_case(tolerance: float) -> pl.Expr:
    """Return whether a claim agrees whatever the missing data is, so that it confirms nothing.

    Figures of the ledger have no missing data: there agreeing is enough.
    """
    low, high = pl.col("most") * (1 - tolerance), pl.col("least") * (1 + tolerance)
    inside = (pl.col("claimed") >= low - _slack()) & (pl.col("claimed") <= high + _slack())
    return pl.when(pl.col("item").is_in(_HOURS)).then(inside).otherwise(agrees(tolerance))


def _slack() -> pl.Expr:
    return pl.when(pl.col("item") == "computer_room_hours_logged").then(0.5).otherwise(1.0)


def display_hours(evidence: Evidence) -> pl.DataFrame:
    """Return of each display its hours of use a week, and the hours without data.

    On school days, from midnight to midnight: `active_h` a week were seen and `unseen_h` were not;
    `dark_h` of these within school, of `school_h`. A sensor that is stuck has seen nothing.
    """
    in_school, stuck = pl.col("period") >= BETWEEN, pl.col("stuck")
    unseen, due = pl.col("unobserved_s"), pl.col("due_s")
    days = (
        use_of(evidence, pl.col("category") == "display")
        .group_by("school", "asset_id", "name", "asset_no", "day")
        .agg(
            (pl.col("period") > BETWEEN).any().alias("is_taught"),
            pl.col("active_s").sum(),
            unseen.sum(),
            due.sum(),
            unseen.filter(in_school).sum().alias("dark_s"),
            due.filter(in_school).sum().alias("school_s"),
            is_stuck().alias("stuck"),
        )
        .filter("is_taught")
        .with_columns(
            pl.when(stuck).then(due).otherwise(unseen).alias("unseen_s"),
            pl.when(stuck).then("school_s").otherwise("dark_s").alias("dark_s"),
        )
    )
    week_h = WEEK / 3600 / pl.len()
    hours = ("active", "unseen", "dark", "school")
    return (
        days.group_by("school", "asset_id", "name", "asset_no")
        .agg(
            pl.len().alias("days"),
            *((pl.col(f"{what}_s").sum() * week_h).alias(f"{what}_h") for what in hours),
        )
        .sort("school", "asset_id")
    )


def _display_hours(evidence: Evidence) -> pl.DataFrame:
    """Return hours a week that a display is used, on average over the connected ones."""
    dark, school = pl.col("dark_h").sum(), pl.col("school_h").sum()
    return (
        display_hours(evidence)
        .group_by("school")
        .agg(
            (dark <= (1 - SEEN) * school).alias("enough"),
            pl.col("active_h").mean().alias("least"),
            (pl.col("active_h") + pl.col("dark_h")).mean().alias("most"),
        )
        .with_columns(pl.when("enough").then(name).alias(name) for name in ("least", "most"))
    )


def computer_rooms(evidence: Evidence) -> pl.DataFrame:
    """Return of each computer room how many hours a week were timetabled, used and unseen."""
    rooms = evidence.rooms.filter(pl.col("use") == COMPUTER_ROOM).select("school", "room")
    use = use_of(evidence, pl.col("room").is_not_null()).join(rooms, on=["school", "room"])
    stuck = use.group_by("school", "asset_id", "day").agg(is_stuck().alias("stuck"))
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
    week_h = pl.col("due_s") / 3600 * WEEK / pl.col("days")
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


def computer_room_hours(evidence: Evidence) -> pl.DataFrame:
    """Return of each school the hours a week of all its computer rooms, used and unseen.

    A room without connected devices may have been as full as the fullest timetable of the others.
    """
    known = (
        evidence.rooms.filter(pl.col("use") == COMPUTER_ROOM)
        .group_by("school")
        .agg(pl.len().alias("all"))
    )
    return (
        computer_rooms(evidence)
        .group_by("school")
        .agg(
            pl.len().alias("things"),
            pl.col("used").sum().alias("low"),
            pl.col("unseen").sum(),
            pl.col("timetabled").sum(),
            pl.col("timetabled").max().alias("busiest"),
            pl.col("days").max(),
        )
        .join(known, on="school")
        .with_columns(((pl.col("all") - pl.col("things")) * pl.col("busiest")).alias("bare"))
        .with_columns((pl.col("low") + pl.col("unseen") + pl.col("bare")).alias("high"))
    )


def _computer_room_hours(evidence: Evidence) -> pl.DataFrame:
    unseen, due = pl.col("unseen") + pl.col("bare"), pl.col("timetabled") + pl.col("bare")
    enough = unseen <= (1 - SEEN) * due
    return computer_room_hours(evidence).with_columns(
        pl.when(enough).then("low").alias("least"), pl.when(enough).then("high").alias("most")
    )


def terminals(evidence: Evidence) -> pl.DataFrame:
    """Return of each school its computers: of `pupil`, of `teacher`, of `either` by their names."""
    of_pupils = pl.col("name").str.contains("学生|pupil|student")
    of_teachers = pl.col("name").str.contains("教师|教工|备课|teacher|staff")
    whose = {
        "pupil": of_pupils & ~of_teachers,
        "teacher": of_teachers & ~of_pupils,
        "either": of_pupils == of_teachers,
    }
    is_computer = pl.col("category") == "computer"
    return (
        live_assets(evidence)
        .group_by("school")
        .agg(units().filter(is_computer & which).sum().alias(name) for name, which in whose.items())
    )


def _terminals(evidence: Evidence) -> pl.DataFrame:
    """Return computers for teachers and pupils together, at most those of the ledger.

    Together, so that a computer that may be either's counts once. The claim bears the name of the
    first figure that is declared; who shows it names both.
    """
    every = pl.sum_horizontal("pupil", "teacher", "either")
    return (
        _declared(evidence, *TERMINALS)
        .join(terminals(evidence), on="school")
        .with_columns(pl.lit(0.0).alias("least"), every.alias("most"))
        .select(*CLAIM)
        .cast(pl.Schema(CLAIM))
    )


def _main_rooms(evidence: Evidence) -> pl.DataFrame:
    """Return the rooms of the ledger that are main teaching places."""
    return (
        evidence.rooms.group_by("school")
        .agg(pl.col("use").is_in(list(_MAIN_ROOMS)).sum().cast(pl.Float64).alias("least"))
        .with_columns(pl.col("least").alias("most"))
    )


def use_of(evidence: Evidence, which: pl.Expr) -> pl.DataFrame:
    """Return the roll-up rows of some of the assets that still count, with their names."""
    assets = live_assets(evidence).select("school", "asset_id", "asset_no", "name")
    return evidence.use.filter(which).join(assets, on=["school", "asset_id"])


def is_stuck() -> pl.Expr:
    """Return whether a device's day is one of a stuck sensor, which counts as not seen.

    From midnight to midnight it reports nothing but standby, which is rare for a working device.
    """
    seen = (pl.col("due_s") - pl.col("unobserved_s")).sum()
    return pl.col("standby_s").sum() >= _STUCK * seen
