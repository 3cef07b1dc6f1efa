import datetime as dt
from zoneinfo import ZoneInfo

from cloud.registry.calendar import SchoolDay, calendar_rows, lesson_rows, school_days, term_on
from cloud.registry.importing.importer import import_file
from cloud.registry.rows import HolidayRow, PeriodRow, TermRow, TimetableRow
from cloud.registry.store import Registry

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


def test_holidays_3293_sundays_that_make_up_for_a_holiday_are_school_days() -> None:
    """The official calendar of May 2019: four days off, two Sundays at school."""
    registry = Registry.open("sqlite://")
    files = {
        "schools": f"学校标识码,学校名称,区划代码,办学类型码\n{SCHOOL},海棠小学,331002,小学\n",
        "terms": f"学校标识码,学期,开始日期,结束日期\n{SCHOOL},2018-2019-2,2019-02-18,2019-06-28\n",
        "holidays": (
            "日期,名称,类型,补星期\n2019-05-01,劳动节,放假,\n2019-05-02,劳动节,休,\n"
            "2019-05-03,劳动节,放假,\n2019-05-04,劳动节,放假,\n"
            "2019-04-28,,补班,四\n2019年5月5日,,补课,周五\n"
        ),
    }
    for kind, text in files.items():
        assert import_file(registry, kind, text.encode(), "f.csv").applied
    span = dt.date(2019, 4, 27), dt.date(2019, 5, 6)
    days = school_days(registry.terms(SCHOOL), registry.holidays(SCHOOL), *span)
    assert [(day.day.isoformat(), day.weekday) for day in days] == [
        ("2019-04-28", 4),
        ("2019-04-29", 1),
        ("2019-04-30", 2),
        ("2019-05-05", 5),
        ("2019-05-06", 1),
    ]
    registry.close()


def test_php_src_11215_a_lesson_on_the_day_of_a_clock_change_is_at_its_local_time() -> None:
    day = dt.date(1988, 4, 17)
    periods = [
        PeriodRow(1, 1, "第1节", dt.time(0, 0), dt.time(1, 0)),
        PeriodRow(1, 2, "第2节", dt.time(8, 0), dt.time(8, 40)),
    ]
    rows = calendar_rows([SchoolDay(day, 1, 7)], periods, ZONE)
    assert [row.starts_at for row in rows] == [
        dt.datetime(1988, 4, 16, 16, 0, tzinfo=dt.UTC),
        dt.datetime(1988, 4, 16, 23, 0, tzinfo=dt.UTC),
    ]
