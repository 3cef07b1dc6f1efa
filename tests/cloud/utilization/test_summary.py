from datetime import timedelta

import pytest

from cloud.telemetry.store import TelemetryStore
from cloud.utilization.refresh import Rollups
from cloud.utilization.summary import (
    By,
    LedgerMarks,
    Span,
    Use,
    _in_order,
    heat,
    nothing,
    only,
    use,
)
from tests._parts.small_school import MONDAY, SCHOOL, local, send, slots

FRIDAY = MONDAY - timedelta(days=3)


@pytest.fixture(autouse=True)
async def two_days(rollups: Rollups, store: TelemetryStore) -> None:
    """Friday: the display of 101 teaches one lesson. Monday: it is on, then left in standby.

    The recorder of 101 records the second lesson of Monday. Room 102 is never seen.
    """
    await send(
        store,
        [
            *slots("A-1", local("08:00", FRIDAY), local("08:40", FRIDAY), "active", energy_wh=10),
            *slots("A-1", local("08:40", FRIDAY), local("09:30", FRIDAY), "off"),
            *slots("A-1", local("08:00"), local("08:50"), "active"),
            *slots("A-1", local("08:50"), local("12:30"), "standby"),
            *slots("A-2", local("08:50"), local("09:30"), "active"),
            *slots("A-5", local("08:00"), local("09:30"), "active"),
        ],
    )
    await rollups.settled()


NO_MARKS = LedgerMarks()


async def ask(
    store: TelemetryStore,
    by: By,
    span: Span = "none",
    category: str | None = None,
    marks: LedgerMarks = NO_MARKS,
) -> list[Use]:
    return await use(
        store, SCHOOL, FRIDAY, MONDAY, by=by, span=span, category=category, marks=marks
    )


async def test_an_asset_has_the_lessons_of_its_room(store: TelemetryStore) -> None:
    display, recorder, *_ = await ask(store, "asset")
    summary = display.summary
    assert (summary.lessons_scheduled, summary.lessons_observed, summary.lessons_used) == (4, 4, 2)
    assert summary.use_rate == 0.5
    assert summary.active_in_timetable_s == 4800
    assert summary.active_out_of_timetable_s == 600
    assert summary.standby_s == 13_200
    assert summary.standby_waste_s == 10_800
    assert summary.energy_kwh == pytest.approx(0.08)
    assert summary.observed_share == 1.0
    assert display.days == 2
    assert recorder.summary.use_rate == 1.0
    assert recorder.summary.lessons_scheduled == 4
    assert recorder.summary.observed_share == pytest.approx(2400 / 10_800)


async def test_a_room_has_each_lesson_once(store: TelemetryStore) -> None:
    first, second, third = await ask(store, "room")
    assert (first.key, first.assets) == ("101", 2)
    assert first.summary.lessons_scheduled == 4
    assert (first.summary.lessons_used, first.summary.lessons_observed) == (3, 3)
    assert (second.summary.lessons_scheduled, second.summary.lessons_observed) == (4, 0)
    assert second.summary.use_rate is None
    assert second.summary.observed_share == 0
    assert (third.key, third.summary.lessons_scheduled) == ("103", 0)


async def test_a_school_is_the_sum_of_its_rooms(store: TelemetryStore) -> None:
    (school_use,) = await ask(store, "school")
    assert (school_use.key, school_use.span, school_use.assets) == (SCHOOL, None, 5)
    assert school_use.summary.lessons_scheduled == 8
    assert school_use.summary.lessons_used == 3
    assert school_use.summary.use_rate == 1.0


async def test_a_lesson_in_which_one_device_of_the_room_has_no_data_is_not_unused(
    store: TelemetryStore,
) -> None:
    """The display of 101 was off in the second lesson of Friday; its recorder was lost."""
    (second_lesson,) = [
        part for part in await ask(store, "room", "day") if part.key == "101" and part.days
    ][:1]
    assert (second_lesson.span, second_lesson.summary.lessons_scheduled) == ("2026-11-20", 2)
    assert (second_lesson.summary.lessons_used, second_lesson.summary.lessons_observed) == (1, 1)


