"""Indicators over what a school declares: one figure divided by another. Pure."""

from typing import Literal, get_args

import polars as pl

from cloud.messages import message
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameter,
    Parameters,
    Row,
    RowText,
    Sums,
    Values,
    rows_of,
    sums_values,
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
    divisor: str | float,
    *,
    unit: str = "%",
    most: float | None = None,
    each: Parameter | None = None,
    bands: bool = False,
) -> Indicator:
    """Return the indicator: a declared item ÷ another one, a size of the school, or a number.

    Where one of both is not known there is no evidence. `most` is the greatest share of the whole
    that counts; with `each` the whole is divided by that parameter, which a clause may set. It is
    confirmed when both figures are.
    """
    sizes = get_args(Size)

    def rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
        have = declared(evidence, item)
        if isinstance(divisor, str) and divisor in sizes:
            whole = evidence.schools.select(
                "school", pl.col(divisor).cast(pl.Float64).alias("whole")
            )
            have = have.join(whole, on="school")
        elif isinstance(divisor, str):
            other = declared(evidence, divisor).select(
                "school", pl.col("value").alias("whole"), pl.col("confirmed").alias("other")
            )
            have = have.join(other, on="school").with_columns(pl.col("confirmed") & pl.col("other"))
        else:
            have = have.with_columns(pl.lit(divisor).alias("whole"))
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

    def row_values(row: Row) -> Values:
        figures = Sums(row["part"], row["whole"], row["unknown"])
        reason = message(f"indicator.{name}.reason", **sums_values(figures))
        return {"day": row["label"], "reason": reason}

    return Indicator(
        id=name,
        unit=unit,
        rows=rows,
        row_text=RowText(
            cases=("confirmed", "unconfirmed"),
            case=lambda row: "confirmed" if row["confirmed"] else "unconfirmed",
            values=row_values,
            shared=("confirmed", "unconfirmed"),
        ),
        parameters={} if each is None else {"each": each},
        bands=bands,
        may_exceed=most is None,
        compared_with=_compared_with(divisor),
    )


def declaration_ref(item: pl.Expr) -> pl.Expr:
    """Return the expression for the reference of what was declared of an item."""
    return pl.format("declaration:{}/day:{}", item, pl.col("declared_on"))


def _compared_with(divisor: str | float) -> tuple[str, ...]:
    """Return the references of a divisor: another declaration, or the sizes of the school."""
    if not isinstance(divisor, str):
        return ()
    return (SCHOOL,) if divisor in get_args(Size) else (f"declaration:{divisor}",)
