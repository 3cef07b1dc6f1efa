"""The shapes of assessments, selections and the procedure.

As everywhere: shares are 0 to 1, None is "not known" or "not rated", days are local, moments UTC.
Scores are 0 to the standard's `scale`.
"""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.api.schemas.base import Shape
from cloud.api.schemas.score import DimensionScore, Finding
from cloud.api.schemas.standards import DimensionLine, Source, SourceConfidence, StageName, Titled
from cloud.api.schemas.text import LocalizedText
from cloud.api.schemas.workflow import Step
from cloud.domain import Outcome

Severity = Literal["high", "medium", "low"]


class AssessmentLine(Shape):
    """One assessment in the list."""

    id: str
    """The beginning of the digest of all that it is made of."""
    digest: str
    standard: str
    """The edition, id@date."""
    standard_title: LocalizedText
    start: date
    end: date
    schools: int
    created_at: datetime
    inputs_digest: str
    """Of standard and evidence: what `campus-cloud score --bundle` verifies."""
    latest_selection: str | None
    """The newest selection that no other took the place of."""


class CountyLine(Shape):
    """The schools of a county in an assessment."""

    division: str
    division_name: str
    schools: int
    rated: int
    passed: int
    mean: float | None
    """Of the values of those rated."""
    coverage: float | None
    integrity: int
    """Integrity findings."""


class Assessment(AssessmentLine):
    """One assessment, whole; its schools are under `/ranking`."""

    scale: float
    min_coverage: float
    declared_cap: float
    pass_mark: float | None
    grades: dict[str, float]
    dimensions: list[DimensionLine]
    rated: int
    passed: int
    integrity: int
    counties: list[CountyLine]
    scores_as_filed: bool
    """False where this version of the program would score the same evidence otherwise."""
    note: LocalizedText


class AssessmentRequest(BaseModel):
    """What is to be assessed: by default every school, by the standard of this project."""

    model_config = ConfigDict(extra="forbid")

    start: date
    end: date
    standard: str = Field(
        default="taizhou-smart-management",
        description="A standard's id (the edition in force on `end`), or id@date.",
    )
    schools: list[str] | None = Field(default=None, min_length=1)
    inspections: dict[str, list[date]] = Field(
        default_factory=dict,
        description="Days of inspections that were announced, by school or county code: the "
        "integrity checks look at what fell silent before them.",
    )


class RankingRow(Shape):
    """One school in the ranking. `rank` is None where the school is not rated."""

    rank: int | None
    school: str
    name: str
    division: str
    division_name: str
    school_type: str
    school_type_name: str
    urban_rural: str | None
    stages: list[StageName]
    classes: int | None
    pupils: int | None
    value: float | None
    raw: float | None
    """What the value would be, were the coverage enough."""
    coverage: float
    grade: str | None
    passed: bool
    dimensions: dict[str, float | None]
    failed_gates: list[Titled]
    failed_marks: list[Titled]
    """Dimensions, or "total"."""
    failed_rules: list[Titled]
    selected: bool | None
    """None without a selection."""
    rule: str | None
    """What decided: score, tie_break, quota, everybody, override, coverage, gate, mark, rule."""
    because: list[str] | None
    """The gates, marks, rules or quotas that are meant."""
    place: int | None
    """Among the schools that nothing excludes."""
    reason: LocalizedText | None
    rank_low: int | None
    """The best and the worst rank in nine of ten trials with other weights, limits, evidence."""
    rank_high: int | None
    chance: float | None
    """In how many of the trials the school is selected."""
    is_override: bool
    integrity: int
    integrity_high: int


class RankingPage(Shape):
    """A page of the ranking; `total` counts all that match."""

    assessment: str
    selection: str | None
    total: int
    items: list[RankingRow]


class IntegrityEvidence(Shape):
    """One row of evidence of an integrity finding; `ref` opens it."""

    ref: str
    text: LocalizedText


class IntegrityFinding(Shape):
    """Something that does not fit, with its evidence: a question, never a deduction."""

    school: str
    check: str
    title: LocalizedText
    severity: Severity
    text: LocalizedText
    strength: float
    """0.3 to 1."""
    ask: LocalizedText
    """What the school can answer or do."""
    benign_explanation: LocalizedText
    """What would explain it without any wrong-doing."""
    evidence_total: int
    evidence: list[IntegrityEvidence]
    """The heaviest of them."""


class IntegrityPage(Shape):
    """A page of integrity findings."""

    total: int
    items: list[IntegrityFinding]


class AssessedDimension(DimensionScore):
    """A dimension of a school, with the mark it has to pass."""

    pass_mark: float | None
    failed_mark: bool


class AssessedFinding(Finding):
    """One clause, applied to one school, as assessed. `opens` answers its `evidence`."""

    capped: bool
    """It would have earned more, had somebody confirmed what was declared."""
    gate: float | None
    failed_gate: bool
    trust: SourceConfidence
    opens: str
    """The address of the same finding with every row of evidence."""


