"""What an indicator is: evidence rows that add up to a number. Pure.

An indicator turns evidence into rows, one per thing that counts (an asset, a room, an asset's day).
A row holds `part` (what counts for), `whole` (what counts at all) and `unknown` (how much of the
whole has no data). The measured figure of a school is sum(part) / sum(whole); with the missing data
it could be up to (sum(part) + sum(unknown)) / sum(whole). So every figure is the sum of rows that
can be looked at one by one.

A sensor that is switched off turns data into missing data: it may lower sum(part) and raise
sum(unknown), and must leave sum(whole) alone. Of a figure of which more is better, that can only
cost. An indicator that may be judged by a band has to do more: what part loses, unknown gains.

Sentences are messages of the catalogues: `indicator.<id>.reason` for the sums of a school,
`indicator.<id>.row.<case>` for an evidence row. They show `part`, `whole`, `unknown`, `share` and
`each` of the sums or of the row, and the `label` of a row; number formats belong to the template.

To add one: a file in a group of `cloud/scoring/indicators/` with a constant `INDICATOR`, and its
sentences in every catalogue of `cloud/messages/`. Its weight and its thresholds are a clause of a
standard.
"""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal, NamedTuple

import polars as pl

from cloud.messages import Message, message
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
"chemical:P-3", "declaration:new_books/day:2026-09-01", "device:M-4" (reports, and is in no
ledger), "school"; or the rows that it is the sum of: "use:A-301" (periods of the equipment in a
room), "air:co2/A-301" (days of the sensors in a room), "calendar:2026-W47" (school days of a week).
`cloud.api.routes.records` opens each of them, and a test holds that every one opens.

Rows of declared figures have a column `confirmed` too.
"""

SCHOOL = "school"
"""`ref` of the one row that holds what a school needs, not what it has."""
NOTHING = "nothing"
"""`ref` of the one row, all zero, of a school that has nothing to be judged: no disposals.

It takes the clause out of the denominator, so it needs evidence that there is nothing; without such
evidence there is no row at all.
"""

CALENDAR = ("book:timetable", "book:periods", "book:school_days")
"""References to what figures by lessons, periods and school days are compared with."""

Parameters = Mapping[str, Any]
Row = Mapping[str, Any]
"""An evidence row of one school."""
Values = Mapping[str, Any]
"""The values that a template shows."""

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


def sums_values(sums: Sums) -> Values:
    """Return the values of a reason; `share` is None and `each` 0 where the whole is 0."""
    return {**sums._asdict(), **_quotients(sums.part, sums.whole)}


def row_values(row: Row) -> Values:
    """Return the values of a row's sentence, as of `sums_values`, and its label."""
    figures = {name: row[name] for name in ("label", "part", "whole", "unknown")}
    return {**figures, **_quotients(row["part"], row["whole"])}


