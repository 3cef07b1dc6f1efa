"""Declared figures as the two checks about them judge and show them. Pure.

Only too much is asked about: a school that declares less than was measured gains nothing, and the
measurement may include a screen that plays in an empty room. A typing error and a false figure look
alike, one by one. What separates them is how far off a figure is, and whether it is the only one:
`is_far` holds for the schools where a typing error is unlikely.
"""

from dataclasses import replace

import polars as pl

from cloud.integrity.agreement import agreement
from cloud.integrity.check import Row
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Declared
from cloud.messages import Message, message
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.builders.declared_vs_measured import computer_rooms, display_hours

_HOURS = ("display_hours_week", "computer_room_hours_logged")
"""Items in hours a week, shown with one decimal; the others are counts."""


def figures(facts: Facts, limits: Declared) -> pl.DataFrame:
    """Return the figures that can be compared: whether each is too high, and its school far off.

    `excess` is by what share a figure is above all that is possible, 0 where it is not.
    """
    compared = agreement(facts.evidence, limits).filter(pl.col("verdict") != "unknown")
    excess = (pl.col("declared") / pl.col("high").clip(1e-9) - 1).clip(0.0, 9.0)
    over = pl.col("verdict") == "overstated"
    compared = compared.with_columns(
        over.alias("over"), pl.when(over).then(excess).otherwise(0.0).alias("excess")
    )
    several = pl.col("over").sum().over("school") >= limits.several
    far = pl.col("excess").max().over("school") >= limits.far
    return compared.with_columns((several | far).alias("is_far"))


def rows_of(facts: Facts, wrong: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the evidence rows of a finding about wrong figures, and what measured them.

    The other figures that were compared have their rows too: they are counted in the reason.
    """
    others = others.with_columns(
        pl.format("declaration:{}", "item").alias("ref"), pl.lit(1.0).alias("weight")
    )
    rows = wrong.with_columns(
        pl.format("declaration:{}", "item").alias("ref"), (10 + pl.col("excess")).alias("weight")
    )
    known = facts.evidence
    details = (
        _displays(_of(known, wrong, "display_hours_week")),
        _rooms(_of(known, wrong, "computer_room_hours_logged")),
    )
    return pl.concat([rows, others, *details], how="diagonal")


def row_text(row: Row) -> Message:
    """Return the message of one of these rows."""
    low, high = row["low"], row["high"]
    if row["item"] is None:
        key = "measured" if round(low, 1) == round(high, 1) else "measured_range"
        return message(f"integrity.declared.{key}", label=row["label"], low=low, high=high)
    is_hours = row["item"] in _HOURS
    decimals = 1 if is_hours else 0
    is_range = round(low, decimals) != round(high, decimals)
    return message(
        f"integrity.declared.{'hours' if is_hours else 'count'}{'_range' if is_range else ''}",
        item=message(f"integrity.item.{row['item']}"),
        declared=row["declared"],
        basis=message(f"integrity.basis.{row['basis']}"),
        low=low,
        high=high,
    )


def _of(evidence: Evidence, wrong: pl.DataFrame, item: str) -> Evidence:
    """Return the evidence of the schools with a wrong figure, as far as it is measured by."""
    schools = wrong.filter(pl.col("item") == item).select("school")
    return replace(
        evidence,
        **{
            name: getattr(evidence, name).join(schools, on="school", how="semi")
            for name in ("assets", "rooms", "use")
        },
    )


def _displays(evidence: Evidence) -> pl.DataFrame:
    return display_hours(evidence).select(
        "school",
        pl.format("asset:{}", "asset_id").alias("ref"),
        pl.format("{} {}", "name", "asset_no").alias("label"),
        pl.col("active_h").alias("low"),
        (pl.col("active_h") + pl.col("unseen_h")).alias("high"),
        pl.lit(0.0).alias("weight"),
    )


def _rooms(evidence: Evidence) -> pl.DataFrame:
    return computer_rooms(evidence).select(
        "school",
        pl.format("room:{}", "room").alias("ref"),
        pl.col("room").alias("label"),
        pl.col("used").alias("low"),
        (pl.col("used") + pl.col("unseen")).alias("high"),
        pl.lit(0.0).alias("weight"),
    )
