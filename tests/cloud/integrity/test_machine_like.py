import random

from cloud.integrity.results import findings, run_checks
from cloud.messages import localized, render
from tests._parts.hand_made import (
    LESSON_S,
    LESSONS,
    Plan,
    Thing,
    by_hand,
    days_of,
    facts,
    outcome_of,
)


def outcome(*things: Thing) -> str:
    return outcome_of("machine_like", facts(*things))


def script(seed: int, length_s: float = 900.0, jitter_s: float = 0.0, share: float = 1.0) -> Plan:
    """Switch on for so long in every lesson, on a share of the days; else by hand."""

    def plan(day: int, period: int) -> float | None:
        luck = random.Random(f"{seed} {day}")
        if luck.random() > share:
            return by_hand(seed)(day, period)
        wobble = random.Random(f"{seed} {day} {period}").gauss(0, jitter_s) if jitter_s else 0.0
        return length_s + wobble if period in LESSONS else 0.0

    return plan


def things(plan: "list[Plan]") -> list[Thing]:
    return [Thing(use, room=f"A{n}") for n, use in enumerate(plan)]


def test_the_same_seconds_day_after_day_are_asked_about() -> None:
    made = facts(*things([script(1), script(2), by_hand(3), by_hand(4)]))
    (finding,) = findings(run_checks(made))
    assert finding.check == "machine_like"
    assert render(finding.reason, "en") == (
        "2 of 4 devices were in use for the same time to the second: 280 of 280 uses (100%) were "
        "within 30 s of the usual length in their period. By hand it is about one in ten."
    )
    assert finding.rows_total == 15
    first = finding.rows[0]
    assert first.ref == "asset:1/day:2026-11-20"
    assert localized(first.text) == {
        "zh": "交互智能平板 A-1，第 1 节：20 次使用中有 20 次为 15:00（±30 秒），"
        "最近一次 2026-11-20",
        "en": "交互智能平板 A-1, period 1: 20 of 20 uses lasted 15:00 min (±30 s), "
        "last on 2026-11-20",
    }


def test_a_script_that_trembles_and_rests_now_and_then_is_seen_too() -> None:
    plans = [script(n, jitter_s=12, share=0.75) for n in range(4)]
    assert outcome(*things(plans)) == "finding"


def test_hands_are_never_the_same() -> None:
    assert outcome(*things([by_hand(n, 0.95) for n in range(12)])) == "clear"


def test_a_fixed_timetable_alone_is_no_reason() -> None:
    def weekly(seed: int) -> Plan:
        def plan(day: int, period: int) -> float | None:
            always = (day % 5 + period + seed) % 3 == 0
            return by_hand(seed, 1.0)(day, period) if always else 0.0

        return plan

    assert outcome(*things([weekly(n) for n in range(12)])) == "clear"


def test_bells_that_switch_all_on_and_off_are_no_reason() -> None:
    def bell(_day: int, period: int) -> float | None:
        return LESSON_S if period in LESSONS else 0.0

    assert outcome(*things([bell] * 12)) == "no_data", "nothing but whole lessons to compare"
    assert outcome(*things([bell] * 6), *things([by_hand(n) for n in range(6)])) == "clear"


def test_one_programme_a_day_for_the_whole_school_is_no_reason() -> None:
    def news(seed: int) -> Plan:
        return lambda day, period: 900.0 if period == 2 else by_hand(seed)(day, period)

    assert outcome(*things([news(n) for n in range(12)])) == "clear"


def test_one_odd_device_is_no_reason() -> None:
    assert outcome(*things([script(1), *(by_hand(n) for n in range(2, 8))])) == "clear"


def test_a_few_days_are_too_few() -> None:
    made = facts(*things([script(1), script(2)]), days=days_of(3))
    assert outcome_of("machine_like", made) == "no_data"
