"""Which levels of power a device has, learned from its first days. Pure.

A person who looks at the power of a device over a day sees levels: off, standby, in use. They
differ from device to device: a monitor in use draws 20 W, a projector on standby 5. So the
thresholds of a usage rule are learned of each device and proposed to a person.

How
- Power is held between two readings and averaged over whole minutes: a plug that resolves 2 W
  flickers between 0 and 2. A minute counts as steady where it differs little from the one before;
  what passes (warming up, a burst) is no level.
- The steady minutes make a histogram over the logarithm of power. Its smoothed peaks are levels,
  the valleys between them thresholds, where a valley is at most half as high as the lower peak.
- The lowest level is off where it is at most `OFF_W` and a quarter of the highest. Of the others,
  those of at least `ACTIVE_SHARE` of the highest are in use, the rest is standby.
- One level alone shows nothing: a computer that never sleeps draws the same, used or not.
- Medians and quantiles of a level are those of all powers between two thresholds.

The numbers here are defaults of this project, tried on public traces of displays, projectors,
computers, laptops, printers and televisions.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Literal

from device_profiles.schema import UsageRule

LEARN_S = 20 * 3600.0
"""How much has to be observed before levels are proposed: about a day."""
LEAST_LEVEL_S = 600.0
"""A level was held for at least this long in all."""
FLOOR_W = 2.5
"""Plug-in meters resolve about 2 W; what is below is off."""
OFF_W = 10.0
"""Many computers draw 2 to 10 W when they are off. A level in use is above."""
ACTIVE_SHARE = 2 / 3
OFF_SHARE = 0.25
"""Of the highest level."""
FORGET_S = 28 * 86_400.0
"""Once this much is in a histogram, it is halved: a device may be replaced."""

_MINUTE_S = 60.0
_BIN = math.log(1.02)
_BANDWIDTH = 0.05
_GRID = 0.01
_OFFSET_W = 2.0
_STEADY_W, _STEADY_SHARE = 3.0, 0.25
_APART_W, _APART_RATIO = 3.0, 1.25
_VALLEY = 0.5

LevelState = Literal["off", "standby", "active", "on"]
"""On: the only level of a device, in use or not."""
Outcome = Literal["learning", "levels", "low_only", "one_level"]
RuleFit = Literal["learning", "fits", "does_not_fit", "indistinct"]
"""Indistinct: the device has one level, so power does not show whether it is used."""


@dataclass(frozen=True, slots=True)
class Level:
    """A power that a device keeps to, in W: 5 %, 50 % and 95 % of the time spent at it."""

    state: LevelState
    low: float
    median: float
    high: float
    share: float
    """Of the time observed."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of a device."""

    outcome: Outcome
    observed_s: float
    levels: tuple[Level, ...] = ()
    active_above: float | None = None
    standby_above: float | None = None


class Histogram:
    """Seconds spent at each power, on a logarithmic scale of 2 % steps."""

    def __init__(self, bins: Mapping[int, float] | None = None) -> None:
        self.bins: dict[int, float] = dict(bins or {})

    @property
    def total_s(self) -> float:
        """How much is in it."""
        return sum(self.bins.values())

    def add(self, watts: float, seconds: float) -> None:
        """Count time spent at a power; a negative one counts as none."""
        number = round(math.log1p(max(watts, 0.0)) / _BIN)
        self.bins[number] = self.bins.get(number, 0.0) + seconds

    def halve(self) -> None:
        """Give what comes later more weight."""
        self.bins = {number: s / 2 for number, s in self.bins.items() if s >= 1}

    def items(self) -> list[tuple[float, float]]:
        """Return (W, seconds) in order of power."""
        return [(math.expm1(number * _BIN), s) for number, s in sorted(self.bins.items())]

    def spent_s(self, low: float, high: float) -> float:
        """Return the time in [low, high)."""
        return sum(s for w, s in self.items() if low <= w < high)

    def quantile(self, share: float, low: float, high: float) -> float:
        """Return the power below which `share` of the time in [low, high) was spent."""
        items = [(w, s) for w, s in self.items() if low <= w < high]
        wanted = share * sum(s for _, s in items)
        for watts, seconds in items:
            wanted -= seconds
            if wanted <= 1e-9:
                return watts
        return items[-1][0] if items else 0.0


