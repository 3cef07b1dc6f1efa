"""Rows of the ledger with a device's name of which no device was ever heard.

Counted are rows somebody bound to a device, in use or idle, not just bought, and of a category of
which the school's other devices report: where none of a kind is heard, a driver is missing. A few
silent ones are usual, more where devices die; asked is for more than chance would leave silent.
"""

from functools import cache
from math import comb

import polars as pl

from cloud.integrity.check import Check, Judged, Row, strength_of
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds, Unconfirmed
from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.base import (
    in_use_assets,
)

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
    heard = pl.col("reported").is_not_null().mean().over("school", "category")
    return rows.filter(heard >= limits.peers_heard)


@cache
def _least(bound: int, gone: float, limits: Unconfirmed) -> int:
    """Return from how many silent rows of so many on chance no longer explains them."""
    usual = limits.usual + limits.dies * gone
    tail, silent = 1.0, 0
    while tail > limits.chance and silent <= bound:
        tail -= comb(bound, silent) * usual**silent * (1 - usual) ** (bound - silent)
        silent += 1
    return max(silent, limits.least)


def _reason(row: Row) -> LocalizedText:
    got = row["silent"] / row["bound"]
    return LocalizedText(
        f"台账中登记了设备标识的 {row['bound']} 件资产里，有 {row['silent']} 件（{got:.0%}）"
        "从未上报过数据，而本校同类设备在上报。",
        f"Of {row['bound']} assets bound to a device, {row['silent']} ({got:.0%}) were never "
        "heard, while others of their kind in the school are.",
    )


def _tell(row: Row) -> LocalizedText:
    zh, en = row["room"] or "地点未登记", row["room"] or "no room stated"
    return LocalizedText(
        f"{row['name']} {row['asset_no']}（{zh}，设备 {row['device']}）：从未上报",
        f"{row['name']} {row['asset_no']} ({en}, device {row['device']}): never heard",
    )


CHECK = Check(
    id="unconfirmed_rows",
    title=LocalizedText("台账有、从无数据的设备", "Ledger rows that no device confirms"),
    judge=_judge,
    reason=_reason,
    tell=_tell,
    needs=LocalizedText(
        "需要台账登记了设备标识，且同类设备中至少一半上报过数据。",
        "It needs assets bound to devices, and half of their kind heard.",
    ),
    ask=LocalizedText(
        "请逐件核实实物：在的拍照并接通，不在的按盘亏处理，标识抄错的更正。",
        "Look for each: connect and photograph what is there, write off what is not, mend a name "
        "that was mistyped.",
    ),
    innocent=LocalizedText(
        "设备长期断电或在库房；网关够不到；台账中的设备标识抄错；刚更换的设备沿用旧标识。",
        "Unplugged or in store for long; out of the gateway's reach; a name mistyped in the "
        "ledger; a new device under an old name.",
    ),
)
