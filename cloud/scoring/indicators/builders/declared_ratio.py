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
    confirmed when both figures are. A row shows the figure as it was declared (`declared`) where
    more than that does not count, and what its whole was divided from (`size`, `each`).
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
        per = 1.0 if each is None else float(parameters["each"])
        have = have.with_columns(
            pl.col("whole").alias("size"), pl.lit(per).alias("each"), pl.col("whole") / per
        )
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
            more=(pl.col("value").alias("declared"), pl.col("size"), pl.col("each")),
        )

    def case(row: Row) -> str:
        state = "confirmed" if row["confirmed"] else "unconfirmed"
        if each is not None:
            return f"{state}_each"
        is_above = most is not None and row["declared"] > row["part"]
        return f"{state}_above" if is_above else state

    def row_values(row: Row) -> Values:
        figures = Sums(row["part"], row["whole"], row["unknown"])
        reason = message(f"indicator.{name}.reason", **sums_values(figures))
        figures_declared = {name: row[name] for name in ("declared", "size", "each")}
        return {"day": row["label"], "reason": reason, **figures_declared}

    kinds = ("_each",) if each is not None else ("",) if most is None else ("", "_above")
    cases = tuple(f"{state}{kind}" for kind in kinds for state in ("confirmed", "unconfirmed"))

    return Indicator(
        id=name,
        unit=unit,
        rows=rows,
        row_text=RowText(
            cases=cases,
            case=case,
            values=row_values,
            shared=cases,
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