def _quotients(part: float, whole: float) -> Values:
    return {"share": part / whole if whole else None, "each": part / whole if whole else 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowText:
    """Which sentence shows an evidence row, and with which values.

    `case` returns one of `cases`, by the figures of the row. The sentence of a case is the message
    `indicator.<id>.row.<case>`; that of a case in `shared` is `indicator.row.<case>`.
    """

    cases: Sequence[str]
    case: Callable[[Row], str]
    values: Callable[[Row], Values] = row_values
    shared: Collection[str] = ()

    def key(self, indicator: str, case: str) -> str:
        """Return the key of a case's message."""
        return (
            f"indicator.row.{case}" if case in self.shared else f"indicator.{indicator}.row.{case}"
        )


MET_OR_UNMET = RowText(
    cases=("met", "unmet"),
    case=lambda row: "met" if row["part"] else "unmet",
)
"""Of rows whose part is 1 or 0 of 1."""
MET_OR_NO_DATA = RowText(
    cases=("met", "unmet", "no_data"),
    case=lambda row: "no_data" if row["unknown"] else MET_OR_UNMET.case(row),
)
"""Of rows whose part is 1 or 0 of 1, or not known."""
AMOUNT = RowText(cases=("amount",), case=lambda _row: "amount")
"""Of rows that hold an amount out of an amount."""
AMOUNT_OR_NO_DATA = RowText(
    cases=("amount", "amount_no_data"),
    case=lambda row: "amount_no_data" if row["unknown"] else "amount",
)
"""Of rows that hold an amount out of an amount, some of it without data."""


def _have_or_need(row: Row) -> str:
    if row["ref"] == SCHOOL:
        return "need"
    return "one" if row["part"] == 1 else "several"


HAVE_AND_NEED = RowText(cases=("need", "one", "several"), case=_have_or_need)
"""Of rows that are one thing each, or several of a kind, and of the row of what is needed."""


def or_nothing_to_judge(text: RowText) -> RowText:
    """Return the text with a case more, for the row of a school that has nothing to be judged."""

    def case(row: Row) -> str:
        return NOTHING if row["ref"] == NOTHING else text.case(row)

    return replace(text, cases=(*text.cases, NOTHING), case=case)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A question to the evidence.

    `rows` gives the evidence rows of all schools. A `unit` of "%": the measured figure is a share,
    0 to 1. `bands`: a clause may judge it by a band. `compared_with` are references to what every
    row is compared with and that has no row of its own: the sizes of the school, another
    declaration, the timetable.
    """

    id: str
    unit: str = ""
    rows: Callable[[Evidence, Parameters], pl.DataFrame]
    reason_values: Callable[[Sums], Values] = sums_values
    row_text: RowText
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    bands: bool = False
    may_exceed: bool = False
    """Whether the part may be more than the whole, although the unit is "%"."""
    compared_with: tuple[str, ...] = ()

    @property
    def is_share(self) -> bool:
        """Whether the part is a part of the whole, and cannot be more."""
        return self.unit == "%" and not self.may_exceed

    def reason(self, sums: Sums) -> Message:
        """Return the message of a school's sums."""
        return message(f"indicator.{self.id}.reason", **self.reason_values(sums))

    def row_message(self, row: Row) -> Message:
        """Return the message of an evidence row."""
        key = self.row_text.key(self.id, self.row_text.case(row))
        return message(key, **self.row_text.values(row))

    def message_keys(self) -> list[str]:
        """Return the keys of all messages of the indicator."""
        row_keys = [self.row_text.key(self.id, case) for case in self.row_text.cases]
        return [f"indicator.{self.id}.reason", *row_keys]

    def problems(self, given: Parameters) -> list[str]:
        """Return what is wrong with the parameters of a clause."""
        accepted = ", ".join(self.parameters) or "none at all"
        problems = [
            f"{name}: {self.id} has no such parameter; it takes {accepted}"
            for name in given
            if name not in self.parameters
        ]
        for name, parameter in self.parameters.items():
            if name in given:
                problem = parameter.problem(given[name])
                problems += [f"{name}: {problem}"] if problem else []
            elif parameter.default is None:
                problems.append(f"{name}: missing; needed: {parameter.meaning}")
        return problems

    def evidence_rows(self, evidence: Evidence, given: Parameters) -> pl.DataFrame:
        """Return the evidence rows; what a clause does not set has its default."""
        defaults = {name: parameter.default for name, parameter in self.parameters.items()}
        return self.rows(evidence, {**defaults, **given})


@cache
def all_indicators() -> dict[str, Indicator]:
    """Return every indicator by its id, found in the folders of the groups."""
    by_id = {}
    for group in GROUPS:
        folder = import_module(f"{indicators.__name__}.{group}")
        for module in iter_modules(folder.__path__):
            indicator: Indicator = import_module(f"{folder.__name__}.{module.name}").INDICATOR
            by_id[indicator.id] = indicator
    return dict(sorted(by_id.items()))


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
    more: Sequence[pl.Expr] = (),
) -> pl.DataFrame:
    """Return evidence rows made from the columns of a table; whole is 1, unknown 0 unless given.

    `more` are columns that only the sentence of a row shows.
    """
    declared = [] if confirmed is None else [confirmed.alias("confirmed")]
    return frame.select(
        pl.col("school"),
        ref.cast(pl.String).alias("ref"),
        label.cast(pl.String).alias("label"),
        part.cast(pl.Float64).alias("part"),
        (pl.lit(1.0) if whole is None else whole).cast(pl.Float64).alias("whole"),
        (pl.lit(0.0) if unknown is None else unknown).cast(pl.Float64).alias("unknown"),
        *declared,
        *more,
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


def ledger_share(name: str, holds: pl.Expr) -> Indicator:
    """Return the indicator: assets for which an expression holds ÷ assets that still count."""

    def rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
        return rows_of(live_assets(evidence), ref=asset_ref(), label=asset_label(), part=holds)

    return Indicator(id=name, unit="%", rows=rows, row_text=MET_OR_UNMET)


def live_assets(evidence: Evidence) -> pl.DataFrame:
    """Return the assets that still count: neither scrapped (6) nor transferred (7)."""
    return evidence.assets.filter(~pl.col("condition").is_in(["6", "7"]))


def in_use_assets(evidence: Evidence) -> pl.DataFrame:
    """Return the assets that should work: in use (1) or idle (2)."""
    return evidence.assets.filter(pl.col("condition").is_in(["1", "2"]))


def units() -> pl.Expr:
    """Return how many things a line of the ledger counts: 1 where its quantity is not stated."""
    return pl.col("quantity").fill_null(1.0)


def live_use(evidence: Evidence) -> pl.DataFrame:
    """Return the roll-up rows of the assets that still count, with their names and numbers.

    The others are due only for what they sent, so missing data would take them out.
    """
    names = live_assets(evidence).select("school", "asset_id", "asset_no", "name")
    return evidence.use.join(names, on=["school", "asset_id"], how="inner")


def lessons(evidence: Evidence) -> pl.DataFrame:
    """Return the roll-up rows of lessons that are over."""
    return live_use(evidence).filter(pl.col("scheduled") & pl.col("lesson_over"))
