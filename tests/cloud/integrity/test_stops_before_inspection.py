from collections.abc import Collection
from datetime import date
from typing import Any

from cloud.integrity.results import findings, run_checks
from cloud.messages import localized, render
from tests._parts.hand_made import (
    Thing,
    by_hand,
    days_of,
    facts,
    outcome_of,
    silent,
)

DAYS = days_of(20)
VISIT = DAYS[15]
BEFORE = (12, 13, 14)


def outcome(*things: Thing, **given: Any) -> str:
    made = facts(*things, **({"inspections": [VISIT]} | given))
    return outcome_of("stops_before_inspection", made)


def school(stopping: Collection[int], days: Collection[int] = BEFORE) -> list[Thing]:
    """Twenty devices, a screen and a computer in each of ten rooms; some are silent for days."""
    return [
        Thing(
            silent(by_hand(n), list(days)) if n in stopping else by_hand(n),
            room=f"A{n // 2}",
            category="computer" if n % 2 else "display",
        )
        for n in range(20)
    ]


SOME = (0, 2, 3, 5, 6, 9, 12, 17)


def test_devices_that_stop_together_until_the_visit_are_asked_about() -> None:
    (finding,) = findings(run_checks(facts(*school(SOME), inspections=[VISIT])))
    assert finding.check == "stops_before_inspection"
    assert render(finding.reason, "en") == (
        "Before the inspection of 2026-11-16, 8 of 20 connected devices (40%) stopped reporting "
        "together for about 3 school days and were back for it. The other devices went on "
        "reporting. On any other day at most 0 stopped together."
    )
    assert finding.rows_total == 9
    first = finding.rows[0]
    assert first.ref == "asset:1/day:2026-11-11"
    assert localized(first.text) == {
        "zh": "交互智能平板 A-1（A0）：2026-11-11 至 2026-11-13 无数据",
        "en": "交互智能平板 A-1 (A0): no data from 2026-11-11 to 2026-11-13",
    }


def test_without_an_inspection_there_is_no_data() -> None:
    assert outcome(*school(SOME), inspections=[]) == "no_data"
    assert outcome(*school(SOME), inspections=[DAYS[2]]) == "no_data"


def test_a_visit_that_is_still_to_come_weighs_less() -> None:
    over = findings(run_checks(facts(*school(SOME), inspections=[VISIT])))
    until = [17, 18, 19]
    ahead = facts(*school(SOME, until), inspections=[date(2026, 11, 23)])
    (finding,) = findings(run_checks(ahead))
    assert finding.strength < over[0].strength
    assert "back" not in render(finding.reason, "en")


def test_silence_at_another_time_is_no_reason() -> None:
    assert outcome(*school(SOME, (5, 6, 7))) == "clear"
    assert outcome(*school(SOME, (9, 10, 11))) == "clear"


def test_a_power_cut_of_the_whole_school_before_the_visit_is_no_reason() -> None:
    assert outcome(*school(range(20))) == "clear"


def test_a_circuit_without_power_before_the_visit_is_no_reason() -> None:
    assert outcome(*school(range(8))) == "clear", "four rooms, wholly dark"


def test_dead_devices_are_no_reason() -> None:
    forever = range(12, 20)
    assert outcome(*school(SOME, forever)) == "clear"
    assert outcome(*school(SOME, range(20))) == "clear"


def test_devices_that_fail_one_by_one_are_no_reason() -> None:
    things = [
        Thing(silent(by_hand(n), list(range(15 - (2 + n // 2), 15))), room=f"A{n // 2}")
        if n < 16 and n % 2
        else Thing(by_hand(n), room=f"A{n // 2}")
        for n in range(20)
    ]
    assert outcome(*things) == "clear"


def test_a_school_whose_devices_drop_out_every_week_is_no_reason() -> None:
    often = [2, 3, 7, 8, 12, 13, 14]
    assert outcome(*school(SOME, often)) == "clear"


def test_one_day_and_two_devices_are_no_reason() -> None:
    assert outcome(*school(SOME, (14,))) == "clear"
    assert outcome(*school((0, 3))) == "clear"


def test_days_off_before_the_visit_are_no_silence() -> None:
    off = [day for n, day in enumerate(DAYS) if n not in BEFORE]
    assert outcome(*school(()), days=off) == "clear"


def test_devices_of_one_kind_weigh_less_for_it_may_be_their_driver() -> None:
    mixed = findings(run_checks(facts(*school(SOME), inspections=[VISIT])))
    screens = list(range(0, 16, 2))
    (finding,) = findings(run_checks(facts(*school(screens), inspections=[VISIT])))
    assert finding.strength < mixed[0].strength


def test_of_several_inspections_the_worst_is_shown() -> None:
    visits = [DAYS[9], VISIT]
    (finding,) = findings(run_checks(facts(*school(SOME), inspections=visits)))
    assert str(VISIT) in render(finding.reason, "en")
    assert finding.rows_total == 9
