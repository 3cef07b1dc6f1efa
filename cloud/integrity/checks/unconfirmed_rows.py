"""Rows of the ledger bound to a device that has never reported. Pure.

Counted are rows that an operator bound to a device, in use or idle, not just bought, and of a
category of which the school's other devices report: where none of a kind reports, a driver is
missing. A few silent ones are usual, more where devices fail; the check asks about more than chance
would leave silent.
"""

from functools import cache
from math import comb

import polars as pl

from cloud.integrity.check import Check, Judged, Row, strength_of
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds, Unconfirmed
from cloud.messages import Message, message
from cloud.scoring.indicators.base import in_use_assets

_FULL = 0.3
"""Share of the rows from which it could hardly be stronger."""


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    limits = thresholds.unconfirmed
    rows = _rows(facts, limits)
    silence = (pl.lit(facts.evidence.end) - pl.col("reported")).dt.total_days()
    schools = rows.group_by("school").agg(
        pl.len().alias("bound"),
        pl.col("reported").is_null().sum().alias("silent"),
        (silence >= limits.gone_days).mean().fill_null(0.0).alias("gone"),
    )
    least = [_least(bound, gone, limits) for bound, gone in schools.select("bound", "gone").rows()]
    schools = schools.with_columns(
        pl.when(pl.col("silent") >= pl.Series(least, dtype=pl.Int64))
        .then(strength_of(pl.col("silent") / pl.col("bound"), full=_FULL))
        .alias("strength")
    )
    silent = rows.filter(pl.col("reported").is_null()).with_columns(
        pl.format("asset:{}", "asset_id").alias("ref"),
        pl.col("original_value_yuan").fill_null(0.0).alias("weight"),
    )
    return Judged(schools, silent)


def _rows(facts: Facts, limits: Unconfirmed) -> pl.DataFrame:
    end = pl.lit(facts.evidence.end)
    age = (end - pl.col("acquired")).dt.total_days()
    bound = (
        facts.bindings.filter("stated")
        .select("school", "asset_id", "device")
        .unique(["school", "asset_id"])
    )
    rows = (
        in_use_assets(facts.evidence)
        .filter(age.is_null() | (age > limits.young_days))
        .join(bound, on=["school", "asset_id"])
    )
    reporting = pl.col("reported").is_not_null().mean().over("school", "category")
    return rows.filter(reporting >= limits.peers_reporting)


@cache
def _least(bound: int, gone: float, limits: Unconfirmed) -> int:
    """Return from how many silent rows of so many on chance no longer explains them."""
    usual = limits.usual + limits.dies * gone
    tail, silent = 1.0, 0
    while tail > limits.chance and silent <= bound:
        tail -= comb(bound, silent) * usual**silent * (1 - usual) ** (bound - silent)
        silent += 1
    return max(silent, limits.least)


def _reason(row: Row) -> Message:
    return message(
        "integrity.unconfirmed_rows.reason",
        bound=row["bound"],
        silent=row["silent"],
        share=row["silent"] / row["bound"],
    )


def _row_text(row: Row) -> Message:
    return message(
        "integrity.unconfirmed_rows.row",
        label=f"{row['name']} {row['asset_no']}",
        room=row["room"] or message("integrity.no_room"),
        device=row["device"],
    )


def _sum_row(row: Row) -> tuple[str, Message]:
    text = message(
        "integrity.unconfirmed_rows.sums",
        bound=row["bound"],
        silent=row["silent"],
        reported=row["bound"] - row["silent"],
    )
    return "records:assets", text


CHECK = Check(
    id="unconfirmed_rows", judge=_judge, reason=_reason, row_text=_row_text, sum_row=_sum_row
)
