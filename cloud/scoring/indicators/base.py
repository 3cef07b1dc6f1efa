"""What an indicator is: evidence rows that add up to a number.

An indicator turns evidence into rows, one per thing that counts (an asset, a room, an asset's day).
A row holds `part` (what counts for), `whole` (what counts at all) and `unknown` (how much of the
whole nobody saw). What is measured of a school is sum(part) / sum(whole); what was not seen could
bring it up to (sum(part) + sum(unknown)) / sum(whole). So every figure is the sum of rows that can
be looked at one by one.

A sensor that is switched off turns what was seen into what nobody saw: it may lower sum(part) and
raise sum(unknown), and must leave sum(whole) alone. Of a figure of which more is better, that can
only cost. An indicator that may be judged by a band has to do more: what part loses, unknown gains.

To add one: a file in a group of `cloud/scoring/indicators/` with a constant `INDICATOR`. Its
weight and its
thresholds are a clause of a standard.
"""

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal, NamedTuple

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.registry.codes.own import STAGE_CODES
from cloud.scoring import indicators
from cloud.scoring.evidence.evidence import Evidence

ROW = {
    "school": pl.String,
    "ref": pl.String,
    "label": pl.String,
    "part": pl.Float64,
    "whole": pl.Float64,
    "unknown": pl.Float64,
}
"""`ref` opens the row: "asset:12", "asset:12/day:2026-11-23", "room:A-301", "ticket:T-7",
"count:A-1/day:2026-10-09", "surplus:X-1/day:2026-10-09", "disposal:A-9/day:2026-10-09",
"chemical:P-3", "declaration:new_books/day:2026-09-01", "device:M-4" (heard, and in no ledger),
"school"; or the rows that it is the sum of: "use:A-301" (periods of the equipment in a room),
"air:co2/A-301" (days of the sensors in a room), "calendar:2026-W47" (school days of a week).
`cloud.api.routes.records` opens each of them, and a test holds that every one opens.

Rows of what a school declares also say whether it is `confirmed`.
"""

SCHOOL = "school"
"""`ref` of the one row that holds what a school needs, not what it has."""
NOTHING = "nothing"
"""`ref` of the one row, all zero, of a school that has nothing to be judged: no disposals, say.

It takes the clause out of the denominator, so it needs evidence that there is nothing; where
nobody looked there is no row at all.
"""

CALENDAR = ("book:timetable", "book:periods", "book:school_days")
"""What figures by lessons, periods and school days are held against."""

Parameters = Mapping[str, Any]

GROUPS = ("provision", "ledger", "maintenance", "usage", "connectivity")
"""The folders that hold indicators."""


class Sums(NamedTuple):
    """What an indicator's rows of one school add up to."""

    part: float
    whole: float
    unknown: float


class Parameter(NamedTuple):
    """What a clause may set, and has to where `default` is None.

    "steps" are a number, or {from how many: number}; "needs" are steps, or {stage: steps}. `known`
    are the only words there are, any where it is empty; "text" is free.
    """

    kind: Literal["number", "steps", "needs", "word", "words", "text"]
    meaning: str
    default: Any = None
    known: Collection[str] = ()

    def problem(self, value: Any) -> str | None:
        """Return what is wrong with a value; None for nothing."""
        if self.kind == "needs" and isinstance(value, dict) and value.keys() & set(_STAGES):
            return _by_stage(value)
        if self.kind in {"number", "steps", "needs"}:
            return _figures(value, may_step=self.kind != "number")
        if self.kind == "text":
            return None if isinstance(value, str) and value else f"got {value!r}, expected text"
        words = [value] if self.kind == "word" else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            return f"got {value!r}, expected {self.kind}"
        strange = [word for word in words if self.known and word not in self.known]
        if strange or not words:
            what = f"{strange[0]!r} is not known" if strange else "is empty"
            use = f"use {', '.join(sorted(self.known))}" if self.known else "give some words"
            return f"{what}; {use}"
        return None


def _figures(value: Any, *, may_step: bool) -> str | None:
    """Return what is wrong with a number, or with steps."""
    if not may_step or not isinstance(value, dict):
        return None if _is_amount(value) else f"got {value!r}, expected a number above 0"
    fine = value and all(type(at) is int and _is_amount(n) for at, n in value.items())
    return None if fine else f"got {value!r}, expected {{classes: number}}"


def _by_stage(value: Mapping[str, Any]) -> str | None:
    """Return what is wrong with steps by stage."""
    for stage, steps in value.items():
        if stage not in _STAGES:
            return f"stage {stage!r} is not known; use {', '.join(_STAGES)}"
        wrong = _figures(steps, may_step=True)
        if wrong:
            return f"{stage}: {wrong}"
    return None


