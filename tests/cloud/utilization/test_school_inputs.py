from datetime import date, timedelta

from cloud.registry import tables
from cloud.registry.queries.rollup_queries import book_tables
from cloud.registry.store import Registry
from cloud.telemetry.store import Sender
from cloud.utilization.due_slots import Books, school_days
from cloud.utilization.reference_rollup import TEACHING
from cloud.utilization.school_inputs import ledgers
from tests._parts.small_school import MONDAY, SCHOOL, local

STRANGER = "2133999999"
SENDERS = {"A-1": Sender(local("08:00"), "101", "display")}


def test_the_inputs_of_many_schools_equal_those_of_each(registry: Registry) -> None:
    with registry.writing() as session:
        session.add(tables.Holiday(day=MONDAY + timedelta(days=1), name="运动会"))
        session.add(
            tables.Holiday(school_id=SCHOOL, day=MONDAY + timedelta(days=5), follows=1, name="补")
        )
        session.commit()
    alone = ledgers(book_tables(registry, [SCHOOL]))[SCHOOL]
    assert ledgers(book_tables(registry))[SCHOOL] == alone
    first, last = MONDAY - timedelta(days=3), MONDAY + timedelta(days=7)
    calendar = registry.calendar(SCHOOL, first, last)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    taught = alone.taught(first, last)
    assert [alone.day(day, taught.get(day)) for day in span] == school_days(
        span, calendar, registry.zone(SCHOOL)
    )
    lessons = {
        (day, period, room)
        for day, what in taught.items()
        for period, room in alone.lessons.get((what.term, what.weekday), ())
    }
    assert lessons == {
        (row.day, row.period, row.room) for row in registry.lessons(SCHOOL, first, last)
    }
    mine = Books(SCHOOL, alone.zone, alone.assets, alone.bindings, SENDERS)
    theirs = Books(
        SCHOOL,
        registry.zone(SCHOOL),
        registry.asset_rows(SCHOOL),
        registry.bindings(SCHOOL),
        SENDERS,
    )
    assert mine.names == theirs.names
    for name in mine.names:
        assert mine.target(name, MONDAY) == theirs.target(name, MONDAY)


def test_a_school_that_is_not_registered_has_empty_inputs(registry: Registry) -> None:
    ledger = ledgers(book_tables(registry, [STRANGER]), [STRANGER])[STRANGER]
    assert (ledger.assets, ledger.bindings, ledger.taught(MONDAY, MONDAY)) == ([], [], {})
    assert str(ledger.zone) == "Asia/Shanghai"


def test_only_names_that_can_owe_anything_are_asked_for(registry: Registry) -> None:
    ledger = ledgers(book_tables(registry))[SCHOOL]
    books = Books(SCHOOL, ledger.zone, ledger.assets, ledger.bindings, SENDERS)
    teaching = {a.asset_no for a in ledger.assets if a.category in TEACHING and a.device_no}
    assert books.names == teaching | set(SENDERS)
    day = date(2026, 11, 24)
    silent = {binding.device for binding in ledger.bindings} - books.names
    assert silent
    assert not any(books.target(name, day).owes for name in silent)