class LevelLearner:
    """Takes in the powers of one device, in order, and learns its levels."""

    def __init__(self, max_gap_s: float) -> None:
        self.all = Histogram()
        self.steady = Histogram()
        self._max_gap_s = max_gap_s
        self._last: tuple[datetime, float] | None = None
        self._minute_s = 0.0
        self._minute_ws = 0.0
        self._before: float | None = None

    def observe(self, at: datetime, watts: float) -> None:
        """Take in a power; one that is older than the last is passed over."""
        if not math.isfinite(watts):
            return
        if self._last is not None:
            then, held = self._last
            seconds = (at - then).total_seconds()
            if seconds <= 0:
                return
            if seconds <= self._max_gap_s:
                self._hold(held, seconds)
            else:
                self._break()
        self._last = at, watts

    def leave(self) -> None:
        """Note that the device left: what it draws is not known until its next reading."""
        self._last = None
        self._break()

    def learned(self, least_s: float = LEARN_S) -> Learned:
        """Return what is known by now."""
        return learn(self.all, self.steady, least_s)

    def evidence(self) -> dict[str, dict[str, int]]:
        """Return the histograms in whole seconds, to keep; `recall` takes them back."""
        return {
            name: {str(number): round(s) for number, s in sorted(bins.bins.items()) if s >= 0.5}
            for name, bins in (("all", self.all), ("steady", self.steady))
        }

    def recall(self, evidence: Mapping[str, Mapping[str, float]]) -> None:
        """Take up what was kept."""
        for name, histogram in (("all", self.all), ("steady", self.steady)):
            histogram.bins = {int(number): float(s) for number, s in evidence[name].items()}

    def _hold(self, watts: float, seconds: float) -> None:
        self.all.add(watts, seconds)
        left = seconds
        while left > 0:
            part = min(left, _MINUTE_S - self._minute_s)
            self._minute_s += part
            self._minute_ws += part * watts
            left -= part
            if self._minute_s >= _MINUTE_S - 1e-6:
                self._end_minute()
        if self.all.total_s > FORGET_S:
            self.all.halve()
            self.steady.halve()

    def _end_minute(self) -> None:
        mean = self._minute_ws / self._minute_s
        before = self._before
        if before is not None and abs(mean - before) <= max(
            _STEADY_W, _STEADY_SHARE * max(mean, before)
        ):
            self.steady.add(mean, self._minute_s)
        self._before = mean
        self._minute_s = self._minute_ws = 0.0

    def _break(self) -> None:
        self._minute_s = self._minute_ws = 0.0
        self._before = None


def learn(everything: Histogram, steady: Histogram, least_s: float = LEARN_S) -> Learned:
    """Return the levels of a device from its histograms; nothing below `least_s` of them."""
    observed_s = everything.total_s
    if observed_s < least_s:
        return Learned("learning", observed_s)
    edges = [0.0, *_valleys(steady), math.inf]
    parts = [part for part in pairwise(edges) if steady.spent_s(*part) >= LEAST_LEVEL_S]
    if not parts:
        return Learned("learning", observed_s)
    edges = [0.0, *(_between(everything, *pair) for pair in pairwise(parts)), math.inf]
    states = _states([everything.quantile(0.5, *part) for part in pairwise(edges)])
    levels = tuple(
        _level(everything, state, part, observed_s)
        for state, part in zip(states, pairwise(edges), strict=True)
    )
    if len(levels) == 1 and levels[0].median > OFF_W:
        return Learned("one_level", observed_s, (replace(levels[0], state="on"),))
    if "active" not in states:
        return Learned("low_only", observed_s, levels)
    active_above = _short(edges[states.index("active")])
    # A standby that was not seen yet is above what off draws.
    is_off = levels[0].state == "off"
    lowest = max(2 * levels[0].high, FLOOR_W) if is_off else levels[0].low / 2
    standby_above = min(_short(min(lowest, edges[1])), active_above)
    return Learned("levels", observed_s, levels, active_above, standby_above)


