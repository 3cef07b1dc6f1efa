"""Why a school is in or not, as it is read: with the names of its assessment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.assessments.assessment import Assessment
from cloud.assessments.filed_selection import SchoolOutcome
from cloud.messages import Text
from cloud.selection.names import Names, titles_of


@dataclass(frozen=True, slots=True)
class Reasons:
    """The reasons of a selection by school; no reason without a selection."""

    names: Names
    outcomes: Mapping[str, SchoolOutcome] | None

    def reason(self, school: str) -> Text | None:
        """Return why a school is in or not; None without a selection."""
        outcome = (self.outcomes or {}).get(school)
        return None if outcome is None else self.names.resolved(outcome.reason)


def names_of(assessment: Assessment) -> Names:
    """Return what the clauses and schools of an assessment are called, to resolve messages."""
    schools = assessment.scores.table.select("id", "name").iter_rows()
    return Names(titles_of(assessment.standard), dict(schools))


def reasons_of(assessment: Assessment, outcomes: Mapping[str, SchoolOutcome] | None) -> Reasons:
    """Return the reasons of a selection from an assessment."""
    return Reasons(names_of(assessment), outcomes)
