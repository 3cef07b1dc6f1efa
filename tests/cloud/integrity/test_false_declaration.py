from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.integrity.agreement import agreement
from cloud.integrity.results import findings, run_checks
from cloud.messages import render
from cloud.scoring.indicators.base import all_indicators
from tests._parts.hand_made import (
    LESSON_S,
    LESSONS,
    Plan,
    Thing,
    by_hand,
    dark,
    days_of,
    facts,
    outcome_of,
    rest,
    silent,
)


def in_lessons(number: int) -> Plan:
    """Use it through so many lessons a day: two thirds of an hour each."""
    return lambda _day, period: LESSON_S if period in LESSONS[:number] else 0.0


def screens(*plans: Plan) -> list[Thing]:
    return [Thing(plan, room=f"A{n}") for n, plan in enumerate(plans)]


def verdicts(*things: Thing, **given: Any) -> dict[str, tuple[Any, ...]]:
    compared = agreement(facts(*things, **given).evidence)
    return {
        row["item"]: (row["verdict"], row["low"], row["high"])
        for row in compared.with_columns(pl.col("low", "high").round(2)).iter_rows(named=True)
    }


def verdict_of(*things: Thing, **given: Any) -> tuple[Any, ...]:
    ((_, verdict),) = verdicts(*things, **given).items()
    return verdict


def test_hours_of_displays_are_held_against_their_mean_week() -> None:
    things = screens(in_lessons(3), in_lessons(0), in_lessons(3))
    assert verdict_of(*things, declared={"display_hours_week": 7.5}) == ("agrees", 6.67, 6.67)
    assert verdict_of(*things, declared={"display_hours_week": 15})[0] == "overstated"
    assert verdict_of(*things, declared={"display_hours_week": 2})[0] == "understated"


def test_what_was_not_seen_may_have_been_use() -> None:
    half = silent(in_lessons(3), [0, 1, 2])
    verdict, low, high = verdict_of(*screens(half), declared={"display_hours_week": 20})
    assert (verdict, low) == ("agrees", 8.5)
    assert high == pytest.approx(8.5 + 3 * 24 * 5 / 20)


def test_a_display_without_data_is_taken_as_the_busiest() -> None:
    things = screens(in_lessons(3), in_lessons(1), in_lessons(2), dark)
    assert verdict_of(*things, declared={"display_hours_week": 9}) == ("agrees", 5.0, 7.5)


def test_a_display_that_died_is_taken_as_it_was() -> None:
    died = silent(in_lessons(7), list(range(5, 20)))
    things = screens(*[in_lessons(3)] * 3, died)
    assert verdict_of(*things, declared={"display_hours_week": 13}) == ("agrees", 8.96, 13.33)


def test_a_sensor_stuck_in_standby_contradicts_no_figure() -> None:
    made = facts(*screens(rest, in_lessons(1)), declared={"display_hours_week": 9})
    stuck = pl.col("asset_id") == 1
    use = made.evidence.use.with_columns(
        pl.when(stuck).then("due_s").otherwise("standby_s").alias("standby_s"),
        pl.when(stuck).then(0.0).otherwise("off_s").alias("off_s"),
    )
    object.__setattr__(made.evidence, "use", use)
    assert agreement(made.evidence)["verdict"].to_list() == ["unknown"]


def test_too_little_data_contradicts_no_figure() -> None:
    declared = {"display_hours_week": 40.0}
    assert verdict_of(*screens(in_lessons(1), dark), declared=declared) == ("unknown", None, None)
    assert verdict_of(*screens(in_lessons(1)), days=days_of(4), declared=declared)[0] == "unknown"
    made = facts(*screens(dark), declared=declared)
    for check in ("false_declaration", "declaration_differs"):
        assert outcome_of(check, made) == "no_data"


def test_hours_of_computer_rooms_are_those_of_the_lessons_used() -> None:
    rooms = {"J1": "123", "J2": "123"}
    things = [
        Thing(in_lessons(2), category="computer", room="J1"),
        Thing(in_lessons(1), category="computer", room="J2"),
    ]
    given: dict[str, Any] = {"rooms": rooms, "declared": {"computer_room_hours_logged": 10.0}}
    assert verdict_of(*things, **given) == ("agrees", 10.0, 10.0)
    given["declared"] = {"computer_room_hours_logged": 46.0}
    assert verdict_of(*things, **given)[0] == "overstated"
    half = [things[0], Thing(silent(in_lessons(1), [0, 1]), category="computer", room="J2")]
    assert verdict_of(*half, **given) == ("overstated", 9.67, 12.0)


def test_a_computer_room_without_devices_may_have_been_full() -> None:
    rooms = {f"J{n}": "123" for n in range(4)}
    things = [Thing(in_lessons(1), category="computer", room=f"J{n}") for n in range(3)]
    given: dict[str, Any] = {"rooms": rooms, "declared": {"computer_room_hours_logged": 30.0}}
    assert verdict_of(*things, **given) == ("agrees", 10.0, 33.33)


