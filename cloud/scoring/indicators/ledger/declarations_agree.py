"""Declared figures that agree with ledger and telemetry ÷ those that can be compared with them.

Compared are hours of use of the displays, computers in the ledger, use of the computer rooms, and
rooms in the ledger, each within `tolerance`. Computers for pupils and for teachers are one figure,
their sum: the row of the first one names both. A figure agrees if it would agree whatever the
missing data is; one that may or may not agree is unknown. Telemetry that lacks half of its data
contradicts no figure.
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
    TERMINALS,
    agrees,
    agrees_in_any_case,
    claims,
)

_DECLARED = ("school", "item", "declared_on", pl.col("value").alias("own"))


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    """Return a row for each claim, and one for a figure that is compared within another's claim.

    `own` is the figure declared of the row's item, `other` the one that is added to it, and
    `claimed` what is compared. The second row counts nothing: it opens the figure that was added.
    """
    tolerance = float(parameters["tolerance"])
    is_sure, may_be = (
        rule(tolerance).fill_null(value=False) for rule in (agrees_in_any_case, agrees)
    )
    is_unseen = pl.col("most").is_null() | (may_be & ~is_sure)
    declared = evidence.declarations.filter(pl.col("value").is_not_null()).select(*_DECLARED)
    first, second = TERMINALS
    added = declared.filter(pl.col("item") == second)
    rows = (
        claims(evidence)
        .join(declared, on=["school", "item"], how="left", maintain_order="left")
        .join(
            added.select("school", pl.lit(first).alias("item"), pl.col("own").alias("other")),
            on=["school", "item"],
            how="left",
            maintain_order="left",
        )
        .with_columns(is_sure.alias("is_sure"), is_unseen.alias("is_unseen"), whole=pl.lit(1.0))
    )
    within = rows.filter(pl.col("other").is_not_null()).select(
        "school",
        pl.lit(second).alias("item"),
        *("claimed", "least", "most"),
        pl.col("own").alias("other"),
        is_sure=pl.lit(value=False),
        is_unseen=pl.lit(value=False),
        whole=pl.lit(0.0),
    )
    within = within.join(added, on=["school", "item"])
    columns = [
        pl.col("school"),
        declaration_ref(pl.col("item")).alias("ref"),
        pl.col("item").alias("label"),
        pl.col("is_sure").cast(pl.Float64).alias("part"),
        pl.col("whole"),
        pl.col("is_unseen").cast(pl.Float64).alias("unknown"),
        *(pl.col(name) for name in ("own", "other", "claimed", "least", "most")),
    ]
    return pl.concat([rows.select(columns), within.select(columns)])


def _case(row: Row) -> str:
    if not row["whole"]:
        return "added"
    if row["unknown"]:
        return "too_little_data" if row["least"] is None else "uncertain"
    case = "agrees" if row["part"] else "differs"
    if row["other"] is not None:
        return f"{case}_together"
    if row["label"] in TERMINALS:
        return f"{case}_most"
    return case if _figure(row["least"]) == _figure(row["most"]) else f"{case}_range"


def _row_values(row: Row) -> Values:
    is_first = row["label"] == TERMINALS[0]
    return {
        "item": _title(row["label"]),
        "other_item": _title(TERMINALS[1] if is_first else TERMINALS[0]),
        **{name: _figure(row[name]) for name in ("own", "other", "claimed", "least", "most")},
    }


def _title(name: str) -> LocalizedText | str:
    item = DECLARED_ITEMS.find(name)
    return name if item is None else LocalizedText(item.zh, item.en)


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
            "agrees_together",
            "differs_together",
            "agrees_most",
            "differs_most",
            "added",
            "uncertain",
            "too_little_data",
        ),
        case=_case,
        values=_row_values,
    ),
    parameters={"tolerance": Parameter("number", "how far off still agrees, as a share", 0.25)},
    compared_with=CALENDAR,
)
