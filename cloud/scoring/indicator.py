"""What an indicator is: evidence rows that add up to a number.

An indicator turns evidence into rows, one per thing that counts (an asset, a room, an asset's day).
A row holds `part` (what counts for), `whole` (what counts at all) and `unknown` (how much of the
whole nobody saw). What is measured of a school is sum(part) / sum(whole); what was not seen could
bring it up to (sum(part) + sum(unknown)) / sum(whole). So every figure is the sum of rows that can
be looked at one by one.

To add one: a file in `cloud/scoring/indicators/` with a constant `INDICATOR`. Its weight and its
thresholds are a clause of a standard.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

import polars as pl

from cloud.scoring import indicators
from cloud.scoring.evidence import Evidence

ROW = {
    "school": pl.String,
    "ref": pl.String,
    "label": pl.String,
    "part": pl.Float64,
    "whole": pl.Float64,
    "unknown": pl.Float64,
}
"""`ref` opens the row ("asset:12", "asset:12/day:2026-11-23", "room:A-301", "school")."""

Parameters = Mapping[str, Any]


class Words(NamedTuple):
    """The same thing in Chinese and in English."""

    zh: str
    en: str


class Sums(NamedTuple):
    """What an indicator's rows of one school add up to."""

    part: float
    whole: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Indicator:
    """A question to the evidence.

    `rows` gives the evidence rows of all schools; `reason` puts their sums into a sentence; `tell`
    does so for one row. `parameters` names what a clause may set, with its default.
    """

    id: str
    unit: str
    rows: Callable[[Evidence, Parameters], pl.DataFrame]
    reason: Callable[[Sums], Words]
    tell: Callable[[Mapping[str, Any]], Words]
    parameters: Parameters


@cache
def all_indicators() -> dict[str, Indicator]:
    """Return every indicator by its id, found by looking into the folder."""
    found = {}
    for module in iter_modules(indicators.__path__):
        indicator: Indicator = import_module(f"{indicators.__name__}.{module.name}").INDICATOR
        found[indicator.id] = indicator
    return dict(sorted(found.items()))


def rows_of(
    frame: pl.DataFrame,
    *,
    ref: pl.Expr,
    label: pl.Expr,
    part: pl.Expr,
    whole: pl.Expr | None = None,
    unknown: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return evidence rows made from the columns of a table; whole is 1, unknown 0 unless given."""
    return frame.select(
        pl.col("school"),
        ref.cast(pl.String).alias("ref"),
        label.cast(pl.String).alias("label"),
        part.cast(pl.Float64).alias("part"),
        (pl.lit(1.0) if whole is None else whole).cast(pl.Float64).alias("whole"),
        (pl.lit(0.0) if unknown is None else unknown).cast(pl.Float64).alias("unknown"),
    )


def asset_ref() -> pl.Expr:
    """Return the expression for an asset's reference."""
    return pl.format("asset:{}", pl.col("asset_id"))


def asset_label() -> pl.Expr:
    """Return the expression for an asset's name and number."""
    return pl.format("{} {}", pl.col("name"), pl.col("asset_no"))


def share(part: float, whole: float) -> str:
    """Return a share in percent, as sentences show it."""
    return f"{part / whole:.1%}" if whole else "—"


def yes_no(
    zh_yes: str, zh_no: str, en_yes: str, en_no: str
) -> Callable[[Mapping[str, Any]], Words]:
    """Return a teller for rows whose part is 1 or 0 of 1; an unknown one says so."""

    def tell(row: Mapping[str, Any]) -> Words:
        if row["unknown"]:
            return Words(f"{row['label']}：未观测", f"{row['label']}: not observed")
        zh, en = (zh_yes, en_yes) if row["part"] else (zh_no, en_no)
        return Words(f"{row['label']}：{zh}", f"{row['label']}: {en}")

    return tell


def amounts(zh_unit: str, en_unit: str, digits: int = 0) -> Callable[[Mapping[str, Any]], Words]:
    """Return a teller for rows that hold an amount out of an amount."""

    def tell(row: Mapping[str, Any]) -> Words:
        got, due = f"{row['part']:,.{digits}f}", f"{row['whole']:,.{digits}f}"
        return Words(
            f"{row['label']}：{got}/{due} {zh_unit}", f"{row['label']}: {got} of {due} {en_unit}"
        )

    return tell


def ledger_share(name: str, holds: pl.Expr, *, did: Words, yes: Words, no: Words) -> Indicator:
    """Return the indicator: assets for which an expression holds ÷ assets that still count."""

    def rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
        return rows_of(live_assets(evidence), ref=asset_ref(), label=asset_label(), part=holds)

    def reason(sums: Sums) -> Words:
        got = share(sums.part, sums.whole)
        return Words(
            f"在册 {sums.whole:.0f} 件，其中 {sums.part:.0f} 件{did.zh}（{got}）。",
            f"{sums.part:.0f} of {sums.whole:.0f} assets {did.en} ({got}).",
        )

    return Indicator(
        id=name,
        unit="",
        rows=rows,
        reason=reason,
        tell=yes_no(yes.zh, no.zh, yes.en, no.en),
        parameters={},
    )


def live_assets(evidence: Evidence) -> pl.DataFrame:
    """Return the assets that still count: neither scrapped (6) nor transferred (7)."""
    return evidence.assets.filter(~pl.col("condition").is_in(["6", "7"]))


def in_use_assets(evidence: Evidence) -> pl.DataFrame:
    """Return the assets that should work: in use (1) or idle (2)."""
    return evidence.assets.filter(pl.col("condition").is_in(["1", "2"]))


def labelled(evidence: Evidence, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table with an asset_id, joined with the asset's name and number."""
    names = evidence.assets.select("school", "asset_id", "asset_no", "name")
    return frame.join(names, on=["school", "asset_id"], how="inner")


def lessons(evidence: Evidence) -> pl.DataFrame:
    """Return the roll-up rows of lessons that are over."""
    return evidence.use.filter(pl.col("scheduled") & pl.col("lesson_over"))
