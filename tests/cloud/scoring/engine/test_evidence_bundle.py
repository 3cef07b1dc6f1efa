import json
from pathlib import Path
from typing import Any

import pytest

from cloud.errors import EvidenceError
from cloud.scoring.engine.csv_file import read_table
from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.evidence_bundle import FORMAT, bundle_text, read_bundle, rescore
from cloud.scoring.standard.standard import named, standard_file
from tests._parts.many_schools import large_standard, many_schools

PATH = standard_file("undp-hdi")
assert PATH
YAML = PATH.read_text(encoding="utf-8")
SCORES = score_table(
    named("undp-hdi"),
    read_table(Path(__file__).parents[1] / "tables" / "hdi-2023.csv", named("undp-hdi")),
)


def test_a_bundle_scores_again_as_it_was_published() -> None:
    text = bundle_text(SCORES, YAML, {"period": "2023"})
    bundle = read_bundle(text, "b.json")
    assert bundle.standard == SCORES.standard
    assert bundle.about == {"period": "2023"}
    assert rescore(bundle, "b.json").totals.equals(SCORES.totals)
    assert bundle_text(SCORES, YAML, {"period": "2023"}) == text


def changed(**more: Any) -> str:
    tree = json.loads(bundle_text(SCORES, YAML))
    for path, value in more.items():
        *keys, last = [int(key) if key.isdecimal() else key for key in path.split("__")]
        part = tree
        for key in keys:
            part = part[key]
        part[last] = value
    return json.dumps(tree)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"evidence__0__life_expectancy": 90.0}, r"digests.evidence: is [0-9a-f]{64}, but"),
        ({"scores__0__value": 0.99}, r"digests.scores: is"),
        ({"standard__yaml": YAML.replace("85}", "90}")}, r"digests.standard: is"),
        ({"digests__inputs": "0"}, r"digests.inputs: is 0, but"),
        ({"format": "other"}, f'not an evidence bundle; expected "format": "{FORMAT}"'),
        ({"more": 1}, "has too many or too few keys: more"),
        ({"evidence": 1}, "not the shape of an evidence bundle"),
        ({"evidence__0__life_expectancy": "old"}, "not the shape of an evidence bundle"),
        ({"standard": {}}, "not the shape of an evidence bundle"),
    ],
    ids=str,
)
def test_a_bundle_that_was_changed_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(EvidenceError, match=rf"b.json: {problem}"):
        read_bundle(changed(**change), "b.json")


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(EvidenceError, match=r"b.json: not JSON: Expecting value"):
        read_bundle("nothing", "b.json")


def test_scores_that_were_never_computed_are_found_out() -> None:
    lying = json.loads(bundle_text(SCORES, YAML))
    bundle = read_bundle(json.dumps(lying), "b.json")
    other = [{**row, "value": 0.5} for row in bundle.published]
    wrong = type(bundle)(bundle.standard, bundle.table, tuple(other), bundle.about, bundle.digests)
    with pytest.raises(EvidenceError, match=r"b.json: Australia: published as .*0.5"):
        rescore(wrong, "b.json")
    fewer = type(bundle)(
        bundle.standard,
        bundle.table,
        (*bundle.published, {"id": "Atlantis"}),
        bundle.about,
        bundle.digests,
    )
    with pytest.raises(EvidenceError, match=r"scores of 52 published, 51 found"):
        rescore(fewer, "b.json")


def test_a_bundle_holds_the_file_of_its_own_standard() -> None:
    standard = large_standard()
    scores = score_table(standard, many_schools(standard, 2, 1))
    with pytest.raises(EvidenceError, match=r"the file given is not that of house@"):
        bundle_text(scores, YAML)
