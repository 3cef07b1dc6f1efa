"""Assets past their years of use that were assessed within a year ÷ assets past them.

An asset whose age is not known may be past them too, unless it was assessed, which leaves it out.
Where none is, there is nothing to be judged.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import YEAR, Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    live_assets,
    or_nothing,
    rows_of,
    sentence,
    unless_nothing,
    yes_no,
)
from cloud.scoring.indicators.builders.service_life import over_age


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    since = evidence.end - timedelta(days=YEAR)
    old, assets = over_age(evidence.end), live_assets(evidence)
    assessed = (pl.col("assessed") > since).fill_null(value=False)
    rows = rows_of(
        assets.filter(pl.coalesce(old, ~assessed)),
        ref=asset_ref(),
        label=asset_label(),
        part=assessed,
        unknown=old.is_null(),
    )
    return or_nothing(rows, assets)


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["unknown"]:
        return LocalizedText(f"{row['label']}：使用年限不明", f"{row['label']}: of unknown age")
    return _ASSESSED(row)


_ASSESSED = yes_no("超期，已评估", "超期，未评估", "over age, assessed", "over age, not assessed")

INDICATOR = Indicator(
    id="over_age_assessed",
    unit="%",
    rows=_rows,
    reason=sentence(
        "超过使用年限或年限不明的资产 {whole:.0f} 件，一年内已评估 {part:.0f} 件（{share}），"
        "年限不明 {unknown:.0f} 件。",
        "{part:.0f} of {whole:.0f} assets past their years of use were assessed ({share}); "
        "of {unknown:.0f} the age is not known.",
    ),
    tell=unless_nothing(_tell, "没有超过使用年限的资产", "no asset is past its years of use"),
)
