"""How a measured figure becomes attainment, 0 to 1: linear, band, steps, deduction. Pure.

A curve is a Polars expression over whole columns of schools; `attainment` returns one number of it.
Of all but the band more is never worse, so only a band has to look at both ends of an interval.
Where no stage is known a school has the one stage `UNNAMED`, for which only thresholds hold that
do not depend on the stage.
"""

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal, cast

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from cloud.registry.codes.statistics import Stage as Stage  # noqa: PLC0414  a name of this module too
from cloud.scoring.expressions import EPSILON, over

STAGES: tuple[Stage, ...] = ("KG", "PRI", "JUN", "SEN", "VOC")
UNNAMED = "ANY"
Positive = Annotated[float, Field(gt=0)]
ByStage = float | dict[Stage, float]


class Block(BaseModel):
    """A block of a standard's file; an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Linear(Block):
    """Attainment 0 at the floor and below, 1 at the target and above, linear between.

    With `scale: log` it is linear in the logarithm: twice as much earns the same everywhere.
    """

    floor: ByStage = 0.0
    target: ByStage
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _in_order(self) -> "Linear":
        for stage in (*STAGES, UNNAMED):
            if not self.knows(stage):
                continue
            if _at(self.floor, stage) >= _at(self.target, stage):
                raise ValueError("need floor < target")
            if self.scale == "log" and _at(self.floor, stage) <= 0:
                raise ValueError("floor: a logarithm needs a floor above 0")
        return self

    def expression(self, measured: pl.Expr, _whole: pl.Expr, stage: str) -> pl.Expr:
        """Return the attainment of a column of figures."""
        floor, target = _at(self.floor, stage), _at(self.target, stage)
        if self.scale == "linear":
            between = _share(measured, floor, target)
        else:
            between = _share(measured.log(), math.log(floor), math.log(target))
        below = pl.when(measured > floor).then(between).otherwise(0.0)
        return pl.when(measured >= target).then(1.0).otherwise(below)

    def attainment(self, measured: float, stage: str = UNNAMED) -> float:
        """Return 0 to 1."""
        return _one(self.expression(pl.lit(float(measured)), pl.lit(1.0), stage))

    def words(self, stage: str, unit: str = "") -> str:
        """Return the threshold as people write it."""
        return f"≥ {shown(_at(self.target, stage), unit)}"

    def knows(self, stage: str) -> bool:
        """Whether there is a threshold for the stage."""
        return _knows(self.target, stage) and _knows(self.floor, stage)


class Band(Block):
    """Attainment 1 between `low` and `high`, falling to 0 at `low_floor` and at `high_ceiling`."""

    low_floor: float = 0.0
    low: float
    high: float
    high_ceiling: float

    @model_validator(mode="after")
    def _in_order(self) -> "Band":
        if not self.low_floor <= self.low <= self.high <= self.high_ceiling:
            raise ValueError("need low_floor <= low <= high <= high_ceiling")
        return self

    def expression(self, measured: pl.Expr, _whole: pl.Expr, _stage: str) -> pl.Expr:
        """Return the attainment of a column of figures."""
        rise, fall = self.low - self.low_floor, self.high_ceiling - self.high
        below = _share(measured, self.low_floor, self.low) if rise else pl.lit(0.0)
        above = _share(measured, self.high_ceiling, self.high) if fall else pl.lit(0.0)
        inside = pl.when(measured > self.high).then(above).otherwise(1.0)
        return pl.when(measured < self.low).then(below).otherwise(inside)

    def attainment(self, measured: float, stage: str = UNNAMED) -> float:
        """Return 0 to 1."""
        return _one(self.expression(pl.lit(float(measured)), pl.lit(1.0), stage))

    def words(self, _stage: str, unit: str = "") -> str:
        """Return the band as people write it."""
        return f"{shown(self.low, unit)}–{shown(self.high, unit)}"

    def knows(self, _stage: str) -> bool:
        """Return True: a band holds for every stage."""
        return True


class Steps(RootModel[dict[float, Annotated[float, Field(ge=0, le=1)]]]):
    """From a figure on, so much attainment; below the lowest step none."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _in_order(self) -> "Steps":
        worth = [attained for _, attained in self.steps()]
        if not worth:
            raise ValueError("is empty; give {from: attainment}")
        if worth != sorted(worth):
            raise ValueError("a higher step gives less than a lower one; use band for that")
        return self

    def steps(self) -> list[tuple[float, float]]:
        """Return the steps, the lowest first."""
        return sorted(self.root.items())

    def expression(self, measured: pl.Expr, _whole: pl.Expr, _stage: str) -> pl.Expr:
        """Return the attainment of a column of figures."""
        expression = pl.lit(0.0)
        for at, attained in self.steps():
            expression = pl.when(measured >= at).then(attained).otherwise(expression)
        return expression

    def attainment(self, measured: float, stage: str = UNNAMED) -> float:
        """Return 0 to 1."""
        return _one(self.expression(pl.lit(float(measured)), pl.lit(1.0), stage))

    def words(self, _stage: str, unit: str = "") -> str:
        """Return where full attainment, or the most there is, begins."""
        at = min(at for at, attained in self.steps() if attained == self.steps()[-1][1])
        return f"≥ {shown(at, unit)}"

    def knows(self, _stage: str) -> bool:
        """Return True: steps hold for every stage."""
        return True


