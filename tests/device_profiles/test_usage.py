import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from device_profiles.loader import load_catalogue
from device_profiles.reading import Quality, Reading, Value
from device_profiles.schema import UsageRule
from device_profiles.usage import (
    PRESENCE,
    SLOT_S,
    Energy,
    MeterState,
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


def counted(*pairs: tuple[float, float], until: float = 300, ceiling_w: float = 25_000) -> float:
    """Return the Wh of all slots of a counter in kWh; they must not exceed the ceiling."""
    energy = Energy("energy", "counter", 1000.0, ceiling_w)
    computed = slots(*(sent(t, v, "energy") for t, v in pairs), until=until, energy=energy)
    given = [slot.energy_wh for slot in computed if slot.energy_wh is not None]
    assert all(wh <= ceiling_w / 12 + 1e-4 for wh in given)
    return round(sum(given), 3)


def judged(*pairs: tuple[float, float], until: float = 9000) -> list[tuple[str, float, float]]:
    meter = UsageMeter("A-1", RULE, energy=COUNTER)
    for second, value in pairs:
        meter.observe(sent(second, value, "energy"))
    meter.slots(at(until))
    assert meter.take_judgements() == sorted(meter._judged.values(), key=lambda j: j.at_ms)
    assert meter.take_judgements() == []
    return [(j.kind, j.before, j.value) for j in meter._judged.values()]


def every(step: float, *values: float) -> list[tuple[float, float]]:
    return [(step * number, value) for number, value in enumerate(values)]


def test_u1a_a_dip_of_the_last_digit_is_noise() -> None:
    values = 215.6, 215.7, 215.6, 215.6, 215.7
    assert counted(*every(1, *values)) == 100
    assert counted(*every(60, *values)) == 100
    assert counted(*every(300, *values), until=1300) == 100
    assert judged(*every(60, *values)) == [("noise", 215.7, 215.6), ("noise", 215.7, 215.6)]


def test_u1b_a_momentary_zero_is_noise() -> None:
    assert counted(*every(1, 13423.7, 0, 13423.7)) == 0
    assert counted(*every(300, 13423.7, 0, 0, 13423.8), until=1000) == 100
    assert judged(*every(10, 13423.7, 0, 13423.7)) == [("noise", 13423.7, 0)]


@pytest.mark.parametrize(
    ("values", "wh"),
    [
        pytest.param((13423.7, 0, 0, 0, 13423.9), 200, id="zeros for a while"),
        pytest.param((13423.7, 13423.8, 0.1, 5000, 13423.9), 200, id="zero, nonsense, back"),
        pytest.param((120.5, 119.0, 120.6), 100, id="a dip far beyond the last digit"),
        pytest.param((3.25, 3.24, 3.24, 3.24, 3.26), 10, id="a dip that stays for a while"),
        pytest.param((215.7, 99999.0, 215.8), 100, id="a leap that comes back"),
        pytest.param((215.70000000000002, 215.6, 215.6, 215.70000000000002), 0, id="no last digit"),
    ],
)
def test_what_comes_back_to_where_it_was_is_noise(values: tuple[float, ...], wh: float) -> None:
    assert counted(*every(60, *values)) == pytest.approx(wh, abs=0.01)


@pytest.mark.parametrize(
    ("values", "wh"),
    [
        pytest.param((900.0, 0.125, 0.25, 0.5), 375, id="reset to zero"),
        pytest.param((900.0, 0.0, 0.1, 0.2), 200, id="reset, then counts"),
        pytest.param((215.7, 215.2, 215.3, 215.4, 215.5), 300, id="falls back to what was saved"),
        pytest.param((215.7, 215.2, 215.3, 215.4, 215.6, 215.8), 600, id="and passes the old one"),
        pytest.param((215.7, 5012.4, 5012.5), 100, id="a meter with a higher reading"),
    ],
)
def test_a_real_reset_starts_from_the_new_value(values: tuple[float, ...], wh: float) -> None:
    assert counted(*every(60, *values), until=400) == wh
    kind, before, value = judged(*every(60, *values))[0]
    assert (kind, before, value) == ("reset" if value < before else "above_ceiling", *values[:2])


def test_a_fall_is_not_judged_before_it_could_have_come_back() -> None:
    assert judged((0, 900.0), (60, 0.0), until=3600) == []
    assert judged((0, 900.0), (60, 0.0), until=3660) == [("reset", 900.0, 0.0)]


def test_no_slot_exceeds_the_ceiling() -> None:
    assert counted(*every(60, 10.0, 10.0, 13.0, 13.1), ceiling_w=2000) == 100
    assert counted(*every(10, 10.0, 10.1, 10.2, 10.3, 10.4), ceiling_w=2000) <= 166.667


def test_a_coarse_step_is_spread_over_the_time_it_took() -> None:
    energy = Energy("energy", "counter", 1000.0, 2000.0)
    values = [5.0] * 40 + [6.0] * 2
    readings = [sent(t, v, "energy") for t, v in every(60, *values)]
    computed = slots(*readings, until=2700, energy=energy)
    given = [slot.energy_wh or 0.0 for slot in computed]
    assert sum(given) == pytest.approx(1000)
    assert max(given) == pytest.approx(2000 / 12)
    assert given[:2] == [0, 0]


def test_a_long_gap_allows_what_was_drawn_in_it() -> None:
    pairs = [(0, 10.0), (60, 10.1), (90_000, 40.0), (90_060, 40.1)]
    assert counted(*pairs, until=90_300) == 200
    assert judged(*pairs, until=99_000) == []


def test_a_power_above_the_ceiling_gives_no_energy() -> None:
    energy = Energy("power", "power", 1.0, 2000.0)
    readings = [sent(0, 100), sent(60, 65535), sent(120, 100)]
    (slot,) = slots(*readings, energy=energy)
    assert slot.energy_wh == pytest.approx(100 * 240 / 3600, abs=0.001)
    meter = UsageMeter("A-1", RULE, energy=energy)
    for reading in readings:
        meter.observe(reading)
    meter.slots(at(400))
    assert [(j.kind, j.value) for j in meter.take_judgements()] == [("above_ceiling", 65535)]


def test_a_level_survives_what_is_forgotten_and_a_restart() -> None:
    """A dip of the last digit stays noise, however long ago the level was reached."""
    meter = UsageMeter("A-1", RULE, energy=COUNTER)
    given: dict[datetime, float] = {}
    meter.observe(sent(0, 215.7, "energy"))
    for second in range(60, 40_000, 60):
        meter.observe(sent(second, 215.7 if second == 39_900 else 215.6, "energy"))
        given |= {slot.start: slot.energy_wh or 0.0 for slot in meter.slots(at(second))}
        if second % 9000 == 0:
            trail = meter.trail
            older = (sent(0, 100.0, "energy"),) if trail.counter else ()
            meter = UsageMeter("A-1", RULE, energy=COUNTER)
            meter.restore(MeterState(trail.final_until, older + trail.observations, trail.counter))
    assert sum(given.values()) == 0
    assert meter.counter is not None
    assert meter.counter.level == 215.7


def test_energy_over_unobserved_time_is_not_known() -> None:
    computed = slots(sent(0, 1.0, "energy"), sent(601, 9.0, "energy"), until=900, energy=COUNTER)
    assert [slot.energy_wh for slot in computed] == [None] * 3
    assert slots(sent(0, 90), until=601, energy=POWER)[0].energy_wh is None


def test_energy_of_a_profile() -> None:
    catalogue = load_catalogue()
    meter = energy_of(catalogue["eastron-sdm120"])
    assert meter == Energy("energy_import", "counter", 1000.0, 10_350.0)
    assert energy_of(catalogue["campus-recording-room"]) == Energy(
        "active_power", "power", 1.0, 3000.0
    )
    assert energy_of(catalogue["campus-projector"]) is None
    plug = energy_of(catalogue["tasmota-plug"], category="epaper")
    assert plug == Energy("energy_import", "counter", 1000.0, 3680.0)
    display = energy_of(catalogue["campus-interactive-display"], category="epaper")
    assert display is not None
    assert display.ceiling_w == 100
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


_faults = st.sampled_from(["", "", "", "", "", "", "dip", "zero", "leap", "reset", "left"])


@settings(max_examples=25, phases=[Phase.explicit, Phase.generate], deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([30, 60, 400]), st.integers(0, 2), _faults),
        min_size=30,
        max_size=60,
    )
)
def test_a_faulty_counter_is_judged_alike_by_a_meter_that_forgets(
    steps: list[tuple[int, int, str]],
) -> None:
    meter = UsageMeter("A-1", RULE, energy=COUNTER)
    given_out: dict[datetime, UsageSlot] = {}
    observations: list[Reading] = []
    now, count = 0, 9000
    for number, (step, drawn, fault) in enumerate(steps * 3):
        now += step
        count = 0 if fault == "reset" else count + drawn
        shown = {"dip": count - 2, "zero": 0, "leap": 10 * count + 5000}.get(fault, count)
        reading = sent(now, shown / 100, "energy")
        if fault == "left":
            reading = Reading("plug", PRESENCE, False, at(now))
        observations.append(reading)
        meter.observe(reading)
        if number % 5 == 0:
            given_out |= {slot.start: slot for slot in meter.slots(at(now))}
        if number % 17 == 0:
            trail = meter.trail
            meter = UsageMeter("A-1", RULE, energy=COUNTER)
            meter.restore(trail)
    given_out |= {slot.start: slot for slot in meter.slots(at(now))}
    expected = {s.start: s for s in slots(*observations, until=now, energy=COUNTER)}
    for start, slot in given_out.items():
        assert slot.energy_wh == pytest.approx(expected[start].energy_wh, abs=0.001)
        assert (slot.energy_wh or 0) <= COUNTER.ceiling_w / 12


