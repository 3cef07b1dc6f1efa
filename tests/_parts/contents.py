"""Contents of selections as they are filed, made by hand."""

from typing import Any

from cloud.assessments.filed_selection import Contents, SchoolOutcome
from cloud.messages import message


def outcome(**changed: Any) -> SchoolOutcome:
    """Return the outcome of a school that is first, with what is given otherwise."""
    first = {
        "selected": True,
        "is_eligible": True,
        "rank": 1,
        "place": 1,
        "rule": "score",
        "because": (),
        "reason": message("selection.reason.score_in", score="90.00", place=1, places=1),
        "rival": None,
        "needs": None,
        "is_reachable": True,
        "is_override": False,
        "rank_low": 1,
        "rank_high": 1,
        "chance": 1.0,
    }
    return SchoolOutcome.model_validate(first | changed)


def contents(**changed: Any) -> Contents:
    """Return the contents of a selection without a school, with what is given otherwise."""
    empty = {
        "places": 1,
        "eligible": 1,
        "trials": 100,
        "order": (message("selection.order.score", decimals=2),),
        "notes": (),
        "override": None,
        "schools": {},
        "quotas": (),
    }
    return Contents.model_validate(empty | changed)