_STAGES = tuple(item.code for item in STAGE_CODES.items)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A question to the evidence.

    `rows` gives the evidence rows of all schools; `reason` puts their sums into a sentence; `tell`
    does so for one row. A `unit` of "%" says that what is measured is a share, 0 to 1. `bands` says
    that a clause may judge it by a band. `beside` are references to what every row is held against
    and that has no row of its own: the sizes of the school, another declaration, the timetable.
    """

    id: str
    unit: str = ""
    rows: Callable[[Evidence, Parameters], pl.DataFrame]
    reason: Callable[[Sums], LocalizedText]
    tell: Callable[[Mapping[str, Any]], LocalizedText]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    bands: bool = False
    beside: tuple[str, ...] = ()

    def problems(self, given: Parameters) -> list[str]:
        """Return what is wrong with the parameters of a clause."""
        accepted = ", ".join(self.parameters) or "none at all"
        found = [
            f"{name}: {self.id} has no such parameter; it takes {accepted}"
            for name in given
            if name not in self.parameters
        ]
        for name, parameter in self.parameters.items():
            if name in given:
                problem = parameter.problem(given[name])
                found += [f"{name}: {problem}"] if problem else []
            elif parameter.default is None:
                found.append(f"{name}: missing; needed: {parameter.meaning}")
        return found

    def evidence_rows(self, evidence: Evidence, given: Parameters) -> pl.DataFrame:
        """Return the evidence rows; what a clause does not set has its default."""
        defaults = {name: parameter.default for name, parameter in self.parameters.items()}
        return self.rows(evidence, {**defaults, **given})


@cache
def all_indicators() -> dict[str, Indicator]:
    """Return every indicator by its id, found in the folders of the groups."""
    found = {}
    for group in GROUPS:
        folder = import_module(f"{indicators.__name__}.{group}")
        for module in iter_modules(folder.__path__):
            indicator: Indicator = import_module(f"{folder.__name__}.{module.name}").INDICATOR
            found[indicator.id] = indicator
    return dict(sorted(found.items()))


def module_name(indicator: Indicator) -> str:
    """Return the dotted name of the file that holds an indicator."""
    for group in GROUPS:
        name = f"{indicators.__name__}.{group}.{indicator.id}"
        if name in sys.modules:
            return name
    raise KeyError(indicator.id)


def rows_of(
    frame: pl.DataFrame,
    *,
    ref: pl.Expr,
    label: pl.Expr,
    part: pl.Expr,
    whole: pl.Expr | None = None,
    unknown: pl.Expr | None = None,
    confirmed: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return evidence rows made from the columns of a table; whole is 1, unknown 0 unless given."""
    declared = [] if confirmed is None else [confirmed.alias("confirmed")]
    return frame.select(
        pl.col("school"),
        ref.cast(pl.String).alias("ref"),
        label.cast(pl.String).alias("label"),
        part.cast(pl.Float64).alias("part"),
        (pl.lit(1.0) if whole is None else whole).cast(pl.Float64).alias("whole"),
        (pl.lit(0.0) if unknown is None else unknown).cast(pl.Float64).alias("unknown"),
        *declared,
    )


def nothing_for(schools: pl.DataFrame) -> pl.DataFrame:
    """Return the row of each school that has nothing to be judged."""
    none = pl.lit(0.0)
    return rows_of(
        schools.select("school").unique(),
        ref=pl.lit(NOTHING),
        label=pl.lit(""),
        part=none,
        whole=none,
    )