async def test_lessons_in_a_room_that_only_the_device_knows_are_counted_and_named(
    store: TelemetryStore,
) -> None:
    display_of_102, display_of_101 = 3, 1
    (school_use,) = await ask(
        store, "school", marks=LedgerMarks(without_room=frozenset({display_of_102}))
    )
    assert (school_use.summary.lessons_scheduled, school_use.summary.lessons_by_sensor) == (8, 4)
    (school_use,) = await ask(
        store, "school", marks=LedgerMarks(without_room=frozenset({display_of_101}))
    )
    assert school_use.summary.lessons_by_sensor == 0, "the ledger has the recorder in that room"
    by_asset = await ask(
        store, "asset", marks=LedgerMarks(without_room=frozenset({display_of_101}))
    )
    by_sensor = {row.key: row.summary.lessons_by_sensor for row in by_asset}
    assert by_sensor == {"1": 4, "2": 0, "3": 0, "4": 0, "5": 0}


async def test_what_is_written_off_counts_in_no_sum_and_keeps_its_own_use(
    store: TelemetryStore,
) -> None:
    marks = LedgerMarks(written_off=frozenset({1}))
    (school_use,) = await ask(store, "school", marks=marks)
    assert (school_use.assets, school_use.summary.lessons_used) == (4, 1)
    assert (await ask(store, "asset", marks=marks))[0].summary.lessons_used == 2


async def test_energy_has_its_coverage(store: TelemetryStore) -> None:
    display, recorder, *_ = await ask(store, "asset", "day")
    assert display.span == "2026-11-20"
    assert display.summary.energy_kwh == pytest.approx(0.08)
    assert display.summary.energy_observed_share == pytest.approx(40 / 1440)
    assert (recorder.summary.energy_kwh, recorder.summary.energy_observed_share) == (None, 0)


async def test_a_category_is_the_sum_of_its_assets(store: TelemetryStore) -> None:
    by_category = {use.key: use for use in await ask(store, "category")}
    assert sorted(by_category) == ["display", "instrument", "meter", "recorder"]
    assert (by_category["display"].assets, by_category["display"].summary.lessons_scheduled) == (
        2,
        8,
    )
    (use,) = await ask(store, "category", category="recorder")
    assert use == by_category["recorder"]


async def test_spans_are_days_iso_weeks_and_periods(store: TelemetryStore) -> None:
    assert [recorder.span for recorder in await ask(store, "school", "day")] == [
        "2026-11-20",
        "2026-11-21",
        "2026-11-22",
        "2026-11-23",
    ]
    weeks = await ask(store, "school", "week")
    assert [(recorder.span, recorder.summary.lessons_used) for recorder in weeks] == [
        ("2026-W47", 1),
        ("2026-W48", 2),
    ]
    periods = await ask(store, "school", "period")
    used = {recorder.span: recorder.summary.lessons_used for recorder in periods}
    assert used == {"-1": 0, "0": 0, "1": 2, "2": 1}


async def test_parts_add_up_to_the_whole(store: TelemetryStore) -> None:
    (whole,) = await ask(store, "school")
    for span in ("day", "week", "period"):
        parts = await ask(store, "school", span)
        for name in ("lessons_used", "standby_s", "unobserved_s", "active_in_timetable_s"):
            total = sum(getattr(part.summary, name) for part in parts)
            assert total == pytest.approx(getattr(whole.summary, name))


async def test_a_heatmap_has_the_periods_of_the_timetable(store: TelemetryStore) -> None:
    cells = await heat(store, SCHOOL, 1, FRIDAY, MONDAY)
    assert [(c.weekday, c.period, c.scheduled, c.used, c.active_s) for c in cells] == [
        (1, 1, 1, 1, 2400),
        (1, 2, 1, 0, 0),
        (5, 1, 1, 1, 2400),
        (5, 2, 1, 0, 0),
    ]


async def test_nothing_is_not_zero_percent(store: TelemetryStore) -> None:
    summary = only(await use(store, "0000000000", FRIDAY, MONDAY, marks=NO_MARKS))
    assert summary == nothing()
    assert (summary.use_rate, summary.observed_share, summary.energy_kwh) == (None, None, None)


def test_numbers_sort_as_numbers_before_words() -> None:
    assert sorted(["10", "2", "A-2", "-1", "A-10"], key=_in_order) == [
        "-1",
        "2",
        "10",
        "A-10",
        "A-2",
    ]
