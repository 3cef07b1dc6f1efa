"""Devices heard and standing in the ledger ÷ devices heard, up to the end of the span.

A device that falls silent stays in it: pulling the plug is no way to settle a mismatch.
"""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    Sums,
    rows_of,
    share,
    yes_no,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    known = pl.col("asset_id").is_not_null()
    return rows_of(
        evidence.senders,
        ref=pl.when(known)
        .then(pl.format("asset:{}", pl.col("asset_id")))
        .otherwise(pl.format("device:{}", pl.col("device"))),
        label=pl.col("device"),
        part=known,
    )


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    return LocalizedText(
        f"有过数据上报的设备 {sums.whole:.0f} 台，其中 {sums.part:.0f} 台在台账中（{got}）。",
        f"{sums.part:.0f} of {sums.whole:.0f} devices heard are in the ledger ({got}).",
    )


INDICATOR = Indicator(
    id="ledger_telemetry_agreement",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=yes_no("在台账中", "台账中没有", "in the ledger", "not in the ledger"),
)
