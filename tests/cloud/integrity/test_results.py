import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest

from cloud.integrity.check import all_checks
from cloud.integrity.inputs import Facts
from cloud.integrity.results import Finding, as_filed, finding_of, findings, run_checks
from cloud.integrity.thresholds import LeftOn, Thresholds
from cloud.messages import catalogue, localized, render
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.evidence import Evidence
from tests._parts.hand_made import (
    LENGTHS,
    LESSONS,
    SCHOOL,
    Thing,
    by_hand,
    dark,
    days_of,
    facts,
    silent,
    together,
)

VISIT = days_of(20)[15]
OTHER = "3133100002"


def always_on(_day: int, period: int) -> float | None:
    return LENGTHS[period]


def bad_school(school: str = SCHOOL) -> Facts:
    stops = silent(by_hand(7), [12, 13, 14])
    return facts(
        *[Thing(always_on, room=f"A{n}") for n in range(3)],
        *[Thing(stops if n % 3 else by_hand(n), room=f"B{n // 2}") for n in range(12)],
        *[Thing(dark, room="仓库") for _ in range(5)],
        unlisted=4,
        declared={"display_hours_week": 90.0},
        inspections=[VISIT],
        school=school,
    )


def good_school(school: str = OTHER) -> Facts:
    return facts(
        *[Thing(by_hand(n), room=f"A{n}") for n in range(8)],
        inspections=[VISIT],
        school=school,
    )


def no_facts() -> Facts:
    tables = {
        name: pl.DataFrame(schema=dict(getattr(evidence, name.upper())))
        for name in ("schools", "rooms", "assets", "use", "senders")
    }
    return Facts(Evidence(date(2026, 11, 1), date(2026, 11, 20), **tables))


def test_every_school_has_a_result_of_every_check() -> None:
    results = run_checks(together(bad_school(), good_school()))
    assert [(result.school, result.check) for result in results] == [
        (school, check) for school in (SCHOOL, OTHER) for check in all_checks()
    ]
    assert all((result.outcome == "finding") == bool(result.finding) for result in results)


def test_an_honest_school_has_no_finding() -> None:
    assert findings(run_checks(good_school())) == []


def test_a_school_is_the_same_alone_and_among_others() -> None:
    alone = [*run_checks(bad_school()), *run_checks(good_school())]
    assert run_checks(together(good_school(), bad_school())) == alone


def test_the_order_of_rows_changes_nothing() -> None:
    made = bad_school()
    tables = {
        name: getattr(made.evidence, name).sample(fraction=1, shuffle=True, seed=5)
        for name in ("assets", "use", "senders")
    }
    shuffled = Facts(
        Evidence(
            made.evidence.start,
            made.evidence.end,
            made.evidence.schools,
            made.evidence.rooms,
            declarations=made.evidence.declarations,
            **tables,
        ),
        bindings=made.bindings.reverse(),
        inspections=made.inspections,
    )
    assert as_filed(run_checks(shuffled)) == as_filed(run_checks(made))


def test_findings_come_with_the_strongest_first() -> None:
    by_strength = findings(run_checks(bad_school()))
    assert len(by_strength) >= 3
    assert [finding.strength for finding in by_strength] == sorted(
        (o.strength for o in by_strength), reverse=True
    )


def test_the_sentences_of_every_check_are_there_in_every_language() -> None:
    all_findings = [
        finding
        for made in (bad_school(), scripted_school(), one_slip())
        for finding in findings(run_checks(made))
    ]
    assert {finding.check for finding in all_findings} == set(all_checks())
    for finding in all_findings:
        texts = [finding.title, finding.reason, finding.ask, finding.benign_explanation]
        for text in [*texts, *(row.text for row in finding.rows)]:
            assert all(localized(text).values())
        assert finding.rows_total >= len(finding.rows) > 0
        assert all(row.ref for row in finding.rows)


def scripted_school() -> Facts:
    """Return a school whose screens are on for a quarter of an hour in every lesson."""
    return facts(
        *[
            Thing(lambda _day, period: 900.0 if period in LESSONS else 0.0, room=f"A{n}")
            for n in range(2)
        ]
    )


def one_slip() -> Facts:
    """Return a school that declares forty per cent more computers than the ledger has."""
    return facts(
        Thing(category="computer", name="学生计算机", quantity=50), declared={"pupil_terminals": 70}
    )


def test_what_is_filed_is_codes_figures_and_references_by_school_and_check() -> None:
    results = run_checks(together(bad_school(), good_school()))
    filed = as_filed(results)
    assert [row["check"] for row in filed] == sorted(row["check"] for row in filed)
    assert {row["school"] for row in filed} == {SCHOOL}
    assert {row["severity"] for row in filed} <= {"high", "medium", "low"}
    assert json.loads(json.dumps(filed, allow_nan=False)) == filed
    names = {"交互智能平板", "仓库"}
    texts = " ".join(plain_texts(filed))
    for name in names:
        texts = texts.replace(name, "")
    assert texts.isascii(), "a name of the ledger is the only Chinese text"


def plain_texts(value: Any) -> Iterator[str]:
    """Return every text inside JSON values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from plain_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from plain_texts(item)


def test_a_filed_finding_reads_as_it_did_when_it_was_found() -> None:
    results = run_checks(bad_school())
    made = [result.finding for result in results if result.finding]
    opened = [finding_of(filed) for filed in as_filed(results)]
    assert [all_texts(finding) for finding in opened] == [all_texts(finding) for finding in made]


def all_texts(finding: Finding) -> list[tuple[str, dict[str, str]]]:
    """Return the references and texts of a finding, in every language."""
    texts = (finding.title, finding.reason, finding.ask, finding.benign_explanation)
    rows = [(row.ref, localized(row.text)) for row in finding.rows]
    return [*(("", localized(text)) for text in texts), *rows]


def test_a_corrected_sentence_changes_nothing_that_is_filed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = bad_school()
    before = as_filed(run_checks(made))
    corrected = {key: f"{template}!" for key, template in catalogue("zh").items()}
    monkeypatch.setattr("cloud.messages.catalogue", lambda _language: corrected)
    assert as_filed(run_checks(made)) == before
    assert render(finding_of(before[0]).reason, "zh").endswith("!")


def test_without_data_there_is_no_finding() -> None:
    assert run_checks(no_facts()) == []
    results = run_checks(facts(Thing(is_bound=False)))
    assert {result.outcome for result in results} == {"no_data"}


def test_thresholds_can_be_set() -> None:
    strict = Thresholds(left_on=LeftOn(idle_hours=1e6))
    outcomes = {result.check: result.outcome for result in run_checks(bad_school(), strict)}
    assert outcomes["left_on"] == "clear"
