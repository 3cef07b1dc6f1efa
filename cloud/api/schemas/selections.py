"""The shapes of selections: who is in, why, and the least it would take."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.api.schemas.assessments import RankingRow
from cloud.api.schemas.base import Shape
from cloud.api.schemas.standards import SourceConfidence, Titled
from cloud.api.schemas.text import LocalizedText
from cloud.api.schemas.workflow import ProcedureState


class SelectionLine(Shape):
    """One selection in the list."""

    id: str
    digest: str
    assessment: str
    places: int
    selected: int
    seed: int
    before: str | None
    """The selection that this one takes the place of."""
    after: str | None
    """The selection that took its place; None where it is in force."""
    overrides: int
    created_at: datetime


class Quota(Shape):
    """A rule on how many are selected, and how many were."""

    id: str
    title: LocalizedText
    group: Literal["division", "stage", "urban_rural"]
    code: str
    least: int | None
    most: int | None
    selected: int
    holds: bool


class Override(Shape):
    """What a reviewer decided against the rules, and why."""

    school: str
    name: str
    decision: Literal["in", "out"]
    instead_of: str | None
    by: str
    reason: str
    at: datetime


class Reason(Shape):
    """How many schools one rule decided, with the first of them by rank as an example."""

    rule: str
    selected: bool
    schools: int
    school: str
    name: str
    reason: LocalizedText


class SchoolWarning(Shape):
    """A school with a warning for readers of the list."""

    school: str
    name: str
    text: LocalizedText


class Selection(SelectionLine):
    """One selection, whole; `/assessments/{id}/ranking` answers every school."""

    rules: dict[str, Any]
    order: list[LocalizedText]
    """How ties are broken, in their order."""
    items: list[RankingRow]
    """The schools selected, by rank."""
    first_out: list[RankingRow]
    """The next ones, by rank."""
    quotas: list[Quota]
    eligible: int
    """How many schools nothing excludes."""
    notes: list[LocalizedText]
    """Notes for readers of the list."""
    reasons: list[Reason]
    """How many of all schools each rule decided; those in first, the most first."""
    warnings: list[SchoolWarning]
    """Schools that an override took in, though the rules exclude them."""
    override_log: list[Override]
    trials: int
    """How many trials rank intervals and chances come from."""
    procedure: ProcedureState


class SelectionRequest(BaseModel):
    """By which rules schools are to be selected."""

    model_config = ConfigDict(extra="forbid")

    assessment: str = Field(default="latest", description='An assessment\'s id, or "latest".')
    rules: dict[str, Any] = Field(
        default_factory=dict,
        description="The rules, as docs/explanation/selection.md describes them.",
    )
    seed: int = Field(default=0, ge=0, lt=2**31)


class Price(Shape):
    """What a unit, or a point of attainment, costs by the standard: money or days of work."""

    yuan: float | None
    days: float | None
    per: Literal["unit", "point"]
    trust: SourceConfidence


class Improvement(Titled):
    """One step of the least it would take."""

    attainment: float
    becomes: float
    points: float
    units: int | None
    """How many more of what the clause counts; None where cost goes by the point."""
    yuan: float
    """For what is bought, rounded up to hundreds; 0 where it is work."""
    days: float
    """Of work, rounded up to half days; 0 where it is bought."""
    price: Price | None
    remedy: LocalizedText


class CheapestPlan(Shape):
    """The cheapest set of improvements that would bring a school in."""

    selection: str
    school: str
    is_possible: bool | None
    """None where it is not known: before there is evidence, or for such a standard."""
    text: LocalizedText
    needs: float | None
    """The least score that brings it in."""
    value: float | None
    value_then: float | None
    """None where no improvements suffice."""
    yuan: float | None
    """The sum of the steps, as they are shown; likewise `days`."""
    days: float | None
    improvements: list[Improvement]
    evidence: list[Titled]
    """The fewest clauses of which evidence has to be given first."""
    unpriced: list[Titled]
    """Clauses that could gain and have no cost; not counted on."""
    unseen: list[Titled]
    """Clauses without any evidence; not counted on."""
    missing: list[LocalizedText]
    """What stays out of reach."""


class SensitivityIndex(Shape):
    """First-order and total index, each with the half-width of its 95 % interval."""

    first: float
    first_within: float
    total: float
    total_within: float


class Influence(Titled):
    """What one choice of ours has to do with who is selected, and with ranks."""

    schools: float
    """How many of the selected change on average where this choice alone is another."""
    is_distinct: bool
    """Whether its interval excludes 0; else it may be a choice without influence."""
    text: LocalizedText
    selected: SensitivityIndex
    """Of the variance of how much of the list changes."""
    ranks: SensitivityIndex
    """Of the variance of how far ranks move."""


class Sensitivity(Shape):
    """Which choice of ours matters most for the list, the first one most."""

    selection: str
    digest: str
    """SHA-256 of the analysis: the same selection has the same."""
    seed: int
    variants: int
    places: int
    changed: float
    """How many of the selected change where all choices are others at once, on average."""
    moved: float
    """By how many ranks a school moves then, on average."""
    text: LocalizedText
    influences: list[Influence]
