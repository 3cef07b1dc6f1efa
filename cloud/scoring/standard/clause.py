"""The parts of a standard: dimensions, clauses, rules, and what may vary between schools. Pure."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import (
    CURVES,
    STAGES,
    AttainmentCurve,
    Band,
    Block,
    Deduction,
    Linear,
    Positive,
    Stage,
    Steps,
)

Aggregate = Literal["arithmetic", "geometric", "minimum"]
Share = Annotated[float, Field(ge=0, le=1)]


def formed(pattern: str, words: str) -> AfterValidator:
    """Return a validator whose error names in words the form that a text has to have."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} has the wrong form; {words}")
        return value

    return AfterValidator(check)


def hint(word: str, known: Collection[str]) -> str:
    """Return what a mistyped word may have meant."""
    near = get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"


Word = Annotated[
    str, formed(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", "use a-z, 0-9 and single dashes, such as use")
]
ClauseId = Annotated[
    str,
    formed(
        r"[A-Z]\d{2}[a-z]?|[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "use a letter and two digits, such as A08, or lower-case words with dashes",
    ),
]


class Titles(Block):
    """The same thing in Chinese and in English."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


Confidence = Annotated[
    str,
    formed(
        r"(VERIFIED-[ABC]|MEMORY \((high|medium|low)\)|project default)(?![\w-]).*",
        "begin with VERIFIED-A, -B or -C, MEMORY (high), (medium) or (low), or project default",
    ),
]


class Source(Block):
    """Where a threshold is written, and how sure we are that it is written there."""

    title: str = Field(min_length=2)
    clause: str = ""
    confidence: Confidence


class Dimension(Block):
    """A part of the standard; the weights of all add up to 100."""

    id: Word
    title: Titles
    weight: float = Field(gt=0, le=100)
    aggregate: Aggregate = Field(
        default="arithmetic", description="How the attainment of its clauses becomes one figure."
    )
    pass_mark: float | None = Field(default=None, ge=0, description="Least value, of `scale`.")


PROJECT_DEFAULT = "project default"
DAY_YUAN = 400.0
"""Yuan at which a day of work is compared with money: a project default, never shown as money.
"""


class Cost(Block):
    """What closing a gap costs: per missing unit, or per point (hundredth) of attainment.

    Money for what has to be bought, or days of work for what has to be done: honest figures and
    paperwork cost no money. `source` is how far a price can be relied on.
    """

    yuan: float | None = Field(default=None, ge=0)
    per: Literal["unit", "point"] = "unit"
    days: float | None = Field(default=None, ge=0, description="Days of work of one person.")
    source: Confidence = PROJECT_DEFAULT

    @model_validator(mode="after")
    def _money_or_work(self) -> "Cost":
        if (self.yuan is None) == (self.days is None):
            raise ValueError("give yuan, for what is bought, or days, for what is work")
        return self

    @property
    def comparable(self) -> float:
        """Return the cost as one figure in yuan, only to compare plans by."""
        return self.yuan if self.yuan is not None else (self.days or 0.0) * DAY_YUAN


class Clause(Block):
    """One thing the standard asks for."""

    id: ClauseId
    title: Titles
    dimension: str
    weight: float = Field(gt=0)
    stages: tuple[Stage, ...] = Field(default=STAGES, min_length=1)
    school_types: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Codes of 学校类型; others: not applicable."
    )
    min_classes: int = Field(default=0, ge=0, description="Smaller schools: not applicable.")
    indicator: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    linear: Linear | None = None
    band: Band | None = None
    steps: Steps | None = None
    deduction: Deduction | None = None
    gate: float | None = Field(
        default=None, gt=0, description="Measured below this, or unknown: no selection."
    )
    cost: Cost | None = None
    data_source: Literal["telemetry", "ledger", "declared"]
    source: Source
    remedy: Titles

    @model_validator(mode="after")
    def _whole(self) -> "Clause":
        given = [name for name in CURVES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "give exactly one of linear (floor, target), band (low, high), "
                f"steps (from: attainment) and deduction (points); got {', '.join(given) or 'none'}"
            )
        known = all_indicators()
        if self.indicator not in known:
            near = get_close_matches(self.indicator, known, 1)
            advice = f"did you mean {near[0]}?" if near else "see docs/reference/indicators.md"
            raise ValueError(f"indicator: {self.indicator!r} does not exist; {advice}")
        problems = known[self.indicator].problems(self.parameters)
        if problems:
            raise ValueError("\n".join(f"parameters.{problem}" for problem in problems))
        if self.band and not known[self.indicator].bands:
            raise ValueError(
                f"band: {self.indicator} does not bound its missing data, so a sensor switched off "
                "could raise the score; use linear"
            )
        for stage in self.stages:
            if not self.curve.knows(stage):
                raise ValueError(f"{given[0]}: no threshold for stage {stage}, to which it applies")
        return self

    @property
    def curve(self) -> AttainmentCurve:
        """How a measured figure becomes attainment."""
        curve = self.linear or self.band or self.steps or self.deduction
        assert curve is not None  # noqa: S101  a clause without a curve does not load
        return curve


class Rule(Block):
    """At least `at_least` of some clauses attain `attained`, and none of the others too little."""

    id: Word
    title: Titles
    source: Source | None = None
    of: tuple[str, ...] = Field(min_length=1)
    at_least: int = Field(ge=1)
    attained: Annotated[float, Field(gt=0, le=1)] = 1.0
    others_at_least: Share = 0.0


class Variation(Block):
    """The most that schools of a group may differ: coefficient of variation of what is measured."""

    id: Word
    title: Titles
    source: Source | None = None
    clauses: tuple[str, ...] = Field(min_length=1)
    by: Literal["division", "school_type", "urban_rural"] = "division"
    at_most: dict[Stage, Positive] = Field(min_length=1)
