"""What schools declare, beside what ledger and telemetry show of the same thing. Pure.

Each claim gives a row: the item, what was declared (`claimed`), and from what to what the truth may
lie by what is known (`least`, `most`; null where nobody saw enough of it). Ways of counting differ,
so a claim agrees while it lies within a tolerance of that.
"""

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import live_assets, live_use, units
from cloud.scoring.indicators.computer_room_use import COMPUTER_ROOM
from cloud.scoring.room_lessons import room_lessons

CLAIM = {
    "school": pl.String,
    "item": pl.String,
    "claimed": pl.Float64,
    "least": pl.Float64,
    "most": pl.Float64,
}
SEEN = 0.5
"""The share of what is due that has to be seen before telemetry contradicts anybody."""
_DAYS_A_WEEK = 5
_MEASURED = ("display_hours_week", "computer_room_hours_logged")
_MAIN_ROOMS = ("111", "113", "121", "123", "124", "132", "199")


def claims(evidence: Evidence) -> pl.DataFrame:
    """Return every claim that ledger or telemetry can be held against."""
    found = [one(evidence) for one in (_display_hours, _terminals, _computer_rooms, _main_rooms)]
    return pl.concat([rows.select(*CLAIM) for rows in found]).sort("school", "item")


def agrees(tolerance: float) -> pl.Expr:
    """Return whether a claim agrees, null where nobody saw enough."""
    low, high = pl.col("least") * (1 - tolerance), pl.col("most") * (1 + tolerance)
    return (pl.col("claimed") >= low - _slack()) & (pl.col("claimed") <= high + _slack())


def surely_agrees(tolerance: float) -> pl.Expr:
    """Return whether a claim agrees whatever was not seen, so that silence confirms nothing.

    Of what the ledger says nothing is unseen: there agreeing is enough.
    """
    low, high = pl.col("most") * (1 - tolerance), pl.col("least") * (1 + tolerance)
    inside = (pl.col("claimed") >= low - _slack()) & (pl.col("claimed") <= high + _slack())
    return pl.when(pl.col("item").is_in(_MEASURED)).then(inside).otherwise(agrees(tolerance))


def _slack() -> pl.Expr:
    return pl.when(pl.col("item") == "computer_room_hours_logged").then(0.05).otherwise(1.0)


def _value(evidence: Evidence, item: str, name: str = "claimed") -> pl.DataFrame:
    return evidence.declarations.filter(pl.col("item") == item).select(
        "school", pl.col("value").alias(name)
    )


def _display_hours(evidence: Evidence) -> pl.DataFrame:
    """Return hours a week that a display is used, on average over the connected ones."""
    item = "display_hours_week"
    seen = (
        live_use(evidence)
        .filter((pl.col("category") == "display") & (pl.col("due_s") > 0))
        .group_by("school")
        .agg(
            pl.col("active_s").sum(),
            pl.col("unobserved_s").filter(pl.col("period") >= 0).sum(),
            pl.col("due_s").filter(pl.col("period") >= 0).sum(),
            pl.col("asset_id").n_unique().alias("displays"),
            pl.col("day").n_unique().alias("days"),
        )
    )
    hours = 3600.0 * pl.col("displays") * pl.col("days") / _DAYS_A_WEEK
    enough = pl.col("unobserved_s") <= (1 - SEEN) * pl.col("due_s")
    return (
        _value(evidence, item)
        .join(seen, on="school")
        .with_columns(
            pl.lit(item).alias("item"),
            pl.when(enough).then(pl.col("active_s") / hours).alias("least"),
            pl.when(enough)
            .then((pl.col("active_s") + pl.col("unobserved_s")) / hours)
            .alias("most"),
        )
    )


def _terminals(evidence: Evidence) -> pl.DataFrame:
    """Return computers for teachers and pupils together; the ledger says how many at most."""
    items = ("teacher_terminals", "pupil_terminals")
    claimed = (
        evidence.declarations.filter(pl.col("item").is_in(list(items)))
        .group_by("school")
        .agg(pl.col("value").sum().alias("claimed"), pl.col("item").sort().first())
    )
    ledger = (
        live_assets(evidence)
        .group_by("school")
        .agg(units().filter(pl.col("category") == "computer").sum().alias("most"))
    )
    return claimed.join(ledger, on="school").with_columns(pl.lit(0.0).alias("least"))


def _computer_rooms(evidence: Evidence) -> pl.DataFrame:
    """Return the share of the lessons in computer rooms that used them."""
    item = "computer_room_hours_logged"
    due = _value(evidence, "computer_room_hours_scheduled", "due").filter(pl.col("due") > 0)
    rooms = evidence.rooms.filter(pl.col("use") == COMPUTER_ROOM)
    seen = (
        room_lessons(evidence, rooms)
        .group_by("school")
        .agg(pl.col("part", "whole", "unknown").sum())
    )
    enough = pl.col("unknown") <= (1 - SEEN) * pl.col("whole")
    part, whole = pl.col("part"), pl.col("whole")
    return (
        _value(evidence, item)
        .join(due, on="school")
        .join(seen, on="school")
        .with_columns(
            pl.lit(item).alias("item"),
            pl.col("claimed") / pl.col("due"),
            pl.when(enough).then(part / whole).alias("least"),
            pl.when(enough).then((part + pl.col("unknown")) / whole).alias("most"),
        )
    )


def _main_rooms(evidence: Evidence) -> pl.DataFrame:
    """Return main teaching places, and the rooms of these uses in the ledger."""
    item = "main_rooms"
    rooms = (
        evidence.rooms.group_by("school")
        .agg(pl.col("use").is_in(list(_MAIN_ROOMS)).sum().cast(pl.Float64).alias("least"))
        .with_columns(pl.col("least").alias("most"))
    )
    return _value(evidence, item).join(rooms, on="school").with_columns(pl.lit(item).alias("item"))
