from datetime import date

import polars as pl
from polars.testing import assert_frame_equal

from cloud.integrity.check import all_checks
from cloud.integrity.inputs import Facts
from cloud.integrity.results import RESULTS, as_filed, findings, run_checks
from cloud.integrity.thresholds import LeftOn, Thresholds
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.evidence import Evidence
from tests._parts.hand_made import (
    LENGTHS,
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


def test_every_school_hears_of_every_check() -> None:
    results = run_checks(together(bad_school(), good_school()))
    assert results.height == 2 * len(all_checks())
    assert dict(results.schema) == {name: pl.Schema(RESULTS)[name] for name in RESULTS}
    assert set(results["outcome"]) <= {"finding", "clear", "no_data"}


def test_an_honest_school_hears_of_nothing() -> None:
    assert findings(run_checks(good_school()), OTHER) == []


def test_a_school_is_the_same_alone_and_among_others() -> None:
    alone = pl.concat([run_checks(bad_school()), run_checks(good_school())])
    both = run_checks(together(good_school(), bad_school()))
    assert_frame_equal(both, alone.sort("school", "check"))


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
    assert_frame_equal(run_checks(shuffled), run_checks(made))


def test_findings_come_with_the_strongest_first_and_both_languages() -> None:
    found = findings(run_checks(bad_school()), SCHOOL)
    assert len(found) >= 3
    assert [one.strength for one in found] == sorted((o.strength for o in found), reverse=True)
    for one in found:
        texts = (one.title, one.reason, one.ask, one.innocent)
        assert all(text.zh and text.en for text in texts)
        assert one.evidence
        assert one.evidence_total >= len(one.evidence)
        assert all(row["ref"] and row["text_zh"] and row["text_en"] for row in one.evidence)


def test_what_is_filed_is_plain_and_stands_by_school_and_check() -> None:
    filed = as_filed(run_checks(together(bad_school(), good_school())))
    assert [one["check"] for one in filed] == sorted(one["check"] for one in filed)
    assert {one["school"] for one in filed} == {SCHOOL}
    assert {type(value) for one in filed for value in one.values()} <= {str, int, float, list}
    assert {one["severity"] for one in filed} <= {"high", "medium", "low"}


def test_nothing_known_accuses_nobody() -> None:
    assert run_checks(no_facts()).is_empty()
    made = facts(Thing(is_bound=False))
    results = run_checks(made)
    assert set(results["outcome"]) == {"no_data"}
    assert all(results["text_zh"])
    assert all(results["text_en"])


def test_thresholds_can_be_set() -> None:
    strict = Thresholds(left_on=LeftOn(idle_hours=1e6))
    results = run_checks(bad_school(), strict)
    assert results.filter(check="left_on")["outcome"].to_list() == ["clear"]
