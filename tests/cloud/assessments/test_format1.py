"""Records of format 1 open with their ids and digests, and show the sentences filed in them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud.assessments import make_selection
from cloud.assessments.canonical_json import pack, unpack
from cloud.assessments.filed_selection import opened_selection
from cloud.assessments.reasons import reasons_of
from cloud.assessments.repository import AssessmentRepository
from cloud.errors import EvidenceError
from cloud.messages import Text, render
from cloud.registry.store import Registry
from tests._parts import format1
from tests._parts.filed import MADE

SHOWN = format1.as_shown()
LANGUAGES = ("zh", "en")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[AssessmentRepository]:
    registry = Registry.open(format1.registry_url(tmp_path))
    yield AssessmentRepository(registry.assessment_log)
    registry.close()


def read(text: Text | None) -> dict[str, str]:
    assert text is not None
    return {language: render(text, language) for language in LANGUAGES}


def pair(filed: dict[str, Any], name: str) -> dict[str, str]:
    return {language: filed[f"{name}_{language}"] for language in LANGUAGES}


def test_an_assessment_opens_with_its_id_and_its_findings_as_filed(
    repository: AssessmentRepository,
) -> None:
    shown = SHOWN["assessment"]
    assessment = repository.assessment(shown["id"])
    assert assessment.row.digest == shown["digest"]
    assert assessment.scores_as_filed
    assert len(assessment.integrity) == len(shown["integrity"]) > 0
    for finding, filed in zip(assessment.integrity, shown["integrity"], strict=True):
        assert (finding.school, finding.check) == (filed["school"], filed["check"])
        assert finding.severity == filed["severity"]
        assert read(finding.title) == pair(filed, "title")
        assert read(finding.reason) == pair(filed, "text")
        assert read(finding.ask) == pair(filed, "ask")
        assert read(finding.benign_explanation) == pair(filed, "innocent")
        assert [(row.ref, read(row.text)) for row in finding.rows] == [
            (row["ref"], pair(row, "text")) for row in filed["evidence"]
        ]


@pytest.mark.parametrize("name", SHOWN["selections"])
def test_a_selection_opens_with_its_id_and_its_reasons_as_filed(
    repository: AssessmentRepository, name: str
) -> None:
    shown = SHOWN["selections"][name]
    selection = repository.selection(name)
    assert (selection.row.id, selection.row.digest) == (name, shown["digest"])
    assert selection.selected == shown["selected"]
    reasons = reasons_of(repository.assessment(selection.row.assessment_id), selection.outcomes)
    assert {
        school: {"rule": outcome.rule, **read(reasons.reason(school))}
        for school, outcome in selection.outcomes.items()
    } == shown["schools"]
    for texts, filed in (
        (selection.contents.order, shown["order"]),
        (selection.contents.notes, shown["notes"]),
    ):
        assert [read(text) for text in texts] == [
            {"zh": zh, "en": en} for zh, en in zip(filed["zh"], filed["en"], strict=True)
        ]
    assert [
        (quota.id, read(quota.title), quota.selected) for quota in selection.contents.quotas
    ] == [(quota["id"], pair(quota, "title"), quota["selected"]) for quota in shown["quotas"]]
    override = selection.contents.override
    assert (override and override.model_dump()) == shown["override"]


def test_every_rule_that_can_decide_is_among_the_selections() -> None:
    rules = {
        outcome["rule"]
        for selection in SHOWN["selections"].values()
        for outcome in selection["schools"].values()
    }
    assert rules == {
        "score", "tie_break", "quota", "everybody", "override", "coverage", "gate", "mark",
    }  # fmt: skip


def test_the_same_rules_decide_alike_in_both_formats(repository: AssessmentRepository) -> None:
    assessment = repository.assessment(SHOWN["assessment"]["id"])
    for name in SHOWN["selections"]:
        first = repository.selection(name)
        rules = make_selection.rules_from(first.rules)
        again = opened_selection(make_selection.select(assessment, rules, first.row.seed, MADE))
        assert again.row.id != name
        assert again.selected == first.selected
        for school, outcome in first.outcomes.items():
            # A chance may differ in the last digit between processors. In format 1 the rank of
            # equal scores was their place in the published order.
            new = {"reason", "level", "level_with", "chance", "rank"}
            anew = again.outcomes[school]
            assert anew.model_dump(exclude=new) == outcome.model_dump(exclude=new)
            assert anew.chance == pytest.approx(outcome.chance)
            assert (anew.rank or 0) <= (outcome.rank or 0)


def test_the_least_it_would_take_is_there_for_a_selection_of_format_1(
    repository: AssessmentRepository,
) -> None:
    assessment = repository.assessment(SHOWN["assessment"]["id"])
    selection = repository.selection(next(iter(SHOWN["selections"])))
    plans = [
        make_selection.least(assessment, selection, school)
        for school, outcome in selection.outcomes.items()
        if not outcome.selected
    ]
    assert any(plan["is_possible"] and plan["improvements"] for plan in plans)


def test_a_changed_record_of_format_1_is_refused(repository: AssessmentRepository) -> None:
    row = repository.selection(next(iter(SHOWN["selections"]))).row
    text = unpack(row.contents).replace("入选。", "入选！")
    with pytest.raises(EvidenceError, match=f"selection {row.id} is not what was filed"):
        opened_selection(replace(row, contents=pack(text)))
