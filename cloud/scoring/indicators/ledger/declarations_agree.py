"""Declared figures that agree with ledger and telemetry ÷ those that can be compared with them.

Compared are hours of use of the displays, computers in the ledger, use of the computer rooms, and
rooms in the ledger, each within `tolerance`. A figure agrees if it would agree whatever the missing
data is; one that may or may not agree is unknown. Telemetry that lacks half of its data contradicts
no figure.
"""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.registry.codes.own import DECLARED_ITEMS
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    CALENDAR,
    Indicator,
    Parameter,
    Parameters,
    Row,
    RowText,
    Values,
)
from cloud.scoring.indicators.builders.declared_ratio import declaration_ref
from cloud.scoring.indicators.builders.declared_vs_measured import (
    agrees,
    agrees_in_any_case,
    claims,
)


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    tolerance = float(parameters["tolerance"])
    is_sure, may_be = (
        rule(tolerance).fill_null(value=False) for rule in (agrees_in_any_case, agrees)
    )
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


def _case(row: Row) -> str:
    if row["unknown"]:
        return "too_little_data" if row["least"] is None else "uncertain"
    case = "agrees" if row["part"] else "differs"
    return case if _figure(row["least"]) == _figure(row["most"]) else f"{case}_range"


def _row_values(row: Row) -> Values:
    item = DECLARED_ITEMS.find(row["label"])
    return {
        "item": row["label"] if item is None else LocalizedText(item.zh, item.en),
        **{name: _figure(row[name]) for name in ("claimed", "least", "most")},
    }


def _figure(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


INDICATOR = Indicator(
    id="declarations_agree",
    unit="%",
    rows=_rows,
    row_text=RowText(
        cases=(
            "agrees",
            "agrees_range",
            "differs",
            "differs_range",
            "uncertain",
            "too_little_data",
        ),
        case=_case,
        values=_row_values,
    ),
    parameters={"tolerance": Parameter("number", "how far off still agrees, as a share", 0.25)},
    compared_with=CALENDAR,
)
