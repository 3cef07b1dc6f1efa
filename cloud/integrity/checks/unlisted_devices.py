"""Devices heard that no row of the ledger knows."""

import polars as pl

from cloud.integrity.check import Check, Judged, Row, strength_of
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds
from cloud.localized_text import LocalizedText

_FULL = 0.3
"""Share of the devices from which it could hardly be stronger."""


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    limits = thresholds.unlisted
    heard = facts.evidence.senders
    share = pl.col("unlisted") / pl.col("heard")
    schools = (
        heard.group_by("school")
        .agg(pl.len().alias("heard"), pl.col("asset_id").is_null().sum().alias("unlisted"))
        .with_columns(
            pl.when((pl.col("unlisted") >= limits.least) & (share >= limits.share))
            .then(strength_of(share, full=_FULL))
            .alias("strength")
        )
    )
    rows = heard.filter(pl.col("asset_id").is_null()).with_columns(
        pl.format("device:{}", "device").alias("ref"), pl.lit(1.0).alias("weight")
    )
    return Judged(schools, rows)


def _reason(row: Row) -> LocalizedText:
    return LocalizedText(
        f"有过数据的 {row['heard']} 台设备中，有 {row['unlisted']} 台在台账里找不到。",
        f"Of {row['heard']} devices heard, {row['unlisted']} are in no row of the ledger.",
    )


def _tell(row: Row) -> LocalizedText:
    return LocalizedText(
        f"{row['device']}：台账中没有", f"{row['device']}: in no row of the ledger"
    )


CHECK = Check(
    id="unlisted_devices",
    title=LocalizedText("有数据、无台账的设备", "Devices that no ledger knows"),
    judge=_judge,
    reason=_reason,
    tell=_tell,
    needs=LocalizedText("需要有设备上报过数据。", "It needs devices that were heard."),
    ask=LocalizedText(
        "请将这些设备入账，或在台账中补填设备标识；借用、捐赠的也要登记。",
        "Enter these devices into the ledger, or their names into its rows; borrowed and given "
        "ones too.",
    ),
    innocent=LocalizedText(
        "新到设备尚未入账；台账中的设备标识抄错；维修替换机。",
        "New devices not yet entered; a name mistyped in the ledger; a spare during a repair.",
    ),
)
