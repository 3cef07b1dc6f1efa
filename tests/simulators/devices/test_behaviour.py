from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from device_profiles.loader import load_catalogue
from device_profiles.schema import DeviceProfile, UsageRule
from device_profiles.usage import reachable_states, state_of
from simulators.devices.behaviour import Behaviour
from simulators.school.timeline import Change, Lesson, day_changes, lively, school_days

PROFILES = load_catalogue()
START = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
LESSONS = [Lesson(weekday, time(8), time(8, 40)) for weekday in range(1, 6)]
STATES = ("active", "standby", "off")


def every(seconds: float, states: Sequence[str]) -> Iterator[Change]:
    at = START
    while True:
        for state in states:
            yield Change(at, state)
            at += timedelta(seconds=seconds)


def played(profile: DeviceProfile, *states: str, rule: UsageRule | None = None) -> Behaviour:
    changes = every(60, states or STATES)
    return Behaviour(profile, rule or profile.usage, changes, device="d", seed=7)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_values_mean_the_state_and_counters_never_fall(profile: DeviceProfile) -> None:
    behaviour = played(profile)
    before: dict[str, Any] = {}
    seen = set()
    for second in range(0, 400, 5):
        now = START + timedelta(seconds=second)
        behaviour.advance(now)
        seen.add(behaviour.state)
        values = behaviour.values(now)
        assert set(values) == set(profile.points)
        if profile.usage is not None:
            assert state_of(profile.usage, values[profile.usage.point]) == behaviour.state
        for name, point in profile.points.items():
            if point.state_class == "total_increasing":
                assert values[name] >= before.get(name, values[name])
        before = values
    if profile.usage is not None:
        assert seen == reachable_states(profile.usage) - {"unobserved"}


def test_the_same_seed_does_the_same_in_whatever_steps() -> None:
    profile = PROFILES["campus-interactive-display"]
    now = START + timedelta(seconds=333.3)
    at_once, in_steps = played(profile), played(profile)
    for second in range(334):
        in_steps.advance(START + timedelta(seconds=second))
    assert at_once.advance(now)
    in_steps.advance(now)
    assert at_once.values(now) == in_steps.values(now)
    assert at_once.values(now) != at_once.values(now + timedelta(seconds=1))


def test_energy_is_the_power_over_time() -> None:
    profile = PROFILES["eastron-sdm120"]
    behaviour = played(profile, "active")
    first = behaviour.values(START)["energy_import"]
    hour = START + timedelta(hours=1)
    behaviour.advance(hour)
    assert isinstance(first, float)
    assert behaviour.values(hour)["energy_import"] == pytest.approx(first + 0.130, abs=0.001)
    behaviour.reset_totals(hour)
    assert behaviour.values(hour)["energy_import"] == 0.0


def test_run_time_counts_use_only() -> None:
    profile = PROFILES["campus-lab-instrument"]
    behaviour = played(profile, "active", "off")
    now = START + timedelta(seconds=600)
    behaviour.advance(now)
    assert behaviour.values(now)["run_time"] == 93784.0 + 300


@pytest.mark.parametrize("above", [(80.0, 10.0), (200.0, 150.0), (500.0, None), (5.0, -1.0)])
def test_a_rule_of_the_plan_moves_the_values(above: tuple[float, float | None]) -> None:
    rule = UsageRule(point="active_power", active_above=above[0], standby_above=above[1])
    behaviour = played(PROFILES["eastron-sdm120"], rule=rule)
    for second in range(0, 200, 5):
        now = START + timedelta(seconds=second)
        behaviour.advance(now)
        assert state_of(rule, behaviour.values(now)["active_power"]) == behaviour.state


def test_lively_changes_every_20_to_90_seconds() -> None:
    changes = list(islice(lively("d", 7, START, STATES), 50))
    assert changes == list(islice(lively("d", 7, START, STATES), 50))
    assert changes != list(islice(lively("d", 8, START, STATES), 50))
    assert changes[0].at == START
    for before, after in pairwise(changes):
        assert 20 <= (after.at - before.at).total_seconds() <= 90
        assert before.state != after.state


def test_a_school_day_follows_the_timetable() -> None:
    used = 0
    for number in range(100):
        changes = day_changes("lesson", f"d-{number}", 7, date(2026, 9, 1), LESSONS, SHANGHAI)
        assert [change.at for change in changes] == sorted(change.at for change in changes)
        assert changes[0] == Change(datetime(2026, 8, 31, 16, tzinfo=UTC), "off")
        for change in changes:
            if change.state == "active":
                used += 1
                assert time(0, 0) < change.at.time() < time(0, 40)
    assert 70 < used < 100
    sunday = day_changes("lesson", "d", 7, date(2026, 9, 6), LESSONS, SHANGHAI)
    assert [change.state for change in sunday] == ["off"]


@pytest.mark.parametrize("hour", [0, 1, 5, 14, 20])
def test_a_school_can_begin_at_any_time_of_the_day(hour: int) -> None:
    start = datetime(2026, 9, 1, hour, 20, tzinfo=UTC)
    changes = list(islice(school_days("school_day", "d", 7, start, LESSONS, SHANGHAI), 30))
    assert changes[0].at == start
    assert all(change.at > start for change in changes[1:])
    whole = {
        change
        for day in range(-1, 10)
        for change in day_changes(
            "school_day", "d", 7, date(2026, 9, 1) + timedelta(days=day), LESSONS, SHANGHAI
        )
    }
    assert set(changes[1:]) <= whole


def test_what_is_always_on_is_on() -> None:
    changes = list(islice(school_days("always_on", "d", 7, START, [], SHANGHAI), 3))
    assert [change.state for change in changes] == ["active"] * 3
