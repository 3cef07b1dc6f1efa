"""Assets booked within `days` of their acquisition ÷ assets.

Without an acquisition day nobody can tell: unknown. What is not booked yet, and not late yet, is
left out.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameter,
    Parameters,
    Sums,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
    share,
    yes_no,
)


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    allowed = pl.duration(days=int(parameters["days"]))
    acquired, booked = pl.col("acquired"), pl.col("booked")
    waits = (booked.is_null() & (acquired + allowed >= pl.lit(evidence.end))).fill_null(value=False)
    return rows_of(
        live_assets(evidence).filter(~waits),
        ref=asset_ref(),
        label=asset_label(),
        part=(booked - acquired <= allowed).fill_null(value=False),
        unknown=acquired.is_null(),
    )


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    return LocalizedText(
        f"在册资产 {sums.whole:.0f} 件，按时入账 {sums.part:.0f} 件（{got}），"
        f"缺取得日期 {sums.unknown:.0f} 件。",
        f"{sums.part:.0f} of {sums.whole:.0f} assets were booked in time ({got}); "
        f"{sums.unknown:.0f} have no acquisition day.",
    )


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["unknown"]:
        return LocalizedText(f"{row['label']}：缺取得日期", f"{row['label']}: no acquisition day")
    return _IN_TIME(row)


_IN_TIME = yes_no("按时入账", "未按时入账", "booked in time", "booked late or not at all")

INDICATOR = Indicator(
    id="booked_in_time",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=_tell,
    parameters={"days": Parameter("number", "days from acquisition to booking", 30)},
)
