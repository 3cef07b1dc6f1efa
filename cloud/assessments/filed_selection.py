"""A selection as it is filed: an assessment, rules and a seed decide it; nothing changes it.

Its contents are one typed record, `Contents`, kept as JSON. All of it decides the digest but what
the trials came to (`trials`, rank intervals, chances): their figures may differ in the last digit
between processors, the list does not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, ValidationError

from cloud.assessments import format1
from cloud.assessments.assessment import ID_LENGTH
from cloud.assessments.canonical_json import canonical, digest, pack, unpack
from cloud.assessments.record import FiledText, Record, changed
from cloud.errors import EvidenceError
from cloud.messages import Text, message
from cloud.registry.assessment_log import SelectionRow
from cloud.selection.explanations import Decided
from cloud.selection.names import group_title

FORMAT: Literal["smart-campus-selection/2"] = "smart-campus-selection/2"
OF_TRIALS = ("rank_low", "rank_high", "chance")


class SchoolOutcome(Record):
    """What a selection came to for one school.

    - `is_eligible`: whether it passes everything hard; `rank`: among the rated schools; `place`:
      among the eligible ones;
    - `rule`: what decided; `because`: the gates, marks, rules or quotas it means; `reason`: a
      message of both;
    - `rival`: the nearest school on the other side of the line; `needs`: the score that would bring
      it in; `level`: the score at which it would be level with the school `level_with`;
    - `rank_low`, `rank_high`, `chance`: what the trials came to.
    """

    selected: bool
    is_eligible: bool
    rank: int | None
    place: int | None
    rule: Decided
    because: tuple[str, ...]
    reason: FiledText
    rival: str | None
    needs: float | None
    is_reachable: bool
    level: float | None = None
    level_with: str | None = None
    is_override: bool
    rank_low: int | None
    rank_high: int | None
    chance: float | None


class FilledQuota(Record):
    """What the rules ask of a county, a stage or a kind of place, and how many were selected."""

    group: Literal["division", "stage", "urban_rural"]
    code: str
    least: int | None
    most: int | None
    selected: int
    holds: bool
    title_as_filed: FiledText | None = Field(default=None, exclude=True)
    """What format 1 called the group."""

    @property
    def id(self) -> str:
        """The quota's own code."""
        return f"{self.group}:{self.code}"

    @property
    def title(self) -> Text:
        """What the group is called."""
        return self.title_as_filed or group_title(self.group, self.code)


class OverrideDecision(Record):
    """The decision of a reviewer that made a selection out of the one before."""

    school: str
    decision: Literal["in", "out"]
    instead_of: str | None
    by: str
    reason: str


class Contents(Record):
    """The contents of a selection.

    - `eligible`: how many schools are; `trials`: how many runs gave intervals and chances;
    - `order`: how ties are broken, and `notes`: what a reader of the list has to know;
    - `override`: the decision that made it, None where the rules alone did.
    """

    format: Literal["smart-campus-selection/2"] = FORMAT
    places: int
    eligible: int
    trials: int
    order: tuple[FiledText, ...]
    notes: tuple[FiledText, ...]
    override: OverrideDecision | None
    schools: dict[str, SchoolOutcome]
    quotas: tuple[FilledQuota, ...]


AGAINST_RULES = message("selection.against_rules")
"""What a reader has to know of a school that is in against the rules."""


@dataclass(frozen=True)
class FiledSelection:
    """A selection with its contents."""

    row: SelectionRow
    contents: Contents

    @property
    def outcomes(self) -> Mapping[str, SchoolOutcome]:
        """What it came to for each school."""
        return self.contents.schools

    @cached_property
    def rules(self) -> Mapping[str, Any]:
        """The rules it was made by, as JSON."""
        rules: Mapping[str, Any] = json.loads(self.row.rules)
        return rules

    @cached_property
    def selected(self) -> list[str]:
        """The schools that are in, by rank, and of the same rank in the published order."""
        order = {
            school: (outcome.rank or 0, outcome.place or 0, school)
            for school, outcome in self.outcomes.items()
            if outcome.selected
        }
        return sorted(order, key=order.__getitem__)

    @property
    def against_rules(self) -> list[str]:
        """The schools that are in by an override, though the rules exclude them; by rank."""
        return [school for school in self.selected if not self.outcomes[school].is_eligible]


def filed(
    assessment: str,
    rules: Mapping[str, Any],
    seed: int,
    contents: Contents,
    created_at: datetime,
    before: str | None = None,
) -> SelectionRow:
    """Return a selection ready to be filed: the same contents have the same id."""
    tree = contents.model_dump(mode="json")
    whole = _digest(contents.format, assessment, rules, seed, tree, before)
    return SelectionRow(
        id=whole[:ID_LENGTH],
        digest=whole,
        assessment_id=assessment,
        before_id=before,
        seed=seed,
        rules=canonical(rules),
        contents=pack(canonical(tree)),
        created_at=created_at,
    )


def opened_selection(row: SelectionRow) -> FiledSelection:
    """Return a selection with its contents, of any format.

    Raises EvidenceError where the contents are not what was filed.
    """
    tree = json.loads(unpack(row.contents))
    form = tree.get("format", format1.SELECTION)
    rules = json.loads(row.rules)
    whole = _digest(form, row.assessment_id, rules, row.seed, tree, row.before_id)
    if whole != row.digest:
        raise changed(f"selection {row.id}", row.digest)
    if form == format1.SELECTION:
        tree = format1.selection_contents(tree, FORMAT)
    try:
        return FiledSelection(row, Contents.model_validate(tree))
    except ValidationError as error:
        raise EvidenceError(f"selection {row.id}: of a later version ({form}): {error}") from None


def _digest(
    form: str,
    assessment: str,
    rules: Mapping[str, Any],
    seed: int,
    contents: Mapping[str, Any],
    before: str | None,
) -> str:
    whole = {
        "format": form,
        "assessment": assessment,
        "rules": rules,
        "seed": seed,
        "contents": _without_trials(contents),
        "before": before,
    }
    return digest(canonical(whole))


def _without_trials(contents: Mapping[str, Any]) -> dict[str, Any]:
    schools = {
        school: {key: value for key, value in outcome.items() if key not in OF_TRIALS}
        for school, outcome in contents["schools"].items()
    }
    return {key: value for key, value in contents.items() if key != "trials"} | {"schools": schools}
