"""Intact assets: condition codes {1, 2} ÷ all but {6, 7}.

Lost assets (5) stay in it: else a broken one would be better called lost.
"""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    Sums,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
    share,
    yes_no,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    return rows_of(
        live_assets(evidence),
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("condition").is_in(["1", "2"]),
    )


def _reason(sums: Sums) -> LocalizedText:
    got = share(sums.part, sums.whole)
    return LocalizedText(
        f"在册应完好资产 {sums.whole:.0f} 件，账面完好 {sums.part:.0f} 件（{got}）。",
        f"{sums.part:.0f} of {sums.whole:.0f} assets are intact by the ledger ({got}).",
    )


INDICATOR = Indicator(
    id="intact_rate",
    unit="%",
    rows=_rows,
    reason=_reason,
    tell=yes_no(
        "完好",
        "不完好（待修、待报废、丢失等）",
        "intact",
        "not intact: awaiting repair or disposal, lost, ...",
    ),
)
