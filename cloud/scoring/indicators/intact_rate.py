"""Intact assets: condition codes {1, 2} ÷ all but {6, 7}.

Code 5 (lost) is a mismatch of the ledger, not a fault: it leaves the denominator too.
"""

import polars as pl

from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import (
    Indicator,
    Parameters,
    Sums,
    Words,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
    share,
    yes_no,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    return rows_of(
        live_assets(evidence).filter(pl.col("condition") != "5"),
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("condition").is_in(["1", "2"]),
    )


def _reason(sums: Sums) -> Words:
    got = share(sums.part, sums.whole)
    return Words(
        f"应完好 {sums.whole:.0f} 件，账面完好 {sums.part:.0f} 件（{got}）。",
        f"{sums.part:.0f} of {sums.whole:.0f} assets are intact by the ledger ({got}).",
    )


INDICATOR = Indicator(
    id="intact_rate",
    unit="",
    rows=_rows,
    reason=_reason,
    tell=yes_no("完好", "待修、待报废或其他", "intact", "awaiting repair, disposal or other"),
    parameters={},
)
