"""What a device does: its state, and the true values of its points in that state.

`advance` moves the state along its timeline, `values` gives the values of a moment. A point has the
value, or a value in the range, that the profile's simulation gives for the state; the point that
decides on use lies strictly inside the state by the usage rule. Points that the simulation does
not name follow the example, with a little noise where their quantity has it in nature. Energy
counts the power of its own channel, and run times count the time in use.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from device_profiles.model import Point
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, UsageRule
from device_profiles.usage import reachable_states, state_of
from simulators.devices.point_values import initial_values
from simulators.school.timeline import Change, State

STATES: tuple[State, ...] = ("active", "standby", "off")
_TO_W = {"W": 1.0, "kW": 1000.0}
_TO_WH = {"Wh": 1.0, "kWh": 1000.0, "MWh": 1e6}
_TO_S = {"s": 1.0, "min": 60.0, "h": 3600.0}
_NOISE = {
    "voltage": 0.01,
    "frequency": 0.0008,
    "temperature": 0.02,
    "humidity": 0.03,
    "co2": 0.04,
    "illuminance": 0.04,
    "sound_level": 0.03,
    "signal_strength": 0.04,
    "current": 0.03,
    "power": 0.03,
    "apparent_power": 0.03,
    "reactive_power": 0.03,
}
"""Share of the example's value by which a measurement wanders."""
_DECIMALS: dict[tuple[str, str], int] = {
    ("battery", "%"): 0,
    ("brightness", "%"): 0,
    ("brightness", "cd/m²"): 0,
    ("co2", "ppm"): 0,
    ("count", ""): 0,
    ("current", "mA"): 0,
    ("duration", "s"): 0,
    ("energy", "kWh"): 5,
    ("energy", "MWh"): 8,
    ("frequency", "Hz"): 3,
    ("power", "kW"): 4,
    ("signal_strength", "dBm"): 0,
    ("voltage", "mV"): 0,
}


