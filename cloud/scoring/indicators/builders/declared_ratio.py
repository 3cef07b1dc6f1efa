"""Indicators over what a school declares: one figure held against another. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameter,
    Parameters,
    rows_of,
    written,
)

Size = Literal["pupils", "teachers", "classes"]


def declared(evidence: Evidence, item: str) -> pl.DataFrame:
    """Return school, value, day and confirmed of what schools declare of an item."""
    return evidence.declarations.filter(pl.col("item") == item).select(
        "school", "value", "declared_on", pl.col("confirmed").fill_null(value=False)
    )


def declared_of(
    name: str,
    item: str,
    of: str | float,
    *,
    says: LocalizedText,
    unit: str = "%",
    most: float | None = None,
    each: Parameter | None = None,
    bands: bool = False,
) -> Indicator:
    """Return the indicator: a declared item ÷ another one, a size of the school, or a number.

    Where one of both is not known there is no evidence. `says` puts {part} and {whole} into a
    sentence; `most` is the most of the whole that counts; with `each` the whole is divided by that
    parameter, which a clause may set. It is confirmed when both figures are.
    """
    sizes = get_args(Size)

    def rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
        have = declared(evidence, item)
        if isinstance(of, str) and of in sizes:
            whole = evidence.schools.select("school", pl.col(of).cast(pl.Float64).alias("whole"))
            have = have.join(whole, on="school")
        elif isinstance(of, str):
            other = declared(evidence, of).select(
                "school", pl.col("value").alias("whole"), pl.col("confirmed").alias("other")
            )
            have = have.join(other, on="school").with_columns(pl.col("confirmed") & pl.col("other"))
        else:
            have = have.with_columns(pl.lit(of).alias("whole"))
        if each is not None:
            have = have.with_columns(pl.col("whole") / float(parameters["each"]))
        part = pl.col("value")
        if most is not None:
            part = pl.min_horizontal(part, pl.col("whole") * most)
        return rows_of(
            have.filter(pl.col("whole") > 0),
            ref=declaration_ref(pl.lit(item)),
            label=pl.col("declared_on"),
            part=part,
            whole=pl.col("whole"),
            confirmed=pl.col("confirmed"),
        )

    return Indicator(
        id=name,
        unit=unit,
        rows=rows,
        reason=lambda sums: written(says, sums),
        tell=_teller(says),
        parameters={} if each is None else {"each": each},
        bands=bands,
        beside=_beside(of),
    )


def declaration_ref(item: pl.Expr) -> pl.Expr:
    """Return the expression for the reference of what was declared of an item."""
    return pl.format("declaration:{}/day:{}", item, pl.col("declared_on"))


def _beside(of: str | float) -> tuple[str, ...]:
    """Return what is beside a declared figure: the other one, or the sizes of the school."""
    if not isinstance(of, str):
        return ()
    return (SCHOOL,) if of in get_args(Size) else (f"declaration:{of}",)


def _teller(says: LocalizedText) -> Callable[[Mapping[str, Any]], LocalizedText]:
    def tell(row: Mapping[str, Any]) -> LocalizedText:
        said, day = written(says, row), row["label"]
        zh, en = ("已核实", "confirmed") if row["confirmed"] else ("尚未核实", "not yet confirmed")
        return LocalizedText(
            f"{day} 申报（{zh}）：{said.zh}", f"Declared on {day} ({en}): {said.en}"
        )

    return tell
