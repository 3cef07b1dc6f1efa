from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from simulators.city.term import last_friday, make_calendar


def test_national_day_is_off_and_made_up_on_a_saturday() -> None:
    calendar = make_calendar(date(2026, 10, 16), 20)
    october = [day.day for day in calendar.days if day.month == 10]
    assert october == [8, 9, 10, 12, 13, 14, 15, 16]
    assert calendar.weekday_taught(date(2026, 10, 10)) == 3
    assert calendar.weekday_taught(date(2026, 10, 1)) is None
    assert date(2026, 9, 20) in calendar.days


def test_a_long_span_reaches_back_over_the_summer() -> None:
    calendar = make_calendar(date(2026, 11, 20), 100)
    assert [term.name for term in calendar.terms] == ["2025-2026-2", "2026-2027-1"]
    assert not any(day.month == 8 for day in calendar.days)
    assert calendar.term.name == "2026-2027-1"


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(1, 120))
def test_days_are_school_days_in_order_and_as_many_as_asked_for(end: date, number: int) -> None:
    calendar = make_calendar(end, number)
    assert len(calendar.days) == number
    assert list(calendar.days) == sorted(set(calendar.days))
    assert calendar.days[-1] <= end
    assert all(calendar.weekday_taught(day) for day in calendar.days)


@given(st.dates())
def test_the_last_friday_is_before_the_day(today: date) -> None:
    if today > date(1, 1, 8):
        friday = last_friday(today)
        assert friday.isoweekday() == 5
        assert 1 <= (today - friday).days <= 7
