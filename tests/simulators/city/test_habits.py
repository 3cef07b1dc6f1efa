from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.city.fleet import Fleet
from simulators.city.habits import SLOT_S, between, forgotten, spread, true_day
from simulators.city.school_model import Home, make_home
from simulators.city.schools import make_schools
from simulators.city.seeded_random import Bools, draws
from simulators.city.tampering import reported_day
from simulators.city.term import make_calendar
from tests._parts.small_city import END

CALENDAR = make_calendar(END, 40)
HOMES = [make_home(school, CALENDAR.days, 3) for school in make_schools(24, 3, CALENDAR)]


def home_of(character: str) -> Home:
    return next(home for home in HOMES if home.school.character == character)


def no_night(fleet: Fleet) -> Bools:
    return np.zeros(len(fleet), np.bool_)


@given(st.integers(0, 23), st.sampled_from([None, 1, 2, 3, 4, 5]), st.integers(0, 2**32))
def test_states_are_whole_seconds_and_fit_the_slot(
    which: int, weekday: int | None, seed: int
) -> None:
    home = HOMES[which]
    fleet = home.fleet
    random = draws(seed, "test")
    nights = [forgotten(fleet, random) for _ in range(2)]
    true = true_day(fleet, weekday, random, nights[0], nights[1])
    day = CALENDAR.days[seed % len(CALENDAR.days)]
    reported = reported_day(
        home.school, fleet, home.plan, true, day, random, is_taught=weekday is not None
    )
    for parts in (
        (true.active, true.standby),
        (reported.active, reported.standby, reported.unobserved),
    ):
        for part in parts:
            assert (part >= 0).all()
            assert (part == np.rint(part)).all()
        assert (np.stack(parts).sum(axis=0) <= SLOT_S).all()
    received = reported.received_s / 1_000_000
    assert (received > (np.arange(288) + 1) * SLOT_S).all()


@given(st.lists(st.tuples(st.integers(0, 86_400), st.integers(0, 86_400)), min_size=1, max_size=9))
def test_an_interval_is_covered_second_for_second(intervals: list[tuple[int, int]]) -> None:
    start = np.array([min(pair) for pair in intervals], np.float32)
    end = np.array([max(pair) for pair in intervals], np.float32)
    assert (between(start, end).sum(axis=1) == end - start).all()


def test_use_within_a_span_loses_no_second() -> None:
    fleet = home_of("honest").fleet
    first = np.tile(fleet.span[:, 0].astype(np.float32), (len(fleet), 1))
    last = np.tile(fleet.span[:, 1].astype(np.float32), (len(fleet), 1)) + 120
    assert (spread(fleet, first - 45, last).sum(axis=1) == (last - first + 45).sum(axis=1)).all()


def test_teachers_use_the_same_lessons_every_week() -> None:
    fleet = home_of("honest").fleet
    weeks = []
    for week in range(12):
        random = draws(3, "week", week)
        day = true_day(fleet, 2, random, no_night(fleet), no_night(fleet))
        weeks.append((day.used > 0) & day.lessons)
    often = np.mean(weeks, axis=0)[day.lessons]
    assert often.std() > 0.2
    assert (often > 0.75).any()
    assert (often < 0.25).any()


def test_nothing_is_used_at_night_or_without_school() -> None:
    for home in HOMES:
        fleet, random = home.fleet, draws(5, "night")
        day = true_day(fleet, 3, random, no_night(fleet), no_night(fleet))
        assert not day.active[:, :72].any()
        assert not day.standby[:, :60].any()
        idle = true_day(fleet, None, random, no_night(fleet), no_night(fleet))
        assert not idle.active.any()


def test_what_is_forgotten_is_on_until_midnight_and_into_the_morning() -> None:
    fleet = home_of("honest").fleet
    every = np.ones(len(fleet), np.bool_)
    day = true_day(fleet, 3, draws(5, "left"), every, every)
    used = day.used.any(axis=1)
    assert (day.active + day.standby)[used, -12:].all()
    assert day.standby[:, :60].all()


def days_reported(home: Home, days: list[date]) -> list[tuple[date, dict[str, Bools]]]:
    reported_days = []
    for day in days:
        fleet = home.fleet
        true = true_day(fleet, 3, draws(1, "t", day), no_night(fleet), no_night(fleet))
        reported = reported_day(
            home.school, fleet, home.plan, true, day, draws(2, "t", day), is_taught=True
        )
        reported_days.append((day, dict(reported.flags)))
    return reported_days


@pytest.mark.parametrize(
    ("character", "flag"), [("left_on", "left_on"), ("machine_like", "machine_made")]
)
def test_playing_begins_on_a_day_and_takes_some_devices(character: str, flag: str) -> None:
    home = home_of(character)
    shares = {day: np.mean(flags[flag]) for day, flags in days_reported(home, list(CALENDAR.days))}
    before = [share for day, share in shares.items() if day < home.school.starts]
    after = [share for day, share in shares.items() if day >= home.school.starts]
    assert not any(before)
    assert 0.02 < np.mean(after) < 0.98


def test_a_script_is_the_same_every_day_and_a_teacher_is_not() -> None:
    home = home_of("machine_like")
    fleet, plan = home.fleet, home.plan
    made, plain = [], []
    for day in CALENDAR.days[-12:]:
        true = true_day(fleet, 3, draws(1, "t", day), no_night(fleet), no_night(fleet))
        reported = reported_day(
            home.school, fleet, plan, true, day, draws(2, "t", day), is_taught=True
        )
        made.append(np.where(reported.flags["machine_made"], reported.active.sum(axis=1), np.nan))
        plain.append(true.active.sum(axis=1))
    scripted = np.nanstd(np.array(made)[:, plan.is_machine_made], axis=0)
    taught = np.std(np.array(plain)[:, plan.is_machine_made], axis=0)
    assert np.median(scripted) < 0.2 * np.median(taught)


def test_the_dead_stay_dead() -> None:
    home = home_of("dead_sensors")
    fleet, plan = home.fleet, home.plan
    assert 0 < (plan.dies < date.max.toordinal()).mean() < 0.9
    day = CALENDAR.days[-1] + timedelta(days=1)
    true = true_day(fleet, 3, draws(1, "t", day), no_night(fleet), no_night(fleet))
    reported = reported_day(home.school, fleet, plan, true, day, draws(2, "t", day), is_taught=True)
    assert (reported.unobserved[reported.flags["dead"]] == SLOT_S).all()
    assert (
        reported.standby[reported.flags["frozen"]] + reported.unobserved[reported.flags["frozen"]]
        > 0
    ).all()
