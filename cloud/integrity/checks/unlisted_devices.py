"""Devices that reported and are in no row of the ledger. Pure."""

import polars as pl

from cloud.integrity.check import Check, Judged, strength_of, with_figures
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds
from cloud.messages import message

_FULL = 0.3
"""Share of the devices from which it could hardly be stronger."""


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    limits = thresholds.unlisted
    senders = facts.evidence.senders
    share = pl.col("unlisted") / pl.col("reported")
    schools = (
        senders.group_by("school")
        .agg(pl.len().alias("reported"), pl.col("asset_id").is_null().sum().alias("unlisted"))
        .with_columns(
            pl.when((pl.col("unlisted") >= limits.least) & (share >= limits.share))
            .then(strength_of(share, full=_FULL))
            .alias("strength")
        )
    )
    rows = senders.filter(pl.col("asset_id").is_null()).with_columns(
        pl.format("device:{}", "device").alias("ref"), pl.lit(1.0).alias("weight")
    )
    return Judged(schools, rows)


CHECK = Check(
    id="unlisted_devices",
    judge=_judge,
    reason=with_figures("integrity.unlisted_devices.reason", "reported", "unlisted"),
    row_text=with_figures("integrity.unlisted_devices.row", "device"),
    sum_row=lambda row: (
        "records:devices",
        message(
            "integrity.unlisted_devices.sums",
            reported=row["reported"],
            unlisted=row["unlisted"],
            listed=row["reported"] - row["unlisted"],
        ),
    ),
)