def test_terminals_are_counted_by_whose_they_are() -> None:
    ledger = [
        Thing(category="computer", name="学生计算机", quantity=48),
        Thing(category="computer", name="教师机", quantity=10),
        Thing(category="computer", name="台式计算机", quantity=5),
        Thing(category="computer", name="学生计算机", quantity=48, condition="6"),
    ]
    declared = {"pupil_terminals": 53.0, "teacher_terminals": 15.0}
    assert verdicts(*ledger, declared=declared) == {
        "pupil_terminals": ("agrees", 48, 53),
        "teacher_terminals": ("agrees", 10, 15),
    }
    declared = {"pupil_terminals": 96.0, "teacher_terminals": 4.0}
    assert [v for v, _, _ in verdicts(*ledger, declared=declared).values()] == [
        "overstated",
        "understated",
    ]


def test_experiments_with_instruments_that_never_ran_are_contradicted() -> None:
    labs: dict[str, Any] = {"rooms": {"L1": "121"}, "declared": {"experiments_group_done": 20.0}}
    idle = Thing(rest, category="instrument", room="L1")
    assert verdict_of(idle, **labs) == ("overstated", 0, 0)
    assert verdicts(Thing(in_lessons(1), category="instrument", room="L1"), **labs) == {}
    assert verdicts(Thing(dark, category="instrument", room="L1"), **labs) == {}


def test_a_figure_that_is_too_high_is_shown_with_what_measured_it() -> None:
    made = facts(
        *screens(in_lessons(3), in_lessons(0)),
        Thing(category="computer", name="学生计算机", quantity=48),
        declared={"display_hours_week": 12, "pupil_terminals": 60, "library_books": 1e6},
    )
    (finding,) = findings(run_checks(made))
    assert finding.check == "false_declaration"
    assert finding.severity == "high"
    assert render(finding.reason, "en") == (
        "Of 2 declared figures that can be compared with ledger or telemetry, 2 are clearly too "
        "high, by up to 140% (time without data is counted in the school's favour)."
    )
    assert [(row.ref, render(row.text, "en")) for row in finding.rows] == [
        (
            "declaration:display_hours_week",
            "hours a week per display: 12.0 h declared, 5.0 h by telemetry",
        ),
        ("declaration:pupil_terminals", "pupil terminals: 60 declared, 48 by ledger"),
        ("asset:1", "交互智能平板 A-1: 10.0 hours a week"),
        ("asset:2", "交互智能平板 A-2: 0.0 hours a week"),
    ]


def test_one_slip_is_a_note_to_look_again() -> None:
    made = facts(*screens(in_lessons(3)), declared={"display_hours_week": 14})
    (finding,) = findings(run_checks(made))
    assert (finding.check, finding.severity) == ("declaration_differs", "low")
    assert render(finding.reason, "en") == (
        "Of 1 declared figures that can be compared with ledger or telemetry, one is 40% too high "
        "(time without data is counted in the school's favour). It may be a typing error: check it "
        "and correct it."
    )
    assert [row.ref for row in finding.rows] == ["declaration:display_hours_week", "asset:1"]


def test_one_figure_that_is_far_off_is_no_slip() -> None:
    made = facts(*screens(in_lessons(3)), declared={"display_hours_week": 15.1})
    (finding,) = findings(run_checks(made))
    assert (finding.check, finding.severity) == ("false_declaration", "medium")


def test_two_figures_that_are_too_high_are_no_slip() -> None:
    made = facts(
        *screens(in_lessons(3)),
        Thing(category="computer", name="学生计算机", quantity=48),
        declared={"display_hours_week": 14, "pupil_terminals": 56},
    )
    (finding,) = findings(run_checks(made))
    assert (finding.check, finding.severity) == ("false_declaration", "medium")
    assert finding.rows_total == 3


def test_a_figure_that_is_too_low_is_no_finding() -> None:
    made = facts(*screens(in_lessons(3)), declared={"display_hours_week": 2})
    assert findings(run_checks(made)) == []


def honesty(*things: Thing, declared: float) -> pl.DataFrame:
    """Return the rows of the clause that asks whether figures agree."""
    evidence = facts(*things, declared={"display_hours_week": declared}).evidence
    return all_indicators()["declarations_agree"].evidence_rows(evidence, {})


def test_the_score_treats_missing_data_the_other_way() -> None:
    things = screens(*[silent(in_lessons(3), list(range(3)))] * 3)
    assert verdict_of(*things, declared={"display_hours_week": 16})[0] == "agrees"
    row = honesty(*things, declared=16)
    assert row.select("part", "whole", "unknown").row(0) == (0.0, 1.0, 1.0)
    seen = honesty(*screens(in_lessons(3)), declared=10)
    assert seen.select("part", "whole", "unknown").row(0) == (1.0, 1.0, 0.0)


@settings(max_examples=25, deadline=None)
@given(
    declared=st.floats(0, 40),
    dark_days=st.lists(st.integers(0, 19), max_size=20),
    dark_screen=st.integers(0, 3),
)
def test_silence_never_makes_a_school_more_honest(
    declared: float, dark_days: list[int], dark_screen: int
) -> None:
    plans = [by_hand(n) for n in range(4)]
    before = honesty(*screens(*plans), declared=declared)
    plans[dark_screen] = silent(plans[dark_screen], dark_days)
    after = honesty(*screens(*plans), declared=declared)
    assert after["whole"].to_list() == before["whole"].to_list()
    assert after["part"].sum() <= before["part"].sum()
