import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.loader import load_catalogue
from device_profiles.reading import Quality, Reading, Value
from device_profiles.schema import UsageRule
from device_profiles.usage import (
    SLOT_S,
    Energy,
    Session,
    StateSpan,
    UsageMeter,
    UsageSlot,
    energy_of,
    reachable_states,
    sessions,
    state_of,
    state_spans,
    usage_slots,
)

START = datetime(2026, 9, 1, tzinfo=UTC)
RULE = UsageRule(point="power", active_above=60, standby_above=2, hold_s=30, max_gap_s=600)
POWER = Energy("power", "power")
COUNTER = Energy("energy", "counter", 1000.0)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def sent(seconds: float, value: Value, point: str = "power") -> Reading:
    return Reading("plug", point, value, at(seconds))


def slots(
    *observations: Reading, until: float = 300, energy: Energy | None = None, rule: UsageRule = RULE
) -> list[UsageSlot]:
    return usage_slots("A-1", rule, observations, since=START, until=at(until), energy=energy)


def spent(slot: UsageSlot) -> tuple[float, float, float, float]:
    return slot.active_s, slot.standby_s, slot.off_s, slot.unobserved_s


# -- the definition, by hand ------------------------------------------------------------------


def test_the_state_between_two_observations_is_that_of_the_left_one() -> None:
    (slot,) = slots(sent(0, 100), sent(100, 10), sent(250, 0))
    assert spent(slot) == (100, 150, 50, 0)


def test_before_the_first_observation_nothing_was_observed() -> None:
    (slot,) = slots(sent(200, 100))
    assert spent(slot) == (100, 0, 0, 200)


def test_an_interval_longer_than_the_gap_is_unobserved_as_a_whole() -> None:
    computed = slots(sent(0, 100), sent(601, 100), until=900)
    assert [spent(slot) for slot in computed] == [(0, 0, 0, 300), (0, 0, 0, 300), (299, 0, 0, 1)]


def test_an_interval_as_long_as_the_gap_is_still_observed() -> None:
    assert [slot.active_s for slot in slots(sent(0, 100), sent(600, 0), until=600)] == [300, 300]


def test_the_last_state_is_held_until_the_gap_is_over() -> None:
    assert sum(slot.active_s for slot in slots(sent(0, 100), until=600)) == 600
    assert sum(slot.active_s for slot in slots(sent(0, 100), until=601)) == 0


def test_observations_after_the_end_do_not_count_yet() -> None:
    assert spent(slots(sent(0, 100), sent(400, 0))[0]) == (300, 0, 0, 0)


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        pytest.param([(0, 99), (100, 1), (130, 99)], (300, 0, 0, 0), id="comes back in time"),
        pytest.param([(0, 99), (100, 1), (131, 99)], (269, 0, 31, 0), id="comes back too late"),
        pytest.param([(0, 99), (100, 1), (110, 9), (125, 99)], (300, 0, 0, 0), id="in two steps"),
        pytest.param([(0, 9), (100, 1), (120, 99)], (180, 120, 0, 0), id="comes back higher"),
        pytest.param([(0, 99), (100, 1), (120, 9)], (100, 180, 20, 0), id="comes back lower"),
        pytest.param([(0, 1), (100, 99), (110, 1)], (10, 0, 290, 0), id="a rise always counts"),
        pytest.param([(0, 99), (290, 1)], (290, 0, 10, 0), id="not back yet"),
    ],
)
def test_a_short_fall_did_not_happen(
    observations: list[tuple[float, float]], expected: tuple[float, float, float, float]
) -> None:
    assert spent(slots(*(sent(t, value) for t, value in observations))[0]) == expected


def test_a_fall_does_not_come_back_out_of_unobserved_time() -> None:
    rule = UsageRule(point="power", active_above=60, hold_s=60, max_gap_s=20)
    (slot,) = slots(sent(0, 99), sent(10, 0), sent(20, 0), sent(50, 99), sent(60, 99), rule=rule)
    assert spent(slot) == (20, 0, 10, 270)


def test_values_are_judged_by_lists() -> None:
    rule = UsageRule(point="s", active_values=("live", True), standby_values=("idle", 1.0))
    assert [state_of(rule, v) for v in ("live", True, "idle", 1.0, "x", False)] == [
        "active",
        "active",
        "standby",
        "standby",
        "off",
        "off",
    ]


