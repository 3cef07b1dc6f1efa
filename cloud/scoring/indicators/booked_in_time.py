"""Assets booked within `days` of their acquisition ÷ assets with an acquisition day."""

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


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    acquired = live_assets(evidence).filter(pl.col("acquired").is_not_null())
    days = (pl.col("booked") - pl.col("acquired")).dt.total_days()
    return rows_of(
        acquired,
        ref=asset_ref(),
        label=asset_label(),
        part=(days <= int(parameters["days"])).fill_null(value=False),
    )


def _reason(sums: Sums) -> Words:
    got = share(sums.part, sums.whole)
    return Words(
        f"有取得日期的 {sums.whole:.0f} 件中，{sums.part:.0f} 件按时入账（{got}）。",
        f"{sums.part:.0f} of {sums.whole:.0f} assets were booked in time ({got}).",
    )


INDICATOR = Indicator(
    id="booked_in_time",
    unit="",
    rows=_rows,
    reason=_reason,
    tell=yes_no("按时入账", "未按时入账", "booked in time", "booked late or not at all"),
    parameters={"days": 30},
)
