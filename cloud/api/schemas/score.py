"""The schemas of a school's score, down to each piece of evidence."""

from datetime import date, datetime
from typing import Literal

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText
from cloud.domain import Outcome


class Evidence(Shape):
    """One row of evidence of a finding.

    `ref` opens it: "asset:12", "asset:12/day:2026-11-23", "room:A-301", "ticket:T-7", "school" ...;
    `/schools/{school}/evidence?ref=` answers the row of the school's records.
    """

    ref: str
    text: LocalizedText
    part: float
    """What counts for the clause; the rows add up to the `part` of their finding."""
    whole: float
    """What counts at all; likewise."""
    unknown: float
    """How much of the whole has no data; likewise."""


class Finding(Shape):
    """One clause, applied to one school."""

    clause: str
    title: LocalizedText
    dimension: str
    outcome: Outcome
    attainment: float | None
    measured: float | None
    unit: str
    """"%" means that `measured` is a share, 0 to 1."""
    target: str
    """The threshold in words and numbers ("≥ 95%", "10%–30%")."""
    weight: float
    points: float | None
    data_source: Literal["telemetry", "ledger", "declared"]
    source_title: str
    source_clause: str
    source_confidence: str
    """VERIFIED-A/B/C, MEMORY, or "project default": shown to the reader unchanged."""
    reason: LocalizedText
    remedy: LocalizedText
    part: float | None
    """What counts for, added up over the evidence; `measured` is `part` over `whole`."""
    whole: float | None
    """What counts at all."""
    unknown: float | None
    """How much of the whole has no data."""
    coverage: float
    """The share of the clause's evidence that was seen."""
    compared_with: list[str]
    """References to what every row is compared with: sizes, another declaration, the timetable."""
    evidence_total: int
    evidence: list[Evidence]
    """The first of them; all under /findings/{clause}."""


class DimensionScore(Shape):
    """One dimension of the standard."""

    dimension: str
    title: LocalizedText
    weight: float
    value: float | None
    """0 to 100."""
    coverage: float
    findings: int


class Score(Shape):
    """A school against a standard. `value` is None where coverage is too low: not rated."""

    school: str
    standard: str
    standard_title: LocalizedText
    start: date
    end: date
    value: float | None
    coverage: float
    min_coverage: float
    dimensions: list[DimensionScore]
    findings: list[Finding]
    inputs_digest: str
    computed_at: datetime


class StandardLine(Shape):
    """One edition of a standard."""

    id: str
    edition: str
    title: LocalizedText
    effective: date
