"""The contents of the reports as plain values, independent of their source.

Texts are Chinese, as the reports are. Shares are 0 to 1, scores 0 to the standard's scale, None is
"not known" or "not rated", never zero.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from cloud.scoring.standard.clause import Cost

Outcome = Literal["met", "partly_met", "unmet", "no_data", "not_applicable"]
Status = Literal["selected", "not_selected", "ineligible", "not_rated", "undecided"]
Severity = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What was assessed, when, against which edition, from which inputs."""

    assessment: str
    standard: str
    edition: str
    note: str = ""
    start: date | None = None
    end: date | None = None
    assessed_at: datetime
    digest: str
    scale: float = 100
    min_coverage: float = 0
    pass_mark: float | None = None
    grades: tuple[tuple[str, float], ...] = ()
    places: int | None = None
    selection: str = ""
    replaced_by: str = ""
    """The selection in force in the place of this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLine:
    """One row that a figure is the sum of; `ref` opens it in the cloud."""

    ref: str
    text: str
    part: float
    whole: float
    unknown: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseLine:
    """One clause, applied to one school.

    `trust` is the confidence in the threshold's source in words, `flag` its code.
    `evidence` may be the first of `evidence_total` rows; it `has_changed` where the rows as they
    are now add up to something else than was assessed.
    """

    clause: str
    title: str
    dimension: str
    outcome: Outcome
    measured: float | None
    unit: str
    target: str
    attainment: float | None
    weight: float
    points: float | None
    coverage: float
    reason: str
    remedy: str
    data_source: str
    source: str
    flag: str
    trust: str
    gate: str = ""
    failed_gate: bool = False
    capped: bool = False
    cost: Cost | None = None
    evidence: tuple[EvidenceLine, ...] = ()
    evidence_total: int = 0
    has_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionLine:
    """A dimension's score; `pass_mark` is the least it may be."""

    dimension: str
    title: str
    weight: float
    value: float | None
    coverage: float
    pass_mark: float | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Selected or not, and the rule that decided.

    `interval` is the rank interval under slightly different choices and data; `chance` is the share
    of those cases in which the school is selected. `cutoff_comparison` is a sentence on the school
    on the other side of the cutoff.
    """

    status: Status
    rule: str
    rank: int | None = None
    among: int = 0
    interval: tuple[int, int] | None = None
    chance: float | None = None
    cutoff_comparison: str = ""
    override: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One improvement."""

    clause: str
    title: str
    todo: str
    points: float
    yuan: float | None = None
    days: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Least:
    """The cheapest set of improvements that gets the school selected; empty where none does."""

    steps: tuple[Step, ...]
    total_yuan: float | None
    total_days: float | None
    becomes: float | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityFinding:
    """A finding of an integrity check: a question to verify, never a deduction."""

    check: str
    severity: Severity
    text: str
    ask: str = ""
    """What the school is asked, or what to look at."""
    evidence: tuple[str, ...] = ()
    evidence_total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolReport:
    """All that the report of one school shows."""

    occasion: Occasion
    school: str
    name: str
    division: str = ""
    kind: str = ""
    urban_rural: str = ""
    classes: int | None = None
    pupils: int | None = None
    teachers: int | None = None
    value: float | None
    raw: float | None
    coverage: float
    grade: str | None = None
    passed: bool = False
    blocks: tuple[str, ...] = ()
    dimensions: tuple[DimensionLine, ...]
    clauses: tuple[ClauseLine, ...]
    verdict: Verdict | None = None
    least: Least | None = None
    integrity_findings: tuple[IntegrityFinding, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankLine:
    """One school in a ranking; `dimensions` in the order of the report's own."""

    rank: int | None
    school: str
    name: str
    division: str
    kind: str
    value: float | None
    raw: float | None
    coverage: float
    grade: str | None
    dimensions: tuple[float | None, ...]
    status: Status
    rule: str
    interval: tuple[int, int] | None = None
    chance: float | None = None
    integrity_findings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceLine:
    """How many schools of an area meet a clause, of those to which it applies."""

    clause: str
    title: str
    dimension: str
    applies: int
    met: int
    partly_met: int
    unmet: int
    no_data: int
    attainment: float | None
    source: str
    trust: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadLine:
    """How much a figure differs between the rated schools of an area."""

    what: str
    schools: int
    least: float | None
    lower: float | None
    median: float | None
    upper: float | None
    most: float | None
    mean: float | None
    variation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """A limit of the standard on variation between schools, and the measured variation."""

    title: str
    group: str
    stage: str
    clause: str
    schools: int
    variation: float | None
    at_most: float
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaLine:
    """A rule on how many are selected, and how many were."""

    rule: str
    least: int | None
    most: int | None
    selected: int
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionLine:
    """A county in the report of the city."""

    division: str
    schools: int
    rated: int
    mean: float | None
    coverage: float | None
    passed: int
    selected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaReport:
    """All that the report of a county or of the city shows."""

    occasion: Occasion
    area: str
    dimensions: tuple[str, ...]
    rows: tuple[RankLine, ...]
    clauses: tuple[ComplianceLine, ...]
    spread: tuple[SpreadLine, ...]
    limits: tuple[LimitLine, ...] = ()
    quotas: tuple[QuotaLine, ...] = ()
    divisions: tuple[DivisionLine, ...] = ()
    integrity_findings: tuple[tuple[str, int, int], ...] = ()
    """Check, findings, schools."""
    questions: tuple[tuple[str, str, str, str, str, str, str], ...] = ()
    """Every integrity finding: school, its name, county, check, severity, reason, what to ask."""
    procedure: str = ""
    warnings: tuple[tuple[str, str], ...] = ()
    """A school, and a note on it for the readers of the list."""
    matters: tuple[tuple[str, str], ...] = ()
    """Choice of the standard, and its influence on the list; for the whole list only."""
    overrides: tuple[str, ...] = ()
    """Decisions against the rules, one sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The publicity notice (公示): who is proposed, why, and how to object.

    What the issuing office has not decided is shown as a blank to fill in.
    """

    occasion: Occasion
    area: str
    rows: tuple[RankLine, ...]
    rules: tuple[str, ...] = ()
    starts: date | None = None
    ends: date | None = None
    office: str = ""
    contact: str = ""
    overrides: tuple[str, ...] = ()
    """Decisions against the rules, one sentence each."""
    considered: int = 0
    rated: int = 0
