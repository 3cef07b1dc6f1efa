"""Make a selection out of an assessment: the rules decide, and every school is told why."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cloud.assessments import ranking
from cloud.assessments.assessment import Assessment
from cloud.assessments.selection import Chosen, filed
from cloud.errors import NotFound, SettingsError, Unprocessable
from cloud.registry.proceedings import SelectionRow
from device_profiles import yaml_tree

PLACES = 50


def select(
    found: Assessment, rules: Mapping[str, Any], seed: int, created_at: datetime
) -> SelectionRow:
    """Return the selection that rules and a seed make of an assessment, ready to be filed."""
    return filed(found.row.id, rules, seed, _contents(found, rules), created_at)


def read_rules(path: Path) -> dict[str, Any]:
    """Return the rules in a YAML or JSON file; raises SettingsError where it is wrong."""
    try:
        tree = yaml_tree.parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name}: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    if tree.faults:
        raise SettingsError(f"{path.name}:{tree.faults[0].line}: {tree.faults[0].problem}")
    if not isinstance(tree.value, dict):
        raise SettingsError(f"{path.name}:1: expected rules, such as places: 50")
    return dict(tree.value)


def least(_found: Assessment, chosen: Chosen, school: str) -> dict[str, Any]:
    """Return the least it would take for a school to be in."""
    raise NotFound(f"selection {chosen.row.id}: the least for {school} is not known yet")


def _contents(found: Assessment, rules: Mapping[str, Any]) -> dict[str, Any]:
    strange = sorted(rules.keys() - {"places"})
    if strange:
        raise Unprocessable(f"rules: {strange[0]!r} is not known; use places")
    places = int(rules.get("places", PLACES))
    frame = ranking.ranking(found)
    rows = frame.to_dicts()
    able = [row["id"] for row in rows if row["passed"]]
    inside, outside = able[:places], able[places:]
    first_out, last_in = (outside or [None])[0], (inside or [None])[-1]
    schools = {row["id"]: _outcome(row, row["id"] in inside, places) for row in rows}
    for school, one in schools.items():
        one["rival"] = first_out if school in inside else last_in
    return {
        "places": places,
        "trials": 0,
        "order": {"zh": ["总分", "学校标识码"], "en": ["score", "school code"]},
        "schools": schools,
        "quotas": [],
        "override": None,
        "warnings": [],
    }


def _outcome(row: Mapping[str, Any], inside: bool, places: int) -> dict[str, Any]:
    rank, value = row["rank"], row["value"]
    if inside:
        rule, zh, en = (
            "rank",
            f"第 {rank} 名，在 {places} 个名额之内。",
            f"Rank {rank} of {places}.",
        )
    elif value is None:
        rule, zh, en = "coverage", "证据覆盖率不足，未评定。", "Too little evidence: not rated."
    elif row["passed"]:
        rule, zh, en = "rank", f"第 {rank} 名，名额已满。", f"Rank {rank}: the places are taken."
    else:
        failed = [*row["failed_gates"], *row["failed_marks"], *row["failed_rules"]]
        told = ", ".join(failed)
        rule, zh, en = "marks", f"未达到：{told}。", f"Did not reach: {told}."
    return {
        "selected": inside,
        "is_eligible": row["passed"],
        "rank": rank,
        "rule": rule,
        "reason_zh": zh,
        "reason_en": en,
        "rank_low": None,
        "rank_high": None,
        "chance": None,
        "rival": None,
        "is_override": False,
    }