def test_what_the_rule_cannot_judge_is_no_observation() -> None:
    assert [state_of(RULE, v) for v in ("12", True, math.nan, math.inf)] == [None] * 4
    bad = Reading("plug", "power", 0.0, at(10), Quality.BAD)
    other = sent(20, 0, "voltage")
    assert slots(sent(0, 100), sent(5, "?"), bad, other) == slots(sent(0, 100))


def test_of_two_observations_of_one_moment_the_higher_counts() -> None:
    assert slots(sent(0, 0), sent(0, 100)) == slots(sent(0, 100), sent(0, 0)) == slots(sent(0, 100))


def test_rules_name_the_states_they_distinguish() -> None:
    assert reachable_states(RULE) == {"active", "standby", "off"}
    assert reachable_states(UsageRule(point="p", active_above=1)) == {"active", "off"}
    assert reachable_states(UsageRule(point="p", active_values=(True,))) == {"active", "off"}
    both = UsageRule(point="p", active_values=(True,), standby_values=(False,))
    assert reachable_states(both) == {"active", "standby"}


# -- energy -----------------------------------------------------------------------------------


def test_power_is_held_between_observations() -> None:
    computed = slots(sent(0, 120), sent(150, 60), until=600, energy=POWER)
    assert [slot.energy_wh for slot in computed] == [7.5, 5.0]


def test_a_counter_is_spread_evenly() -> None:
    computed = slots(sent(0, 1.0, "energy"), sent(600, 1.25, "energy"), until=900, energy=COUNTER)
    assert [slot.energy_wh for slot in computed] == [125.0, 125.0, None]


def test_a_counter_that_falls_was_reset() -> None:
    (slot,) = slots(sent(0, 900.0, "energy"), sent(200, 0.125, "energy"), energy=COUNTER)
    assert slot.energy_wh == 125.0


def test_energy_over_unobserved_time_is_not_known() -> None:
    computed = slots(sent(0, 1.0, "energy"), sent(601, 9.0, "energy"), until=900, energy=COUNTER)
    assert [slot.energy_wh for slot in computed] == [None] * 3
    assert slots(sent(0, 90), until=601, energy=POWER)[0].energy_wh is None


def test_energy_of_a_profile() -> None:
    catalogue = load_catalogue()
    assert energy_of(catalogue["eastron-sdm120"]) == Energy("energy_import", "counter", 1000.0)
    assert energy_of(catalogue["campus-recording-room"]) == Energy("active_power", "power", 1.0)
    assert energy_of(catalogue["campus-projector"]) is None
    assert energy_of(catalogue["senseair-s8"]) is None


# -- properties -------------------------------------------------------------------------------

_values = st.sampled_from([0.0, 1.0, 10.0, 50.0, 100.0, 150.0, math.nan])
_seconds = st.one_of(
    st.integers(0, 4000), st.floats(0, 4000, allow_nan=False).map(lambda t: round(t, 3))
)
_observations = st.lists(st.builds(sent, _seconds, _values), max_size=40)
_rules = st.builds(
    lambda hold, gap: UsageRule(
        point="power", active_above=60, standby_above=2, hold_s=hold, max_gap_s=gap
    ),
    st.sampled_from([0.0, 5.0, 30.0, 400.0]),
    st.sampled_from([20.0, 120.0, 600.0]),
)


@given(_rules, _observations, st.integers(1, 5000))
def test_the_states_add_up_to_the_slot(
    rule: UsageRule, observations: list[Reading], until: int
) -> None:
    for slot in slots(*observations, until=until, rule=rule, energy=POWER):
        assert sum(round(part * 1000) for part in spent(slot)) == SLOT_S * 1000
        assert min(spent(slot)) >= 0
        assert slot.start.timestamp() % SLOT_S == 0


