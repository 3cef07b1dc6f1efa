"""Original value of the equipment per pupil, scrapped and transferred items left out, in yuan."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameters,
    Sums,
    asset_label,
    asset_ref,
    due_of_school,
    live_assets,
    rows_of,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    have = rows_of(
        live_assets(evidence).filter(pl.col("original_value_yuan").is_not_null()),
        ref=asset_ref(),
        label=asset_label(),
        part=pl.col("original_value_yuan"),
        whole=pl.lit(0.0),
    )
    return pl.concat([have, due_of_school(evidence, pl.col("pupils"))])


def _reason(sums: Sums) -> LocalizedText:
    each = sums.part / sums.whole if sums.whole else 0.0
    return LocalizedText(
        f"设备原值合计 {sums.part:,.0f} 元，学生 {sums.whole:.0f} 人，生均 {each:,.0f} 元。",
        f"Equipment worth {sums.part:,.0f} CNY for {sums.whole:.0f} pupils: {each:,.0f} CNY each.",
    )


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    if row["ref"] == SCHOOL:
        return LocalizedText(f"学生 {row['whole']:.0f} 人", f"{row['whole']:.0f} pupils")
    return LocalizedText(
        f"{row['label']}：原值 {row['part']:,.0f} 元",
        f"{row['label']}: {row['part']:,.0f} CNY",
    )


INDICATOR = Indicator(
    id="equipment_value_per_pupil",
    unit="CNY",
    rows=_rows,
    reason=_reason,
    tell=_tell,
)
