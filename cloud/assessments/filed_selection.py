"""A selection as it is filed: an assessment, rules and a seed decide it; nothing changes it.

Its contents are JSON:

- `places`, `eligible` (how many schools nothing excludes), `trials`, `order` (how ties are broken,
  in words) and `notes`;
- `schools`: of each school `selected`, `is_eligible` (nothing excludes it), `rank`, `place` (among
  the eligible), `rule` (what decided), `because`, `reason_zh`, `reason_en`, `rival` (on the other
  side of the line), `needs` (the score that would bring it in), `is_reachable`, `rank_low`,
  `rank_high`, `chance`, `is_override`;
- `quotas`: what the rules ask of counties, stages and kinds, and how many were selected;
- `override`: the decision of a reviewer that made it out of the selection before, else null;
- `warnings`: what that decision broke, as a sentence; pages and reports ask `against_rules`, which
  knows it from the schools themselves.

All of it decides the digest but what the trials came to (`trials`, rank intervals, chances): their
figures may differ in the last digit between processors, the list does not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud.assessments.assessment import ID_LENGTH
from cloud.assessments.canonical_json import canonical, digest, pack, unpack
from cloud.registry.assessment_log import SelectionRow

FORMAT = "smart-campus-selection/1"
OF_TRIALS = ("rank_low", "rank_high", "chance")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selection with its contents."""

    row: SelectionRow
    contents: Mapping[str, Any]

    @property
    def outcomes(self) -> Mapping[str, Mapping[str, Any]]:
        """What it says of each school."""
        found: Mapping[str, Mapping[str, Any]] = self.contents["schools"]
        return found

    @property
    def rules(self) -> Mapping[str, Any]:
        """The rules it was made by."""
        found: Mapping[str, Any] = json.loads(self.row.rules)
        return found

    @property
    def selected(self) -> list[str]:
        """The schools that are in, by rank."""
        inside = [school for school, one in self.outcomes.items() if one["selected"]]
        return sorted(inside, key=lambda school: (self.outcomes[school]["rank"] or 0, school))

    @property
    def against_rules(self) -> list[str]:
        """The schools that are in by an override, though the rules exclude them; by rank."""
        return [one for one in self.selected if not self.outcomes[one]["is_eligible"]]


def filed(
    assessment: str,
    rules: Mapping[str, Any],
    seed: int,
    contents: Mapping[str, Any],
    created_at: datetime,
    before: str | None = None,
) -> SelectionRow:
    """Return a selection ready to be filed: the same contents have the same id."""
    whole = {
        "format": FORMAT,
        "assessment": assessment,
        "rules": rules,
        "seed": seed,
        "contents": _without_trials(contents),
        "before": before,
    }
    name = digest(canonical(whole))
    return SelectionRow(
        id=name[:ID_LENGTH],
        digest=name,
        assessment_id=assessment,
        before_id=before,
        seed=seed,
        rules=canonical(rules),
        contents=pack(canonical(contents)),
        created_at=created_at,
    )


def _without_trials(contents: Mapping[str, Any]) -> dict[str, Any]:
    schools = {
        school: {key: value for key, value in one.items() if key not in OF_TRIALS}
        for school, one in contents["schools"].items()
    }
    return {key: value for key, value in contents.items() if key != "trials"} | {"schools": schools}


def chosen_of(row: SelectionRow) -> Chosen:
    """Return a selection with its contents."""
    return Chosen(row, json.loads(unpack(row.contents)))