@given(_rules, _observations, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(
    rule: UsageRule, observations: list[Reading], random: object
) -> None:
    shuffled = [*observations, *observations[:5]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    expected = slots(*observations, until=5000, rule=rule, energy=POWER)
    assert slots(*shuffled, until=5000, rule=rule, energy=POWER) == expected


@given(_rules, _observations)
def test_silence_is_never_off(rule: UsageRule, observations: list[Reading]) -> None:
    on = [r for r in observations if isinstance(r.value, float) and r.value > 2]
    assert all(slot.off_s == 0 for slot in slots(*on, until=5000, rule=rule))


@given(_rules, _observations)
def test_state_spans_follow_one_another(rule: UsageRule, observations: list[Reading]) -> None:
    computed = state_spans(rule, observations, until=at(5000))
    assert all(a.end == b.start and a.state != b.state for a, b in pairwise(computed))
    assert all(part.start < part.end for part in computed)


@given(
    _rules,
    _observations,
    st.lists(st.lists(_seconds, max_size=3), max_size=8),
    st.sampled_from([POWER, Energy("power", "counter"), None]),
    st.integers(0, 3),
)
def test_the_meter_gives_what_the_definition_gives(
    rule: UsageRule,
    observations: list[Reading],
    calls: list[list[float]],
    energy: Energy | None,
    restart: int,
) -> None:
    """However the readings are split, whenever slots are asked for, and through a restart."""
    meter = UsageMeter("A-1", rule, energy=energy)
    given_out: dict[datetime, UsageSlot] = {}
    rest = list(observations)
    untils = sorted(t for group in calls for t in group)
    for number, until in enumerate(untils):
        cut = len(rest) * (number + 1) // (len(untils) + 1)
        for reading in rest[:cut]:
            assert meter.observe(reading) is not math.isnan(float(reading.value))
        rest = rest[cut:]
        given_out |= {slot.start: slot for slot in meter.slots(at(until))}
        if number == restart:
            trail = meter.trail
            meter = UsageMeter("A-1", rule, energy=energy)
            meter.restore(trail)
    for reading in rest:
        meter.observe(reading)
    given_out |= {slot.start: slot for slot in meter.slots(at(6000))}
    expected = slots(*observations, until=6000, rule=rule, energy=energy)
    closed = {
        s.start: s for s in expected if at(6000 - rule.hold_s) >= s.start + timedelta(300 / 86400)
    }
    assert {k: v for k, v in given_out.items() if k in closed} == {
        k: v for k, v in closed.items() if k in given_out
    }
    missing = [slot for start, slot in closed.items() if start not in given_out]
    assert all(slot.unobserved_s == SLOT_S for slot in missing)


@given(_rules, st.lists(st.tuples(st.integers(1, 200), _values), min_size=30, max_size=150))
def test_a_meter_that_forgets_gives_the_same_as_one_that_does_not(
    rule: UsageRule, steps: list[tuple[int, float]]
) -> None:
    """In order and with a short lateness, so that most observations are dropped on the way."""
    short = timedelta(minutes=10)
    meter = UsageMeter("A-1", rule, energy=POWER, lateness=short)
    given_out: dict[datetime, UsageSlot] = {}
    observations, now = [], 0
    for step, value in steps:
        now += step
        reading = sent(now, value)
        observations.append(reading)
        if len(observations) % 7 == 0:
            trail = meter.trail
            meter = UsageMeter("A-1", rule, energy=POWER, lateness=short)
            meter.restore(trail)
        meter.observe(reading)
        given_out |= {slot.start: slot for slot in meter.slots(at(now))}
        trail = meter.trail
        kept = [
            r for r in observations if meter.needed_since and r.observed_at >= meter.needed_since
        ]
        assert set(trail.observations) == {r for r in kept if not math.isnan(float(r.value))}
    expected = {s.start: s for s in slots(*observations, until=now, rule=rule, energy=POWER)}
    for start, slot in given_out.items():
        assert spent(slot) == spent(expected[start])
        assert slot.energy_wh == pytest.approx(expected[start].energy_wh, abs=0.001)


# -- the meter --------------------------------------------------------------------------------


def test_a_slot_is_given_out_once_it_and_its_hold_are_over() -> None:
    meter = UsageMeter("A-1", RULE)
    meter.observe(sent(0, 100))
    assert meter.slots(at(329.999)) == []
    assert [spent(slot) for slot in meter.slots(at(330))] == [(300, 0, 0, 0)]
    assert meter.slots(at(331)) == []


def test_a_late_reading_changes_a_slot_once_more() -> None:
    meter = UsageMeter("A-1", RULE)
    meter.observe(sent(0, 100))
    meter.observe(sent(300, 100))
    meter.slots(at(400))
    meter.observe(sent(200, 0))
    assert [spent(slot) for slot in meter.slots(at(400))] == [(200, 0, 100, 0)]


def test_silence_changes_a_slot_once_more() -> None:
    meter = UsageMeter("A-1", RULE)
    meter.observe(sent(0, 100))
    assert len(meter.slots(at(599))) == 1
    assert [slot.unobserved_s for slot in meter.slots(at(601))] == [300]


def test_a_reading_after_its_slot_is_final_does_not_count() -> None:
    meter = UsageMeter("A-1", RULE)
    for second in range(0, 9000, 60):
        meter.observe(sent(second, 100))
    meter.slots(at(9000))
    assert meter.final_until == at(1800)
    assert not meter.observe(sent(1799, 0))
    assert meter.observe(sent(1800, 0))
    assert (meter.too_late, meter.needed_since) == (1, at(1740))


def test_slots_without_any_observation_are_not_given_out() -> None:
    meter = UsageMeter("A-1", RULE)
    meter.observe(sent(0, 100))
    meter.slots(at(400))
    later = meter.slots(at(90_000))
    assert later[0].start == START
    assert later[1].start == at(90_000 - 7200)


def test_a_clock_that_jumps_from_1970_costs_nothing() -> None:
    meter = UsageMeter("A-1", RULE)
    meter.observe(Reading("plug", "power", 100.0, datetime(1970, 1, 1, 0, 1, tzinfo=UTC)))
    meter.slots(datetime(1970, 1, 1, 0, 10, tzinfo=UTC))
    meter.observe(sent(0, 100))
    computed = meter.slots(at(400))
    assert len(computed) == 25
    assert computed[-1].active_s == 300
    assert meter.final_until == at(400 - 7200 - 100)


def test_two_observations_within_a_millisecond() -> None:
    first = Reading("plug", "power", 0.0, START)
    assert slots(first, sent(0.0004, 100.0), sent(100, 0)) == slots(sent(0, 100), sent(100, 0))


def test_a_flood_makes_old_slots_final_early() -> None:
    meter = UsageMeter("A-1", RULE, max_observations=100)
    for second in range(3000):
        meter.observe(sent(second, 100))
    meter.slots(at(3000))
    assert meter.final_until == at(2700)
    assert len(meter.trail.observations) < 400


def test_a_meter_without_readings_gives_no_slots() -> None:
    meter = UsageMeter("A-1", RULE, energy=COUNTER)
    assert meter.slots(at(9000)) == []
    assert (meter.needed_since, meter.final_until, meter.trail.observations) == (None, None, ())
    assert not meter.observe(sent(0, 230.0, "voltage"))


def test_a_counter_that_reports_late_gives_its_energy_to_the_slot_before() -> None:
    meter = UsageMeter("A-1", RULE, energy=COUNTER)
    meter.observe(sent(0, 100))
    meter.observe(sent(100, 1.0, "energy"))
    assert [slot.energy_wh for slot in meter.slots(at(330))] == [None]
    meter.observe(sent(400, 1.3, "energy"))
    assert [slot.energy_wh for slot in meter.slots(at(400))] == [200.0]


# -- sessions ---------------------------------------------------------------------------------


def slot(number: int, active_s: float) -> UsageSlot:
    return UsageSlot("A-1", at(number * 300), active_s, 0, 300 - active_s, 0)


def test_slots_merge_to_a_session() -> None:
    computed = sessions([slot(2, 100), slot(0, 60), slot(1, 300)])
    assert computed == [Session(at(240), at(700), 460)]


def test_a_lone_slot_begins_its_session() -> None:
    assert sessions([slot(0, 0), slot(4, 120)]) == [Session(at(1200), at(1320), 120)]


def test_moments_of_use_are_no_session() -> None:
    assert sessions([slot(0, 20)]) == []


def test_sessions_merge_over_a_pause() -> None:
    parts = [
        StateSpan(at(0), at(600), "active"),
        StateSpan(at(600), at(700), "standby"),
        StateSpan(at(700), at(900), "active"),
        StateSpan(at(900), at(1300), "off"),
        StateSpan(at(1300), at(1400), "active"),
    ]
    assert sessions(parts) == [Session(at(0), at(900), 800), Session(at(1300), at(1400), 100)]
