"""The shapes of the procedure: the steps that were taken, and those that are asked for."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText

StepName = Literal[
    "self_assessment",
    "county_review",
    "site_visit",
    "declaration_confirmed",
    "declaration_corrected",
    "override",
    "publicity",
    "objection",
    "answer",
    "final",
]


class Step(Shape):
    """One step that was taken; nothing changes it any more."""

    id: int
    step: StepName
    title: LocalizedText
    assessment: str
    selection: str | None
    school: str | None
    """None where it concerns every school."""
    name: str | None
    by: str
    at: datetime
    change: dict[str, Any]
    """What changed by it: days, results, values before and after."""
    reason: str
    answers: int | None
    """The objection it answers."""
    digest: str
    """Covers the step and every one before it."""


class StepPage(Shape):
    """A page of steps, the first one first."""

    total: int
    items: list[Step]
    broken_at: int | None
    """The first step that was changed behind the program's back; None as it should be."""


class ProcedureState(Shape):
    """The state of the procedure of a selection."""

    selection: str
    standing: str
    """The selection in force: this one, or the last that took its place."""
    first_day: date | None
    """Of the publicity period."""
    last_day: date | None
    is_public: bool
    """Objections are taken today."""
    objections: int
    unanswered: int
    is_final: bool
    missing: list[LocalizedText]
    """What has to happen before it can be final."""


class PossibleStep(Shape):
    """A step, whether it may be taken today, and else why not."""

    step: StepName
    title: LocalizedText
    may: bool
    why: LocalizedText | None
    """Why it may not; None where it may."""


class DeclaredFigure(Shape):
    """The newest figure that a school declared of something."""

    item: str
    title: LocalizedText
    value: float
    declared_on: date
    confirmed_on: date | None
    confirmed_by: str | None


class NextSteps(Shape):
    """What may be done now, of a list or of one school."""

    assessment: str
    selection: str | None
    school: str | None
    today: date
    """The day it is there."""
    steps: list[PossibleStep]
    objections: list[Step]
    """Those of the round without an answer."""
    declared: list[DeclaredFigure]
    """Of the school, by item; none where no school is asked for."""


Who = Annotated[str, Field(min_length=2, max_length=80, description="Name and office.")]
Why = Annotated[str, Field(max_length=4000, description="Why, in a sentence.")]
Needed = Annotated[str, Field(min_length=4, max_length=4000, description="Why, in a sentence.")]


class Request(BaseModel):
    """What every step contains."""

    model_config = ConfigDict(extra="forbid")

    by: Who


class _OfSchool(Request):
    assessment: str = "latest"
    school: str


class SelfAssessment(_OfSchool):
    """A school confirms that it has reviewed its evidence."""

    step: Literal["self_assessment"]
    reason: Why = ""
    agrees: bool = Field(default=True, description="Whether it agrees with its findings.")


class CountyReview(_OfSchool):
    """The county has reviewed a school."""

    step: Literal["county_review"]
    reason: Needed
    result: Literal["recommended", "not_recommended", "to_be_improved"]


class SiteVisit(_OfSchool):
    """Somebody was there."""

    step: Literal["site_visit"]
    reason: Needed
    visited_on: date
    result: Literal["confirmed", "confirmed_in_part", "not_confirmed"]


class DeclarationConfirmed(_OfSchool):
    """A declared figure was found true."""

    step: Literal["declaration_confirmed"]
    reason: Needed
    item: str
    declared_on: date | None = Field(default=None, description="Default: the newest declaration.")


class DeclarationCorrected(_OfSchool):
    """A declared figure was found to be another one."""

    step: Literal["declaration_corrected"]
    reason: Needed
    item: str
    value: float


class OverrideRequest(Request):
    """A reviewer decides against the rules; it makes a new selection."""

    step: Literal["override"]
    selection: str
    school: str
    decision: Literal["in", "out"]
    instead_of: str | None = Field(
        default=None, description="Who gives up the place, or takes it; None leaves it."
    )
    reason: Needed


class Publicity(Request):
    """The list is published, for objections from the first to the last day."""

    step: Literal["publicity"]
    selection: str
    first_day: date
    last_day: date
    contact: str = Field(
        default="",
        max_length=200,
        description="Where objections go: office, telephone, address. The notice prints it.",
    )
    reason: Why = ""


class Objection(Request):
    """Somebody objects."""

    step: Literal["objection"]
    selection: str
    school: str | None = None
    reason: Needed


class Answer(Request):
    """An objection is answered."""

    step: Literal["answer"]
    answers: int = Field(description="The objection's number.")
    result: Literal["upheld", "upheld_in_part", "rejected"]
    reason: Needed


class Final(Request):
    """The selection is final."""

    step: Literal["final"]
    selection: str
    reason: Why = ""


StepRequest = Annotated[
    SelfAssessment
    | CountyReview
    | SiteVisit
    | DeclarationConfirmed
    | DeclarationCorrected
    | OverrideRequest
    | Publicity
    | Objection
    | Answer
    | Final,
    Field(discriminator="step"),
]