def test_a_goodbye_makes_the_rest_unobserved() -> None:
    """U3a: the plug is offline for 173 s of a slot."""
    rule = UsageRule(point="power", active_above=60, standby_above=2, hold_s=30, max_gap_s=660)
    left = Reading("plug", PRESENCE, False, at(100))
    readings = [sent(0, 100), left, sent(273, 100)]
    (slot,) = slots(*readings, rule=rule, energy=POWER)
    assert spent(slot) == (127, 0, 0, 173)
    assert slot.energy_wh == pytest.approx(100 * 127 / 3600, abs=0.001)
    back = Reading("plug", PRESENCE, True, at(200))
    assert slots(*readings, back, rule=rule, energy=POWER) == [slot]


def test_energy_over_a_goodbye_is_not_known() -> None:
    left = Reading("plug", PRESENCE, False, at(90))
    pairs = [sent(t, v, "energy") for t, v in every(60, 1.0, 1.1, 1.2, 1.3)]
    assert slots(*pairs, energy=COUNTER)[0].energy_wh == pytest.approx(300)
    assert slots(*pairs, left, energy=COUNTER)[0].energy_wh == pytest.approx(200)


def test_a_fall_does_not_come_back_after_a_goodbye() -> None:
    left = Reading("plug", PRESENCE, False, at(105))
    (slot,) = slots(sent(0, 99), sent(100, 1), left, sent(120, 99))
    assert spent(slot) == (280, 0, 5, 15)


def test_a_goodbye_is_kept_no_longer_than_it_matters() -> None:
    meter = UsageMeter("A-1", RULE)
    for second in range(0, 20_000, 100):
        meter.observe(sent(second, 100))
        if second % 1000 == 0:
            meter.observe(Reading("plug", PRESENCE, False, at(second + 50)))
            meter.slots(at(second))
    assert meter.needed_since is not None
    assert meter.needed_since > at(19_000 - 7600)
    assert all(r.observed_at >= meter.needed_since for r in meter.trail.observations)


def test_an_unfit_rule_gives_energy_and_no_states() -> None:
    meter = UsageMeter("A-1", RULE, energy=POWER)
    meter.observe(sent(0, 100))
    meter.slots(at(330))
    meter.is_use_known = False
    (slot,) = meter.slots(at(331))
    assert (spent(slot), slot.energy_wh) == ((0, 0, 0, 300), 8.3333)
    meter.is_use_known = True
    assert [spent(slot) for slot in meter.slots(at(332))] == [(300, 0, 0, 0)]


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
