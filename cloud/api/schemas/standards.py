"""The shapes of a standard: clauses, thresholds, where they come from and how sure that is."""

from datetime import date
from typing import Any, Literal

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText

StageName = Literal["KG", "PRI", "JUN", "SEN", "VOC"]


class Titled(Shape):
    """A clause, a dimension or a rule by its id, with its titles."""

    id: str
    title: LocalizedText


class SourceConfidence(Shape):
    """How far the source of a threshold can be relied on."""

    flag: str
    """VERIFIED-A/B/C, MEMORY or project default."""
    text: LocalizedText
    """In words that a principal understands."""


class Source(Shape):
    """The source of a threshold."""

    title: str
    clause: str
    confidence: str
    """As the standard states it, in full."""
    trust: SourceConfidence


class DimensionLine(Titled):
    """A dimension of the standard."""

    weight: float
    pass_mark: float | None


class StandardClause(Titled):
    """A clause of a standard with its threshold and where that comes from."""

    dimension: str
    weight: float
    stages: list[StageName]
    school_types: list[str] | None
    min_classes: int
    indicator: str
    parameters: dict[str, Any]
    targets: dict[str, str]
    """The threshold in words and numbers, by stage."""
    gate: float | None
    cost_yuan: float | None
    cost_days: float | None
    """Days of work; a clause costs either money or work."""
    cost_per: Literal["unit", "point"] | None
    data_source: Literal["telemetry", "ledger", "declared"]
    source: Source
    remedy: LocalizedText


class StandardRule(Titled):
    """At least so many of some clauses."""

    of: list[str]
    at_least: int
    attained: float
    others_at_least: float
    source: Source | None


class StandardVariation(Titled):
    """The most that schools of a group may differ."""

    clauses: list[str]
    by: str
    at_most: dict[str, float]
    source: Source | None


class StandardDetail(Shape):
    """One edition of a standard, whole."""

    id: str
    edition: str
    effective: date
    title: LocalizedText
    note: LocalizedText
    scale: float
    min_coverage: float
    declared_cap: float
    aggregate: str
    pass_mark: float | None
    grades: dict[str, float]
    dimensions: list[DimensionLine]
    clauses: list[StandardClause]
    rules: list[StandardRule]
    variation: list[StandardVariation]
