"""Assets that are not both past their years of use and faulty ÷ assets.

Age alone costs nothing: an old asset that works may be used on. Of a faulty one whose age is not
known nobody can tell.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
    sentence,
    yes_no,
)
from cloud.scoring.indicators.builders.service_life import over_age


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    faulty, old = pl.col("condition").is_in(["3", "4", "8"]), over_age(evidence.end)
    return rows_of(
        live_assets(evidence),
        ref=asset_ref(),
        label=asset_label(),
        part=~faulty | ~old.fill_null(value=True),
        unknown=faulty & old.is_null(),
    )


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["unknown"]:
        return LocalizedText(
            f"{row['label']}：有故障，使用年限不明", f"{row['label']}: faulty, of unknown age"
        )
    return _SOUND(row)


_SOUND = yes_no(
    "没有带病超期", "超期且有故障", "not both over age and faulty", "over age and faulty"
)

INDICATOR = Indicator(
    id="not_worn_out",
    unit="%",
    rows=_rows,
    reason=sentence(
        "在册资产 {whole:.0f} 件，没有带病超期使用 {part:.0f} 件（{share}）。",
        "{part:.0f} of {whole:.0f} assets are not both over age and faulty ({share}).",
    ),
    tell=_tell,
)