class OpenedFinding(Shape):
    """A finding as assessed, with the current rows that it is the sum of."""

    assessment: str
    school: str
    finding: AssessedFinding
    """`evidence` holds the rows as they are now."""
    part_now: float | None
    whole_now: float | None
    unknown_now: float | None
    has_changed: bool
    """The rows add up to something else than was assessed: the evidence came later, or changed."""
    note: LocalizedText


class ChangedClause(Titled):
    """A clause of which the evidence is no longer what was assessed."""

    part: float | None
    whole: float | None
    unknown: float | None
    part_now: float | None
    whole_now: float | None
    unknown_now: float | None


class EvidenceChanges(Shape):
    """How the current evidence of a school differs from what was assessed."""

    assessment: str
    school: str
    digest: str
    digest_now: str
    has_changed: bool
    clauses: list[ChangedClause]
    attributes: list[str]
    """Sizes and types that were otherwise."""


class Rival(Shape):
    """A school on the other side of the line."""

    school: str
    name: str
    rank: int | None
    value: float | None


class LowerSelected(Shape):
    """A school that was selected with a lower score, and the rule that put it there."""

    school: str
    name: str
    rank: int | None
    value: float
    rule: str
    because: list[str]
    reason: LocalizedText


class FailedMark(Titled):
    """A pass mark that a school misses; `id` is a dimension, or "total"."""

    value: float
    pass_mark: float
    best: float | None
    """The most it could be if all that has no data turned out well; None where not computed."""
    lacks_data: bool
    """It would pass then: the mark is missed for lack of data, not by what was found."""
    text: LocalizedText


class Verdict(Shape):
    """The outcome of a selection for one school."""

    selection: str
    selected: bool
    places: int
    rank: int | None
    among: int
    """How many schools are rated."""
    rank_low: int | None
    rank_high: int | None
    chance: float | None
    rule: str
    because: list[str]
    place: int | None
    eligible: int
    """How many schools nothing excludes."""
    reason: LocalizedText
    rival: Rival | None
    """Who would make room for a school that is out, or would come instead of one that is in."""
    rival_text: LocalizedText | None
    lower_selected: list[LowerSelected]
    """Of a school that is out: who was selected with a lower score, the highest first."""
    lower_text: LocalizedText | None
    """None for a school that is in."""
    failed_mark_details: list[FailedMark]
    trials: int
    """How many trials rank interval and chance come from."""
    interval_text: LocalizedText | None
    """What the interval is, and why the rank may lie outside of it."""
    chance_text: LocalizedText | None
    """What the chance is, and what it is not."""
    needs: float | None
    """The least score that would bring it in, were nothing else against it."""
    is_override: bool
    override_reason: str | None
    least_opens: str | None
    """The address of the least it would take; None for a school that is in."""


class SchoolAssessment(Shape):
    """One school in an assessment: everything that leads to its place."""

    assessment: AssessmentLine
    school: RankingRow
    min_coverage: float
    scale: float
    pass_mark: float | None
    dimensions: list[AssessedDimension]
    findings: list[AssessedFinding]
    verdict: Verdict | None
    integrity: list[IntegrityFinding]
    procedure: list[Step]
    changes_opens: str
    """The address that answers whether the evidence has changed since."""


class Compliance(Shape):
    """How many schools meet a clause, of those to which it applies."""

    applies: int
    met: int
    partly_met: int
    unmet: int
    no_data: int
    attainment: float | None
    """The mean, what is without data not counted."""


class CountyCompliance(Compliance):
    """Compliance in one county."""

    division: str
    division_name: str


class ClauseCompliance(Titled):
    """Compliance with one clause, in all schools and by county."""

    dimension: str
    data_source: Literal["telemetry", "ledger", "declared"]
    source: Source
    total: Compliance
    counties: list[CountyCompliance]


class Spread(Shape):
    """How a figure is spread over the rated schools of an area."""

    what: str
    """"total" or a dimension."""
    title: LocalizedText
    division: str | None
    """None for all schools."""
    division_name: str | None
    schools: int
    least: float | None
    lower: float | None
    """A quarter of the schools is below."""
    median: float | None
    upper: float | None
    most: float | None
    mean: float | None
    variation: float | None
    """The coefficient of variation: standard deviation over mean."""


class VariationLimit(Titled):
    """A limit of the standard on how much schools may differ, and what was found."""

    clause: str
    clause_title: LocalizedText
    group: str
    stage: str
    schools: int
    without_data: int
    mean: float | None
    variation: float | None
    at_most: float
    within: bool | None


class VariationReport(Shape):
    """How much schools differ."""

    spread: list[Spread]
    limits: list[VariationLimit]


class ClauseOutcome(Shape):
    """The outcome of one clause at one school."""

    school: str
    name: str
    outcome: Outcome
    measured: float | None
    attainment: float | None
