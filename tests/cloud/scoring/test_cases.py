from pathlib import Path
from typing import Any

import pytest

from cloud.api.presenters.finding import finding_shape
from cloud.scoring.engine.result import Finding, evidence_rows
from cloud.scoring.indicators.base import all_indicators
from device_profiles import yaml_tree
from tests._parts.scoring import evidence_of, result_of, standard_of


def cases_in(path: Path) -> list[dict[str, Any]]:
    tree = yaml_tree.parse(path.read_text(encoding="utf-8"))
    assert not tree.faults, (path.name, tree.faults)
    cases: list[dict[str, Any]] = tree.value
    return cases


CASES = [
    case
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in cases_in(path)
]


def clauses_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    clauses: list[dict[str, Any]] = case["clauses"] if "clauses" in case else [case["clause"]]
    return clauses


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_case_scores_as_expected(case: dict[str, Any]) -> None:
    standard = standard_of(clauses_of(case), **case.get("standard", {}))
    facts = evidence_of(case)
    school = case.get("school", {})
    stages = school.get("stages", () if "school_type" in school else ("PRI",))
    result = result_of(standard, facts, stages)
    expected = dict(case["expect"])
    for key in ("score", "coverage"):
        if key in expected:
            got = result.value if key == "score" else result.coverage
            assert got == pytest.approx(expected.pop(key)), key
    by_clause = {"A01": expected}
    if "clauses" in case:
        by_clause = expected.pop("findings", {})
        assert not expected
    findings = {finding.clause.id: finding for finding in result.findings}
    for clause, expected_values in by_clause.items():
        rows = evidence_rows(findings[clause].clause, facts)
        shape = finding_shape(findings[clause], rows, tuple(stages), first=None)
        texts = [text.text.root["zh"] for text in shape.evidence]
        for key, value in expected_values.items():
            assert shown_value(findings[clause], shape.model_dump(), texts, key) == value, key


def shown_value(finding: Finding, shape: dict[str, Any], texts: list[str], key: str) -> Any:
    if key == "rows":
        return texts
    if key == "rows_en":
        return [row["text"]["en"] for row in shape["evidence"]]
    if key == "seen":
        return pytest.approx(finding.coverage)
    name, _, language = key.rpartition("_")
    value = shape[name][language] if language in {"zh", "en"} else shape[key]
    return pytest.approx(value, abs=1e-6) if isinstance(value, float) else value


def test_every_indicator_has_a_case() -> None:
    covered = {clause["indicator"] for case in CASES for clause in clauses_of(case)}
    assert set(all_indicators()) == covered


def test_every_case_is_a_sentence_of_its_own() -> None:
    names = [case["case"] for case in CASES]
    assert len(names) == len(set(names))
