"""A filed selection holds codes and figures: its wording may change, its id does not."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from pydantic_core import PydanticSerializationError

from cloud import messages
from cloud.assessments import make_selection
from cloud.assessments.assessment import Assessment, opened
from cloud.assessments.canonical_json import canonical, pack, unpack
from cloud.assessments.filed_selection import FORMAT, filed, opened_selection
from cloud.assessments.reasons import reasons_of
from cloud.errors import EvidenceError
from cloud.localized_text import LocalizedText
from cloud.messages import render
from cloud.registry.assessment_log import SelectionRow
from cloud.selection.rules import Override
from tests._parts import filed as parts
from tests._parts.contents import contents, outcome
from tests._parts.filed import MADE

RULES = {"places": 6, "quotas": {"division": {"331002": {"least": 1, "most": 2}}}}
SENTENCE = re.compile(r"[。；，]|[a-z]+ [a-z]+ [a-z]+", re.IGNORECASE)


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    made = parts.filed(schools=40, seed=3)
    return opened(made.row, made.evidence, made.integrity)


def selected(assessment: Assessment) -> SelectionRow:
    return make_selection.select(assessment, make_selection.rules_from(RULES), 7, MADE)


def strings(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [text for value in tree.values() for text in strings(value)]
    if isinstance(tree, list):
        return [text for value in tree for text in strings(value)]
    return [tree] if isinstance(tree, str) else []


def test_a_change_of_wording_changes_no_id_and_shows_at_once(
    assessment: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = selected(assessment)
    plain = messages.catalogue

    def reworded(language: str) -> dict[str, str]:
        return {key: template.replace("。", " !") for key, template in plain(language).items()}

    monkeypatch.setattr(messages, "catalogue", reworded)
    after = selected(assessment)
    assert (after.id, after.digest, after.contents) == (before.id, before.digest, before.contents)
    selection = opened_selection(before)
    reasons = reasons_of(assessment, selection.outcomes)
    texts = [
        render(reason, "zh") for school in selection.outcomes if (reason := reasons.reason(school))
    ]
    assert len(texts) == 40
    assert all(text.endswith(" !") for text in texts)


def test_the_contents_hold_no_sentence_and_no_name(assessment: Assessment) -> None:
    tree = json.loads(unpack(selected(assessment).contents))
    assert tree["format"] == FORMAT
    assert not [text for text in strings(tree) if SENTENCE.search(text)]
    names = set(assessment.scores.table["name"])
    titles = {clause.title.zh for clause in assessment.standard.clauses}
    assert not (names | titles) & set(strings(tree))


def test_contents_come_back_as_they_were_filed(assessment: Assessment) -> None:
    row = selected(assessment)
    selection = opened_selection(row)
    again = filed(row.assessment_id, selection.rules, row.seed, selection.contents, MADE)
    assert again == row


def test_every_reason_is_read_with_names_in_both_languages(assessment: Assessment) -> None:
    selection = opened_selection(selected(assessment))
    reasons = reasons_of(assessment, selection.outcomes)
    for school in selection.outcomes:
        reason = reasons.reason(school)
        assert reason is not None
        chinese, english = render(reason, "zh"), render(reason, "en")
        assert chinese.endswith("。")
        assert english.endswith(".")
        assert "331002" not in chinese + english
    assert reasons.reason("2133199999") is None
    assert reasons_of(assessment, None).reason("2133100000") is None


def test_an_override_is_filed_with_the_reviewers_own_words_alone(assessment: Assessment) -> None:
    first = opened_selection(selected(assessment))
    school = next(name for name, outcome in first.outcomes.items() if not outcome.selected)
    decision = Override(school=school, decision="in", reason="现场核查，属实。", by="市评审组")
    row = make_selection.override(assessment, first, (decision,), MADE)
    tree = json.loads(unpack(row.contents))
    sentences = {text for text in strings(tree) if SENTENCE.search(text)}
    assert sentences == {"现场核查，属实。", "现场核查，属实"}
    selection = opened_selection(row)
    assert selection.row.before_id == first.row.id
    reason = reasons_of(assessment, selection.outcomes).reason(school)
    assert reason is not None
    assert render(reason, "zh") == "人工调整为入选（市评审组）：现场核查，属实。按规则原为不入选。"


def test_contents_changed_in_the_database_are_refused(assessment: Assessment) -> None:
    row = selected(assessment)
    tree = json.loads(unpack(row.contents))
    tree["places"] += 1
    with pytest.raises(EvidenceError, match=f"selection {row.id} is not what was filed"):
        opened_selection(replace(row, contents=pack(canonical(tree))))
    with pytest.raises(EvidenceError, match="is not what was filed"):
        opened_selection(replace(row, seed=row.seed + 1))


def test_a_text_cannot_be_filed_in_the_place_of_a_message() -> None:
    text = LocalizedText("第一名。", "First.")
    held = contents(schools={"2133100000": outcome(reason=text)})
    with pytest.raises(PydanticSerializationError, match="a record is filed with messages"):
        filed("a1", {}, 0, held, MADE)


def test_contents_of_a_later_format_are_refused() -> None:
    held = contents()
    later = held.model_copy(update={"format": "smart-campus-selection/3"})
    with pytest.raises(EvidenceError, match=r"of a later version \(smart-campus-selection/3\)"):
        opened_selection(filed("a1", {}, 0, later, MADE))
