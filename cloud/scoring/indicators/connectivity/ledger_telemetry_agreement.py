"""Devices that reported and are in the ledger ÷ devices that reported, up to the end of the span.

A device that stops reporting stays in it: pulling the plug does not settle a mismatch.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import MET_OR_UNMET, Indicator, Parameters, rows_of


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


INDICATOR = Indicator(id="ledger_telemetry_agreement", unit="%", rows=_rows, row_text=MET_OR_UNMET)
