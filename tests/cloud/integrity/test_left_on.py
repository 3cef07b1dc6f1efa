from datetime import date
from typing import Any

from cloud.integrity.results import Finding, findings, run_checks
from cloud.messages import render
from cloud.utilization.periods import BETWEEN, OUTSIDE
from tests._parts.hand_made import (
    BETWEEN_S,
    LENGTHS,
    LESSONS,
    Plan,
    Thing,
    by_hand,
    dark,
    days_of,
    facts,
    outcome_of,
)

CHECK = "left_on"


def left_on(days: int = 20, evening_h: float = 3.0) -> Plan:
    """On from the morning until some hours after school, in an empty room too."""

    def plan(day: int, period: int) -> float | None:
        if day >= days:
            return by_hand(1)(day, period)
        return evening_h * 3600 if period == OUTSIDE else LENGTHS[period]

    return plan


def all_day_in_school(_day: int, period: int) -> float | None:
    return 0.0 if period == OUTSIDE else LENGTHS[period]


def outcome(*things: Thing, **given: Any) -> str:
    return outcome_of(CHECK, facts(*things, **given))


def the_finding(*things: Thing, **given: Any) -> Finding:
    made = facts(*things, **given)
    (of_check,) = [finding for finding in findings(run_checks(made)) if finding.check == CHECK]
    return of_check


def used(number: int) -> list[Thing]:
    return [Thing(by_hand(n), room=f"B{n}") for n in range(number)]


def test_a_screen_on_in_an_empty_room_is_asked_about_with_its_days() -> None:
    finding = the_finding(Thing(left_on()), *used(3))
    assert render(finding.reason, "zh") == (
        "4 块教室大屏中有 1 块在无课时段长时间处于使用状态：20 个有数据的日子中有 20 天如此，"
        "平均每天 5.5 小时。"
    )
    assert render(finding.reason, "en") == (
        "1 of 4 classroom screens were in use for hours without a lesson: on 20 of 20 days with "
        "data, 5.5 hours a day."
    )
    assert finding.rows_total == 21
    assert finding.rows[0].ref == "asset:1/day:2026-10-26"
    assert render(finding.rows[0].text, "en") == (
        "交互智能平板 A-1, 2026-10-26: 5.5 hours in use without a lesson, 100% of breaks and free "
        "lessons, 3.0 of them before or after school"
    )


def test_the_more_screens_the_stronger() -> None:
    few = the_finding(Thing(left_on()), *used(7))
    many = the_finding(*[Thing(left_on(), room=f"A{n}") for n in range(4)], *used(4))
    assert 0 < few.strength < many.strength <= 1
    assert (few.severity, many.severity) == ("medium", "high")


def test_a_screen_on_all_through_the_school_day_is_enough() -> None:
    assert outcome(Thing(all_day_in_school)) == "finding"


def test_a_night_and_a_weekend_count_too() -> None:
    saturdays = {date(2026, 10, 31): 40_000.0, date(2026, 11, 7): 40_000.0}
    sundays = {date(2026, 11, 1): 40_000.0, date(2026, 11, 8): 40_000.0}
    days = days_of(10)
    assert outcome(Thing(by_hand(1)), days=days, weekends=saturdays | sundays) == "finding"


def test_lessons_however_many_are_no_reason() -> None:
    def all_lessons(_day: int, period: int) -> float | None:
        return LENGTHS[period] if period in LESSONS else 0.0

    assert outcome(Thing(all_lessons), *used(3)) == "clear"


def test_a_screen_that_stays_on_in_breaks_now_and_then_is_no_reason() -> None:
    def breaks(day: int, period: int) -> float | None:
        return 0.4 * BETWEEN_S if period == BETWEEN else by_hand(3)(day, period)

    assert outcome(Thing(breaks), *used(3)) == "clear"


def test_a_caretaker_who_switches_all_off_at_half_past_five_is_no_reason() -> None:
    def until_five_thirty(day: int, period: int) -> float | None:
        return 3600.0 + 60 * (day % 3) if period == OUTSIDE else by_hand(5)(day, period)

    assert outcome(*[Thing(until_five_thirty, room=f"A{n}") for n in range(6)]) == "clear"


def test_forgotten_on_three_evenings_of_a_term_is_no_reason() -> None:
    assert outcome(Thing(left_on(days=3)), *used(3)) == "clear"


def test_a_board_of_notices_in_a_lobby_is_not_judged() -> None:
    lobby = Thing(all_day_in_school, is_taught=False, room="大厅")
    assert outcome(lobby) == "no_data"
    assert outcome(lobby, *used(2)) == "clear"


def test_a_computer_between_lessons_has_its_teacher_before_it() -> None:
    assert outcome(Thing(all_day_in_school, category="computer")) == "no_data"


def test_a_screen_without_data_is_not_judged() -> None:
    assert outcome(Thing(dark)) == "no_data"
    assert outcome(Thing(left_on()), days=days_of(4)) == "no_data"


def test_a_club_that_the_rooms_motion_sensor_sees_is_company() -> None:
    def club(day: int, period: int) -> float | None:
        return 3 * 3600.0 if period == OUTSIDE else by_hand(4)(day, period)

    def moves(_day: int, period: int) -> float | None:
        return 2 * 3600.0 if period == OUTSIDE else 0.0

    screen = Thing(club)
    assert outcome(screen) == "finding"
    seen_by = Thing(moves, category="environment", name="人体移动传感器")
    elsewhere = Thing(moves, category="environment", room="C1")
    assert outcome(screen, seen_by) == "clear"
    assert outcome(screen, elsewhere) == "finding"


def test_co2_of_an_occupied_room_excuses_and_of_an_empty_one_is_shown() -> None:
    club = Thing(left_on())
    there = [
        ("A101", day, period, 7200.0, 7200.0)
        for day in days_of(20)
        for period in (BETWEEN, OUTSIDE)
    ]
    assert outcome(club, occupancy=there) == "clear"
    empty = [(*row[:4], 0.0) for row in there]
    text = render(the_finding(club, occupancy=empty).rows[0].text, "en")
    assert text.endswith("for 4.0 hours the room was empty by its motion or CO2 sensor")