class Deduction(Block):
    """Of the clause's `points`, `per_missing` are lost for each one that is missing of the need."""

    points: Positive
    per_missing: Positive

    def expression(self, measured: pl.Expr, whole: pl.Expr, _stage: str) -> pl.Expr:
        """Return the attainment of a column of figures, have ÷ need, and of the need."""
        missing = whole * (1.0 - measured)
        return _attained(1.0 - missing * (self.per_missing / self.points))

    def attainment(self, measured: float, stage: str = UNNAMED, whole: float = 1.0) -> float:
        """Return 0 to 1."""
        return _one(self.expression(pl.lit(float(measured)), pl.lit(float(whole)), stage))

    def words(self, _stage: str, unit: str = "") -> str:
        """Return what is asked as people write it."""
        return f"≥ {shown(1.0, unit)} (−{self.per_missing:g}/{self.points:g})"

    def knows(self, _stage: str) -> bool:
        """Return True: a deduction holds for every stage."""
        return True


AttainmentCurve = Linear | Band | Steps | Deduction
CURVES = ("linear", "band", "steps", "deduction")


def thresholds(curve: AttainmentCurve) -> Iterable[str]:
    """Return the stages for which a curve gives figures of their own; none where all are alike."""
    if isinstance(curve, Linear):
        for value in (curve.target, curve.floor):
            if isinstance(value, dict):
                return value
    return ()


def shown(value: float, unit: str) -> str:
    """Return a figure as people write it; a share in percent."""
    return f"{100 * value:g}%" if unit == "%" else f"{value:g}"


def _share(figure: pl.Expr, nothing: float, full: float) -> pl.Expr:
    """Return how far a figure is on its way, 0 to 1."""
    return _attained(over(figure - nothing, pl.lit(full - nothing)))


def _attained(share: pl.Expr) -> pl.Expr:
    """Return a share within 0 to 1; what is left over by rounding is nothing.

    A geometric mean makes much of next to nothing, and all of nothing.
    """
    return pl.when(share < EPSILON).then(0.0).otherwise(share.clip(upper_bound=1.0))


def _one(expression: pl.Expr) -> float:
    value: Any = pl.select(expression).item()
    return float(value)


def _knows(value: ByStage, stage: str) -> bool:
    return not isinstance(value, dict) or stage in value


def _at(value: ByStage, stage: str) -> float:
    return cast("dict[str, float]", value)[stage] if isinstance(value, dict) else value