class Behaviour:
    """One device's state and values. `changes` starts with the state at the start."""

    def __init__(
        self,
        profile: DeviceProfile,
        rule: UsageRule | None,
        changes: Iterator[Change],
        *,
        device: str,
        seed: int,
    ) -> None:
        self.profile = profile
        self.rule = rule
        self._seed = f"{seed}/{device}"
        self._changes = changes
        self._reachable = reachable_states(rule) if rule is not None else frozenset(STATES)
        points: Mapping[str, Point] = profile.points
        self._points = points
        self._example = initial_values(points, (e.readings for e in profile.examples))
        self._played = dict(profile.simulation.points) if profile.simulation is not None else {}
        self._totals = {
            name: _number(self._example[name])
            for name, point in points.items()
            if name not in self._played
            and point.state_class != "measurement"
            and point.quantity in {"energy", "duration"}
        }
        self.state: State = "off"
        self.since: datetime
        self._next = next(changes)
        self._take(is_first=True)

    @property
    def next_change(self) -> datetime:
        """When the next change of state is due."""
        return self._next.at

    @property
    def judged_by(self) -> str | None:
        """The point that decides on use, where there is a rule."""
        return self.rule.point if self.rule is not None else None

    def advance(self, now: datetime) -> list[Change]:
        """Return the changes of state that came by `now`, oldest first."""
        came = []
        while self._next.at <= now:
            change = self._next
            before = self.state
            self._take(is_first=False)
            if self.state != before:
                came.append(Change(change.at, self.state))
        return came

    def reset_totals(self, now: datetime) -> None:
        """Count energy and run times from nought again, as after a power cut."""
        self._count(now)
        self._totals = dict.fromkeys(self._totals, 0.0)

    def values(self, now: datetime) -> dict[str, Value]:
        """Return the true values at a moment from the last change of state on."""
        return {name: self._value(name, point, now) for name, point in self._points.items()}

    def _take(self, *, is_first: bool) -> None:
        change, self._next = self._next, next(self._changes)
        if not is_first:
            self._count(change.at)
        self.since = change.at
        self.state = self._reached(change.state)

    def _reached(self, state: State) -> State:
        """Return the nearest state that the rule knows: without standby, idle is off."""
        if state in self._reachable:
            return state
        other = "off" if state == "standby" else "standby"
        return other if other in self._reachable else "active"

    def _count(self, now: datetime) -> None:
        seconds = max(0.0, (now - self.since).total_seconds())
        for name in self._totals:
            self._totals[name] += seconds * self._per_second(name)
        self.since = max(now, self.since)

    def _per_second(self, name: str) -> float:
        point = self._points[name]
        if point.quantity == "duration":
            return 1.0 / _TO_S[point.unit] if self.state == "active" else 0.0
        power = self._power_of(name)
        if power is None:
            return 0.0
        low, high = self._range(power, self._points[power])
        watts = (low + high) / 2 * _TO_W[self._points[power].unit]
        return max(0.0, watts) / 3600 / _TO_WH[point.unit]

    def _power_of(self, energy: str) -> str | None:
        """Return the power that an energy counts: that of its own channel, or the judged one."""
        powers = [name for name, point in self._points.items() if point.quantity == "power"]
        channel = energy.rsplit("_", 1)[-1]
        same_channel = [name for name in powers if name.rsplit("_", 1)[-1] == channel]
        if same_channel:
            return same_channel[0]
        if self.judged_by in powers:
            return self.judged_by
        return powers[0] if powers else None

    def _value(self, name: str, point: Point, now: datetime) -> Value:
        if name in self._totals:
            seconds = max(0.0, (now - self.since).total_seconds())
            total = self._totals[name] + seconds * self._per_second(name)
            steps = 10.0 ** _places(point)
            return math.floor(total * steps) / steps
        if name not in self._played and name != self.judged_by:
            kind = point.value_type
            if kind != "number" or point.quantity not in _NOISE or point.values is not None:
                return self._example[name]
        fixed = self._given(name)
        if not isinstance(fixed, list) and name in self._played and self._means(name, fixed):
            return _plain(fixed)
        low, high = self._range(name, point)
        return _between(low, high, self._level(name, now), _places(point))

    def _given(self, name: str) -> Any:
        """Return what the simulation gives for a point in this state: a value, or [low, high]."""
        given: Any = self._played.get(name, self._example[name])
        if isinstance(given, dict):
            return given.get(self.state, self._example[name])
        return given

    def _means(self, name: str, value: Any) -> bool:
        """Whether a value of this point does not contradict the state."""
        if self.rule is None or name != self.rule.point:
            return True
        return state_of(self.rule, _plain(value)) == self.state

    def _range(self, name: str, point: Point) -> tuple[float, float]:
        given = self._given(name)
        if isinstance(given, list):
            low, high = float(given[0]), float(given[-1])
        else:
            middle = _number(_plain(given))
            spread = 0.0 if name in self._played else abs(middle) * _NOISE.get(point.quantity, 0.0)
            low, high = middle - spread, middle + spread
        rule = self.rule
        if rule is None or name != rule.point or rule.active_above is None:
            return low, high
        if all(state_of(rule, end) == self.state for end in (low, high)):
            return low, high
        return _inside(rule, self.state)

    def _level(self, name: str, now: datetime) -> float:
        """Return 0 to 1: where in its range a value is, wandering slowly with some noise."""
        millis = int(now.timestamp() * 1000)
        phase = self._chance(name, "phase")
        slow = 0.5 + 0.35 * math.sin(2 * math.pi * (millis / 600_000 + phase))
        return min(1.0, max(0.0, slow + 0.3 * (self._chance(name, millis) - 0.5)))

    def _chance(self, *what: object) -> float:
        text = "/".join(map(str, (self._seed, *what)))
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64


def _inside(rule: UsageRule, state: State) -> tuple[float, float]:
    """Return a range of values that clearly mean the state by thresholds."""
    active = rule.active_above or 0.0
    standby = active if rule.standby_above is None else rule.standby_above
    margin = max(abs(active) * 0.1, 1.0)
    if state == "active":
        return active + margin, active + 3 * margin
    if state == "standby":
        return standby + (active - standby) * 0.3, standby + (active - standby) * 0.7
    return (standby * 0.2, standby * 0.5) if standby > 0 else (standby - 2, standby - 1)


def _places(point: Point) -> int:
    default = {"current": 3, "energy": 3, "power_factor": 3, "voltage": 2}.get(point.quantity, 1)
    return _DECIMALS.get((point.quantity, point.unit), default)


def _between(low: float, high: float, level: float, places: int) -> float:
    value = round(low + (high - low) * level, places)
    if low <= value <= high:
        return value + 0.0
    return round(low + (high - low) * level, places + 4)  # a range narrower than one step


def _plain(value: Any) -> Value:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain: Value = value
    return plain


def _number(value: Value) -> float:
    return 0.0 if isinstance(value, str) else float(value)
