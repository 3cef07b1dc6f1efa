"""The names of the columns that the engine reads and writes. Pure.

Three tables have columns by clause, dimension or stage:

- the evidence table: sums of a clause's evidence, sizes of a stage;
- the scores: results of a clause and of a dimension, totals of a school;
- the work table between both (`engine.by_stage`): its names hold a colon, which no id may, so they
  never meet a column of the other two.

Every reader and writer of these columns takes the name from here.
"""

from dataclasses import dataclass
from typing import Literal

Size = Literal["classes", "pupils"]
Total = Literal[
    "value",
    "raw",
    "coverage",
    "grade",
    "passed",
    "failed_gates",
    "failed_marks",
    "failed_rules",
]
"""A column of `Scores.totals`."""


@dataclass(frozen=True, slots=True)
class ClauseColumns:
    """The columns of a clause."""

    id: str

    @property
    def part(self) -> str:
        """Evidence: the sum of what counts for the clause."""
        return f"{self.id}.part"

    @property
    def whole(self) -> str:
        """Evidence: the sum of what counts at all."""
        return f"{self.id}.whole"

    @property
    def unknown(self) -> str:
        """Evidence: the sum of what has no data."""
        return f"{self.id}.unknown"

    @property
    def confirmed(self) -> str:
        """Evidence: whether a declared figure is confirmed."""
        return f"{self.id}.confirmed"

    @property
    def measured(self) -> str:
        """Scores: the measured figure."""
        return f"{self.id}.measured"

    @property
    def attainment(self) -> str:
        """Scores: attainment, 0 to 1."""
        return f"{self.id}.attainment"

    @property
    def seen(self) -> str:
        """Scores: the share of the evidence that has data, 0 to 1."""
        return f"{self.id}.seen"

    @property
    def weight(self) -> str:
        """Scores: the clause's weight, of 100."""
        return f"{self.id}.weight"

    @property
    def points(self) -> str:
        """Scores: the points earned, of the standard's scale."""
        return f"{self.id}.points"

    @property
    def results(self) -> tuple[str, ...]:
        """All columns of the scores."""
        return (self.measured, self.attainment, self.seen, self.weight, self.points)

    @property
    def has_nothing(self) -> str:
        """Work: whether it is known that there is nothing to be judged."""
        return f"nothing:{self.id}"

    @property
    def low(self) -> str:
        """Work: the measured figure where what has no data counts against the clause."""
        return f"low:{self.id}"

    @property
    def high(self) -> str:
        """Work: the measured figure where what has no data counts for the clause."""
        return f"high:{self.id}"

    @property
    def known_whole(self) -> str:
        """Work: `whole`, null without usable evidence."""
        return f"whole:{self.id}"

    @property
    def known_share(self) -> str:
        """Work: the share of `whole` that has data."""
        return f"seen:{self.id}"

    def attained(self, stage: str | None) -> str:
        """Work: attainment, of a stage where thresholds depend on it."""
        return f"attained:{self.id}" if stage is None else f"attained:{self.id}:{stage}"

    def stage_weight(self, stage: str) -> str:
        """Work: the weight of the clause through a stage, of 100; 0 where it does not apply."""
        return f"weight:{self.id}:{stage}"


@dataclass(frozen=True, slots=True)
class DimensionColumns:
    """The columns of a dimension."""

    id: str

    @property
    def value(self) -> str:
        """Scores: the value, 0 to the standard's scale."""
        return self.id

    @property
    def coverage(self) -> str:
        """Scores: coverage, 0 to 1."""
        return f"{self.id}.coverage"

    @property
    def ranked(self) -> str:
        """Ranking (`cloud.assessments.ranking`): the value, in one table with the totals."""
        return f"dimension:{self.id}"

    @property
    def applies(self) -> str:
        """Work: whether any clause of the dimension applies to the school."""
        return f"applies:{self.id}"

    def clause_weights(self, stage: str) -> str:
        """Work: the sum of the weights of the clauses that apply to a stage."""
        return f"inside:{self.id}:{stage}"

    def stage_value(self, stage: str) -> str:
        """Work: the attainment of a stage, 0 to 1."""
        return f"value:{self.id}:{stage}"


@dataclass(frozen=True, slots=True)
class StageColumns:
    """The columns of a stage."""

    id: str

    @property
    def taught(self) -> str:
        """Work: whether the school teaches the stage."""
        return f"taught:{self.id}"

    @property
    def dimension_weights(self) -> str:
        """Work: the sum of the weights of the dimensions that apply."""
        return f"asked:{self.id}"

    @property
    def share(self) -> str:
        """Work: the share of the stage in the school's score, 0 to 1."""
        return f"share:{self.id}"

    @property
    def score(self) -> str:
        """Work: the score of the stage, 0 to 1."""
        return f"score:{self.id}"

    def size(self, size: Size) -> str:
        """Evidence: a size of the stage."""
        return f"{size}_{self.id}"


def total(name: Total) -> str:
    """Return the work column of a total."""
    return f"total:{name}"


def result(column: str) -> str:
    """Return the work column of a result of a clause or a dimension."""
    return f"result:{column}"
