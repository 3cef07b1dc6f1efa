"""Records of format 1, in which sentences were filed, read as those of today. Pure.

Their digests cover the sentences, so they keep their ids and are never rewritten.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cloud.integrity.results import Finding, FindingRow
from cloud.localized_text import LocalizedText

ASSESSMENT = "smart-campus-assessment/1"
SELECTION = "smart-campus-selection/1"


def selection_contents(filed: Mapping[str, Any], current: str) -> dict[str, Any]:
    """Return the contents of a selection as the current format has them, texts as filed."""
    return {
        "format": current,
        "places": filed["places"],
        "eligible": filed["eligible"],
        "trials": filed["trials"],
        "order": _texts(filed["order"]),
        "notes": _texts(filed["notes"]),
        "override": filed["override"],
        "schools": {school: _outcome(outcome) for school, outcome in filed["schools"].items()},
        "quotas": [_quota(quota) for quota in filed["quotas"]],
    }


def integrity_finding(filed: Mapping[str, Any]) -> Finding:
    """Return an integrity finding, texts as filed."""
    return Finding(
        school=filed["school"],
        check=filed["check"],
        severity=filed["severity"],
        strength=filed["strength"],
        title=_text(filed, "title"),
        reason=_text(filed, "text"),
        ask=_text(filed, "ask"),
        benign_explanation=_text(filed, "innocent"),
        rows=tuple(FindingRow(row["ref"], _text(row, "text")) for row in filed["evidence"]),
        rows_total=filed["evidence_total"],
    )


def _text(filed: Mapping[str, Any], name: str) -> LocalizedText:
    return LocalizedText(filed[f"{name}_zh"], filed[f"{name}_en"])


def _texts(filed: Mapping[str, Sequence[str]]) -> list[LocalizedText]:
    return [LocalizedText(zh, en) for zh, en in zip(filed["zh"], filed["en"], strict=True)]


def _outcome(filed: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in filed.items() if key not in {"reason_zh", "reason_en"}}
    return plain | {"reason": _text(filed, "reason")}


def _quota(filed: Mapping[str, Any]) -> dict[str, Any]:
    plain = {
        key: value for key, value in filed.items() if key not in {"id", "title_zh", "title_en"}
    }
    return plain | {"title_as_filed": _text(filed, "title")}
