import datetime as dt
from zoneinfo import ZoneInfo

from cloud.registry.calendar import calendar_rows, lesson_rows, school_days, term_on
from cloud.registry.rows import HolidayRow, PeriodRow, TermRow, TimetableRow

SCHOOL = "2133100001"
TERM = TermRow(1, SCHOOL, "2026-2027-1", dt.date(2026, 9, 1), dt.date(2027, 1, 20))
MONDAY = dt.date(2026, 11, 23)
SUNDAY = dt.date(2026, 11, 29)
ZONE = ZoneInfo("Asia/Shanghai")


def taught(*holidays: HolidayRow) -> list[tuple[dt.date, int]]:
    return [
        (school_day.day, school_day.weekday)
        for school_day in school_days([TERM], holidays, MONDAY, SUNDAY)
    ]


def test_an_ordinary_week_has_five_school_days() -> None:
    assert [weekday for _, weekday in taught()] == [1, 2, 3, 4, 5]


def test_a_holiday_is_not_a_school_day() -> None:
    closed = HolidayRow(None, MONDAY, "放假", None)
    assert [weekday for _, weekday in taught(closed)] == [2, 3, 4, 5]


def test_a_make_up_day_follows_another_weekday() -> None:
    makeup = HolidayRow(None, SUNDAY, "补课", 1)
    assert taught(makeup)[-1] == (SUNDAY, 1)


def test_a_schools_own_entry_takes_precedence_over_the_entry_for_all() -> None:
    everyone = HolidayRow(None, MONDAY, "放假", None)
    of_school = HolidayRow(SCHOOL, MONDAY, None, 3)
    for order in ((everyone, of_school), (of_school, everyone)):
        assert taught(*order)[0] == (MONDAY, 3)


def test_days_outside_every_term_are_not_school_days() -> None:
    before = dt.date(2026, 8, 24)
    days = school_days([TERM], [HolidayRow(None, before, None, 1)], before, dt.date(2026, 9, 2))
    assert [day.day for day in days] == [dt.date(2026, 9, 1), dt.date(2026, 9, 2)]
    assert school_days([], [], MONDAY, SUNDAY) == []
    end = dt.date(2027, 1, 20)
    last = school_days([TERM], [], end, end + dt.timedelta(days=7))
    assert [day.day for day in last] == [end]


def test_a_term_covers_its_first_and_last_day() -> None:
    assert term_on([TERM], TERM.starts) == TERM
    assert term_on([TERM], TERM.ends) == TERM
    assert term_on([TERM], TERM.ends + dt.timedelta(days=1)) is None


def test_periods_become_utc_moments_in_order_of_the_day() -> None:
    periods = [
        PeriodRow(1, 2, "第2节", dt.time(8, 50), dt.time(9, 30)),
        PeriodRow(1, 1, "第1节", dt.time(8), dt.time(8, 40)),
        PeriodRow(9, 1, "another term", dt.time(8), dt.time(8, 40)),
    ]
    rows = calendar_rows(school_days([TERM], [], MONDAY, MONDAY), periods, ZONE)
    assert [(row.period, row.starts_at) for row in rows] == [
        (1, dt.datetime(2026, 11, 23, 0, 0, tzinfo=dt.UTC)),
        (2, dt.datetime(2026, 11, 23, 0, 50, tzinfo=dt.UTC)),
    ]
    assert rows[0].ends_at == dt.datetime(2026, 11, 23, 0, 40, tzinfo=dt.UTC)


def test_a_make_up_day_has_the_lessons_of_the_day_it_follows() -> None:
    timetable = [
        TimetableRow(1, 1, 1, "101", "一(1)班", "语文"),
        TimetableRow(1, 2, 1, "101", "一(1)班", "数学"),
    ]
    holidays = [HolidayRow(None, SUNDAY, None, 2)]
    days = school_days([TERM], holidays, SUNDAY, SUNDAY)
    assert [(row.day, row.subject) for row in lesson_rows(days, timetable)] == [(SUNDAY, "数学")]
