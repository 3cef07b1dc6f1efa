from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.utilization.periods import (
    Day,
    Period,
    cuts,
    local_day,
    period_spans,
    slot_start,
    week_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)


def moment(text: str, day: date = MONDAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=SHANGHAI).astimezone(UTC)


def period(number: int, start: str, end: str) -> Period:
    return Period(number, f"第{number}节", moment(start), moment(end))


def test_a_day_without_school_is_one_stint_outside() -> None:
    day = local_day(MONDAY, SHANGHAI)
    assert not day.is_school_day
    assert [(s.period, s.start, s.end) for s in period_spans(day)] == [(-1, day.start, day.end)]
    assert day.period_at(moment("08:00")) is None


def test_a_school_day_is_cut_at_every_bell() -> None:
    day = local_day(MONDAY, SHANGHAI, (period(2, "08:50", "09:30"), period(1, "08:00", "08:40")))
    assert day.is_school_day
    assert [(s.period, s.start) for s in period_spans(day)] == [
        (-1, moment("00:00")),
        (1, moment("08:00")),
        (0, moment("08:40")),
        (2, moment("08:50")),
        (-1, moment("09:30")),
    ]
    now = day.period_at(moment("08:39"))
    assert now is not None
    assert now.number == 1
    assert day.period_at(moment("08:40")) is None


def test_of_overlapping_periods_the_earlier_keeps_the_shared_seconds() -> None:
    day = local_day(
        MONDAY,
        SHANGHAI,
        (period(1, "08:00", "08:40"), period(2, "08:30", "09:10"), period(3, "08:05", "08:10")),
    )
    assert [(s.period, s.start) for s in period_spans(day)][1:3] == [
        (1, moment("08:00")),
        (2, moment("08:40")),
    ]
    assert all(s.period != 3 for s in period_spans(day))


def test_a_period_to_midnight_leaves_nothing_after_it() -> None:
    midnight = local_day(MONDAY, SHANGHAI).end
    day = local_day(MONDAY, SHANGHAI, (Period(1, "夜", moment("23:00"), midnight),))
    assert period_spans(day)[-1].period == 1


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 11, 23), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
    ],
)
def test_a_clock_change_makes_a_day_shorter_or_longer(zone: str, day: date, hours: int) -> None:
    school_day = local_day(day, ZoneInfo(zone))
    assert school_day.end - school_day.start == timedelta(hours=hours)


def test_weeks_are_iso_weeks() -> None:
    assert week_of(MONDAY) == "2026-W48"
    assert week_of(date(2027, 1, 1)) == "2026-W53"
    assert week_of(date(2024, 12, 30)) == "2025-W01"


def test_a_slot_starts_at_whole_five_minutes() -> None:
    assert slot_start(datetime(2026, 11, 23, 0, 7, 59, 999_999, UTC)) == datetime(
        2026, 11, 23, 0, 5, tzinfo=UTC
    )


@given(
    st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 120), st.integers(0, 59)), max_size=12)
)
def test_the_cuts_cover_every_second_of_the_day_once(spans: list[tuple[int, int, int]]) -> None:
    midnight = local_day(MONDAY, SHANGHAI).start
    day: Day = local_day(
        MONDAY,
        SHANGHAI,
        tuple(
            Period(
                number,
                "",
                midnight + timedelta(minutes=start, seconds=seconds),
                midnight + timedelta(minutes=start + length),
            )
            for number, (start, length, seconds) in enumerate(spans, 1)
        ),
    )
    day_cuts = list(cuts(day))
    assert sum(cut.overlap_s for cut in day_cuts) == 86_400
    assert all(0 < cut.overlap_s <= 300 for cut in day_cuts)
    per_slot: dict[datetime, float] = {}
    for cut in day_cuts:
        per_slot[cut.slot_start] = per_slot.get(cut.slot_start, 0.0) + cut.overlap_s
    assert set(per_slot.values()) == {300.0}


def test_php_src_11215_the_day_on_which_summer_time_began_had_23_hours() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    lengths = {}
    for day in (date(1988, 4, 16), date(1988, 4, 17), date(1988, 9, 11), date(2026, 4, 17)):
        whole = local_day(day, zone)
        lengths[day.isoformat()] = (whole.end - whole.start).total_seconds() / 3600
    assert lengths == {"1988-04-16": 24, "1988-04-17": 23, "1988-09-11": 25, "2026-04-17": 24}