def _level(
    everything: Histogram, state: LevelState, part: tuple[float, float], observed_s: float
) -> Level:
    low, median, high = (round(everything.quantile(n, *part), 1) for n in (0.05, 0.5, 0.95))
    return Level(state, low, median, high, round(everything.spent_s(*part) / observed_s, 4))


def rule_fit(rule: UsageRule, learned: Learned) -> RuleFit:
    """Return whether a rule separates use from no use at the levels of a device."""
    if learned.outcome == "learning" or rule.active_above is None:
        return "learning"
    if learned.outcome == "one_level":
        return "indistinct"
    for level in learned.levels:
        is_active = level.median > rule.active_above
        cuts_through = level.low < rule.active_above < level.high
        if is_active != (level.state == "active") or cuts_through:
            return "does_not_fit"
    return "fits"


def _states(medians: Sequence[float]) -> list[LevelState]:
    top = medians[-1]
    states: list[LevelState] = []
    for number, median in enumerate(medians):
        is_low = median <= FLOOR_W or (median <= OFF_W and median <= OFF_SHARE * top)
        if number == 0 and is_low:
            states.append("off")
        elif top > OFF_W and median >= ACTIVE_SHARE * top:
            states.append("active")
        else:
            states.append("standby")
    return states


def _between(histogram: Histogram, lower: tuple[float, float], upper: tuple[float, float]) -> float:
    """Return a threshold between two levels: in the middle, on a logarithmic scale."""
    high = histogram.quantile(0.98, *lower)
    low = histogram.quantile(0.02, *upper)
    if lower[1] == upper[0] and not high < lower[1] < low:
        return lower[1]
    middle = math.sqrt((high + _OFFSET_W) * (low + _OFFSET_W)) - _OFFSET_W
    return min(max(middle, lower[1]), upper[0]) if lower[1] < upper[0] else middle


def _valleys(steady: Histogram) -> list[float]:
    """Return the powers that separate peaks of the smoothed histogram, in order."""
    items = [(math.log(w + _OFFSET_W), s) for w, s in steady.items() if w > FLOOR_W]
    floor = [FLOOR_W] if any(w <= FLOOR_W for w, _ in steady.items()) else []
    if not items:
        return []
    first = items[0][0] - 4 * _BANDWIDTH
    count = round((items[-1][0] + 4 * _BANDWIDTH - first) / _GRID) + 1
    density = [0.0] * count
    reach = round(4 * _BANDWIDTH / _GRID)
    for x, seconds in items:
        centre = round((x - first) / _GRID)
        for n in range(max(0, centre - reach), min(count, centre + reach + 1)):
            density[n] += seconds * math.exp(-(((first + n * _GRID - x) / _BANDWIDTH) ** 2) / 2)
    peaks = [
        n
        for n in range(count)
        if density[n] > 0
        and (n == 0 or density[n] > density[n - 1])
        and (n == count - 1 or density[n] >= density[n + 1])
    ]
    return floor + [math.exp(first + n * _GRID) - _OFFSET_W for n in _cuts(density, peaks, first)]


def _cuts(density: Sequence[float], peaks: list[int], first: float) -> list[int]:
    """Return the lowest places between the peaks that are levels of their own."""
    peaks = list(peaks)
    while len(peaks) > 1:
        depths = []
        for a, b in pairwise(peaks):
            lower = min(density[a], density[b])
            low, high = (math.exp(first + n * _GRID) - _OFFSET_W for n in (a, b))
            is_close = high - low < _APART_W or high < low * _APART_RATIO
            depths.append(2.0 if is_close else min(density[a : b + 1]) / lower)
        worst = max(range(len(depths)), key=lambda n: depths[n])
        if depths[worst] <= _VALLEY:
            break
        a, b = peaks[worst], peaks[worst + 1]
        peaks.remove(a if density[a] < density[b] else b)
    return [_lowest(density, a, b) for a, b in pairwise(peaks)]


def _lowest(density: Sequence[float], a: int, b: int) -> int:
    """Return the middle of the lowest stretch between two peaks."""
    least = min(density[a : b + 1])
    places = [n for n in range(a, b + 1) if density[n] <= least * 1.0001]
    return places[len(places) // 2]


def _short(watts: float) -> float:
    """Return a threshold as people write it: two digits."""
    return float(f"{watts:.2g}")
