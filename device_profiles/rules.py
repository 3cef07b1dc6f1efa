"""What a profile must have beyond its form: the rules of `campus-profiles check`. Pure.

- Each point is in an example, so that it is tested and its page shows it.
- Titles are in Chinese and English.
- A simulation plays the device in every state that its usage rule knows.
- A device may miss two messages before it is unobserved, and is unobserved after 15 minutes.
- Values in examples and simulations are physically possible.

A gateway loads a profile that breaks a rule: the rules are for those who write profiles.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from device_profiles.model import Point
from device_profiles.protocol import protocol_of
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile
from device_profiles.usage import STATES, reachable_states, state_of

Key = tuple[str | int, ...]
Rule = Callable[[DeviceProfile], Iterator[tuple[Key, str]]]

MISSED_MESSAGES = 3
"""Intervals that a silence must last before it counts."""
LONGEST_GAP_S = 900.0


def broken_rules(profile: DeviceProfile) -> list[tuple[Key, str]]:
    """Return (key of the profile, what is wrong and what to write) for every broken rule."""
    return [fault for rule in RULES for fault in rule(profile)]


def _points_are_shown(profile: DeviceProfile) -> Iterator[tuple[Key, str]]:
    shown = {name for example in profile.examples for name in example.readings}
    for name in profile.points:
        if name not in shown:
            yield ("points", name), "is in no example; add one whose readings have it"


def _titles_are_complete(profile: DeviceProfile) -> Iterator[tuple[Key, str]]:
    for language in ("zh", "en"):
        if not profile.title.get(language):
            yield ("title",), f"has no {language}; give both zh and en"


def _can_be_simulated(profile: DeviceProfile) -> Iterator[tuple[Key, str]]:
    if profile.simulation is None:
        yield (), "has no simulation; give simulation: {behaviour: ...} so that it can be played"
    elif not protocol_of(profile).is_polled and profile.simulation.period_s is None:
        yield ("simulation",), "has no period_s; give the seconds between two messages"


def _simulation_shows_every_state(profile: DeviceProfile) -> Iterator[tuple[Key, str]]:
    rule, simulation = profile.usage, profile.simulation
    if rule is None or simulation is None:
        return
    played: Any = simulation.points.get(rule.point)
    key: Key = ("simulation", "points", rule.point)
    states = [state for state in STATES if state in reachable_states(rule) - {"unobserved"}]
    if not isinstance(played, dict):
        yield key, f"decides on use; give it a value for each of {', '.join(states)}"
        return
    for state in states:
        if state not in played:
            yield key, f"has no value for {state}; the usage rule knows that state"
        for value in _listed(played.get(state)):
            if state_of(rule, value) != state:
                yield (*key, state), f"{value} means {state_of(rule, value)} by the usage rule"


def _silence_is_noticed(profile: DeviceProfile) -> Iterator[tuple[Key, str]]:
    rule = profile.usage
    if rule is None:
        return
    period_s = protocol_of(profile).period_s(profile, profile.points[rule.point])
    if period_s is None:
        return
    least_s = MISSED_MESSAGES * period_s
    if not least_s <= rule.max_gap_s <= LONGEST_GAP_S:
        yield (
            ("usage", "max_gap_s"),
            f"got {rule.max_gap_s:g}; use {least_s:g} (three messages) to {LONGEST_GAP_S:g}",
        )


def _values_are_possible(profile: DeviceProfile) -> Iterator[tuple[Key, str]]:
    for number, example in enumerate(profile.examples):
        for name, value in example.readings.items():
            yield from _impossible(
                profile.points[name], value, ("examples", number, "readings", name)
            )
    simulated: Mapping[str, Any] = profile.simulation.points if profile.simulation else {}
    for name, given in simulated.items():
        by_state = given if isinstance(given, dict) else {"": given}
        for state, played in by_state.items():
            key: Key = ("simulation", "points", name, *([state] if state else []))
            for value in _listed(played):
                yield from _impossible(profile.points[name], value, key)


def _impossible(point: Point, value: Value, key: Key) -> Iterator[tuple[Key, str]]:
    low, high = point.definition.bounds(point.unit)
    if isinstance(value, bool | str):
        return
    if low is not None and value < low:
        yield key, f"{value:g} {point.unit} is no {point.quantity}; it is at least {low:g}"
    if high is not None and value > high:
        yield key, f"{value:g} {point.unit} is no {point.quantity}; it is at most {high:g}"


def _listed(played: Any) -> list[Value]:
    """Return the values that a simulation gives, whole numbers as the floats they are sent as."""
    values = played if isinstance(played, list) else [] if played is None else [played]
    return [
        float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for value in values
    ]


RULES: tuple[Rule, ...] = (
    _points_are_shown,
    _titles_are_complete,
    _can_be_simulated,
    _simulation_shows_every_state,
    _silence_is_noticed,
    _values_are_possible,
)
