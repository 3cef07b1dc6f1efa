"""Declared figures that agree with ledger and telemetry ÷ those that can be held against them.

Compared are hours of use of the displays, computers in the ledger, use of the computer rooms, and
rooms in the ledger, each within `tolerance`. A figure agrees once it would whatever was not seen;
what may or may not be is not known. Telemetry of which half is missing contradicts nobody.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.registry.codes.own import DECLARED_ITEMS
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    Indicator,
    Parameter,
    Parameters,
    sentence,
)
from cloud.scoring.indicators.builders.declared_ratio import declaration_ref
from cloud.scoring.indicators.builders.declared_vs_measured import agrees, claims, surely_agrees


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    tolerance = float(parameters["tolerance"])
    is_sure, may_be = (one(tolerance).fill_null(value=False) for one in (surely_agrees, agrees))
    is_unseen = pl.col("most").is_null() | (may_be & ~is_sure)
    declared = evidence.declarations.select("school", "item", "declared_on")
    rows = claims(evidence).join(declared, on=["school", "item"], how="left", maintain_order="left")
    return rows.select(
        "school",
        declaration_ref(pl.col("item")).alias("ref"),
        pl.col("item").alias("label"),
        is_sure.cast(pl.Float64).alias("part"),
        pl.lit(1.0).alias("whole"),
        is_unseen.cast(pl.Float64).alias("unknown"),
        "claimed",
        "least",
        "most",
    )


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    item = DECLARED_ITEMS.find(row["label"])
    zh, en = (row["label"],) * 2 if item is None else (item.zh, item.en)
    claimed = _shown(row["claimed"])
    if row["unknown"] and row["least"] is not None:
        least, most = _shown(row["least"]), _shown(row["most"])
        return LocalizedText(
            f"{zh}：申报 {claimed}，感知为 {least}–{most}，未观测部分过多，无法确认",
            f"{en}: declared {claimed}, seen {least}–{most}, too much unseen to confirm it",
        )
    if row["unknown"]:
        return LocalizedText(
            f"{zh}：申报 {claimed}，感知数据不足，无法核对",
            f"{en}: declared {claimed}, too little was seen to compare",
        )
    least, most = _shown(row["least"]), _shown(row["most"])
    known = least if least == most else f"{least}–{most}"
    verdict = ("相符", "agrees") if row["part"] else ("不符", "does not agree")
    return LocalizedText(
        f"{zh}：申报 {claimed}，台账或感知为 {known}，{verdict[0]}",
        f"{en}: declared {claimed}, ledger or telemetry say {known}, {verdict[1]}",
    )


def _shown(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


INDICATOR = Indicator(
    id="declarations_agree",
    unit="%",
    rows=_rows,
    reason=sentence(
        "可核对的申报 {whole:.0f} 项，与台账或感知相符 {part:.0f} 项（{share}），"
        "无法核对 {unknown:.0f} 项。",
        "{part:.0f} of {whole:.0f} declared figures agree with ledger or telemetry ({share}); "
        "{unknown:.0f} could not be compared.",
    ),
    tell=_tell,
    parameters={"tolerance": Parameter("number", "how far off still agrees, as a share", 0.25)},
    beside=CALENDAR,
)