def or_nothing(rows: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, and that there is nothing to be judged for those schools that have none."""
    without = schools.join(rows, on="school", how="anti")
    return pl.concat([rows, nothing_for(without)])


def due_of_school(evidence: Evidence, whole: pl.Expr) -> pl.DataFrame:
    """Return one row per school with what it needs; none where that is null or nothing."""
    rows = rows_of(
        evidence.schools,
        ref=pl.lit(SCHOOL),
        label=pl.lit(""),
        part=pl.lit(0.0),
        whole=whole,
    )
    return rows.filter(pl.col("whole") > 0)


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
) -> Callable[[Mapping[str, Any]], LocalizedText]:
    """Return a teller for rows whose part is 1 or 0 of 1; an unknown one says so."""

    def tell(row: Mapping[str, Any]) -> LocalizedText:
        if row["unknown"]:
            return LocalizedText(f"{row['label']}：未观测", f"{row['label']}: not observed")
        zh, en = (zh_yes, en_yes) if row["part"] else (zh_no, en_no)
        return LocalizedText(f"{row['label']}：{zh}", f"{row['label']}: {en}")

    return tell


def had_of_needed(
    have: LocalizedText, need: LocalizedText
) -> Callable[[Mapping[str, Any]], LocalizedText]:
    """Return a teller for rows that are one thing each, beside the row of what is needed."""

    def tell(row: Mapping[str, Any]) -> LocalizedText:
        if row["ref"] == SCHOOL:
            return LocalizedText(f"{need.zh} {row['whole']:,.0f}", f"{need.en} {row['whole']:,.0f}")
        times = "" if row["part"] == 1 else f" × {row['part']:g}"
        return LocalizedText(
            f"{row['label']}：{have.zh}{times}", f"{row['label']}: {have.en}{times}"
        )

    return tell


def amounts(
    zh_unit: str, en_unit: str, digits: int = 0
) -> Callable[[Mapping[str, Any]], LocalizedText]:
    """Return a teller for rows that hold an amount out of an amount."""

    def tell(row: Mapping[str, Any]) -> LocalizedText:
        got, due = f"{row['part']:,.{digits}f}", f"{row['whole']:,.{digits}f}"
        zh = f"{row['label']}：{due} {zh_unit}中 {got} {zh_unit}"
        en = f"{row['label']}: {got} of {due} {en_unit}"
        if row["unknown"]:
            unseen = f"{row['unknown']:,.{digits}f}"
            zh, en = f"{zh}，未观测 {unseen} {zh_unit}", f"{en}, {unseen} not observed"
        return LocalizedText(zh, en)

    return tell


def ledger_share(
    name: str, holds: pl.Expr, *, did: LocalizedText, yes: LocalizedText, no: LocalizedText
) -> Indicator:
    """Return the indicator: assets for which an expression holds ÷ assets that still count."""

    def rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
        return rows_of(live_assets(evidence), ref=asset_ref(), label=asset_label(), part=holds)

    def reason(sums: Sums) -> LocalizedText:
        got = share(sums.part, sums.whole)
        return LocalizedText(
            f"在册资产 {sums.whole:.0f} 件，其中 {sums.part:.0f} 件{did.zh}（{got}）。",
            f"{sums.part:.0f} of {sums.whole:.0f} assets {did.en} ({got}).",
        )

    tell = yes_no(yes.zh, no.zh, yes.en, no.en)
    return Indicator(id=name, unit="%", rows=rows, reason=reason, tell=tell)


def written(template: LocalizedText, sums: Sums | Mapping[str, Any]) -> LocalizedText:
    """Return a sentence with its {part}, {whole}, {unknown}, {share} and {each} filled in."""
    known = sums._asdict() if isinstance(sums, Sums) else dict(sums)
    part, whole = known["part"], known["whole"]
    known["share"] = share(part, whole)
    known["each"] = part / whole if whole else 0.0
    return LocalizedText(template.zh.format(**known), template.en.format(**known))


def sentence(zh: str, en: str) -> Callable[[Sums], LocalizedText]:
    """Return a reason written from a template."""
    return lambda sums: written(LocalizedText(zh, en), sums)


def unless_nothing(
    tell: Callable[[Mapping[str, Any]], LocalizedText], zh: str, en: str
) -> Callable[[Mapping[str, Any]], LocalizedText]:
    """Return the teller, with other words for the row that says there is nothing to be judged."""
    return lambda row: LocalizedText(zh, en) if row["ref"] == NOTHING else tell(row)


def live_assets(evidence: Evidence) -> pl.DataFrame:
    """Return the assets that still count: neither scrapped (6) nor transferred (7)."""
    return evidence.assets.filter(~pl.col("condition").is_in(["6", "7"]))


def in_use_assets(evidence: Evidence) -> pl.DataFrame:
    """Return the assets that should work: in use (1) or idle (2)."""
    return evidence.assets.filter(pl.col("condition").is_in(["1", "2"]))


def units() -> pl.Expr:
    """Return how many things a line of the ledger stands for: one, where it does not say."""
    return pl.col("quantity").fill_null(1.0)


def live_use(evidence: Evidence) -> pl.DataFrame:
    """Return the roll-up rows of the assets that still count, with their names and numbers.

    The others owe nothing: they are due only for what they sent, so silence would take them out.
    """
    names = live_assets(evidence).select("school", "asset_id", "asset_no", "name")
    return evidence.use.join(names, on=["school", "asset_id"], how="inner")


def lessons(evidence: Evidence) -> pl.DataFrame:
    """Return the roll-up rows of lessons that are over."""
    return live_use(evidence).filter(pl.col("scheduled") & pl.col("lesson_over"))
