"""What an energy counter's values mean: steps of energy, and what was judged noise. Pure.

A counter should only rise. Real ones dip by their last digit, show 0 for a moment, fall back to
what they had saved before a power cut, or are replaced. The rule, for a value against the level
that was accepted last:

- A fall of at most two units of the last digit is noise; the level stays.
- A value that is possible, because it rises by no more than the device can draw in the time plus
  one unit of the last digit, is the new level.
- Anything else is looked at with what follows within `WINDOW`. Where the counter jumps back to the
  old level, or to what the device can have drawn since, what lies between is noise. Where it does
  not, the counter was reset or replaced: the new value is the level, and what was drawn over that
  interval is not known.
- A step is spread evenly over the interval before it. A coarse counter rests and then rises by a
  whole unit: that step is spread as far back, over the time without a change, as the device needs
  for it at its ceiling.

Values are in the counter's own unit, times whole milliseconds.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

CEILINGS_W: Mapping[str, float] = {
    "display": 2_000.0,
    "recorder": 3_000.0,
    "instrument": 5_000.0,
    "epaper": 100.0,
    "computer": 2_000.0,
    "environment": 100.0,
    "meter": 25_000.0,
}
"""The most that a device of a category draws, where its usage rule gives no `max_power`.

Defaults of this project, well above what is built: they refuse the impossible, no more. A meter's
is a single-phase line of 100 A; a profile whose hardware carries less, or more, gives its own.
"""
WINDOW_MS = 3_600_000
"""How long a fall or a leap may last and still be noise; how far back a step may be spread."""
UNIT_S = 300
"""A rise by one unit may come early by no more than the device draws in this time: in a slot."""
_NOISE_UNITS = 2
_MOST_NOISE_WH = 2000.0
"""No fall beyond this is noise by itself, however coarse the counter is."""
_JUMP_SHARE = 0.5
"""A return in one step of at least this share of the fall is no consumption."""
_MOST_DECIMALS = 9

JudgementKind = Literal["noise", "reset", "above_ceiling"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A value of a counter, or a power, that was not taken as it came."""

    kind: JudgementKind
    at_ms: int
    before: float
    """The level accepted before it, or the power before it, in the point's unit."""
    value: float
    is_final: bool = True
    """No later value can change the judgement."""


@dataclass(frozen=True, slots=True)
class CounterLimits:
    """What a counter is judged by."""

    factor: float
    """From the counter's unit to Wh."""
    ceiling_w: float
    """The most that the device can draw."""
    gap_ms: int
    """Over a longer silence no energy is given."""


@dataclass(frozen=True, slots=True)
class CounterLevel:
    """What was accepted of a counter at an observation: all that later ones need of older ones."""

    at_us: int
    """When the observation was true, in microseconds since 1970."""
    level: float
    changed_ms: int | None
    """When the level last rose or was set; None: not since the first observation."""
    still_since_ms: int
    """Since when the level was the same and every interval is known."""


@dataclass(slots=True)
class CounterSteps:
    """What the values of a counter mean."""

    parts: list[tuple[int, int, float]] = field(default_factory=list)
    """(start, end, Wh) of the intervals whose energy is known, in ms."""
    judgements: list[Judgement] = field(default_factory=list)
    levels: list[CounterLevel | None] = field(default_factory=list)
    """What was accepted at each observation; None within noise that returned."""


def counter_steps(
    times_us: Sequence[int],
    values: Sequence[float],
    limits: CounterLimits,
    *,
    until: int,
    breaks: Sequence[int] = (),
    first: CounterLevel | None = None,
) -> CounterSteps:
    """Return the steps of a counter up to `until` (ms); observations are in microseconds.

    `breaks` are moments (ms) from which the device was gone, in order: no energy is given across
    one. `first` is what was accepted at the first observation, where older ones were forgotten.
    """
    times = [time // 1000 for time in times_us]
    count = bisect_right(times, until)
    if not count:
        return CounterSteps()
    run = _Run(times_us, times, values, limits, count, until, breaks)
    run.begin(first or CounterLevel(times_us[0], values[0], None, times[0]))
    i = 1
    while i < count:
        i = run.take(i)
    return run.steps


def is_plain(elapsed_ms: int, before: float, value: float, limits: CounterLimits) -> bool:
    """Return whether a value follows the one before it without any judgement."""
    drawn = (value - before) * limits.factor
    return 0 <= drawn <= limits.ceiling_w * elapsed_ms / 3_600_000


class _Run:
    """One pass over the observations, oldest first."""

    def __init__(
        self,
        times_us: Sequence[int],
        times: Sequence[int],
        values: Sequence[float],
        limits: CounterLimits,
        count: int,
        until: int,
        breaks: Sequence[int],
    ) -> None:
        self.steps = CounterSteps(levels=[None] * count)
        self._times_us, self._times, self._values, self._limits = times_us, times, values, limits
        self._count, self._until, self._breaks = count, until, breaks

    def begin(self, first: CounterLevel) -> None:
        self._level = first.level
        self._changed = first.changed_ms
        self._still_since = first.still_since_ms
        self._accept(0)

    def _accept(self, i: int) -> None:
        self._settled = i
        level = CounterLevel(self._times_us[i], self._level, self._changed, self._still_since)
        self.steps.levels[i] = level

    def take(self, i: int) -> int:
        """Judge observation i; return the number of the next one to judge."""
        if self._is_possible(i):
            value = self._values[i]
            if value < self._level:
                self._judge("noise", i)
            self._settle(i)
            return i + 1
        back = self._return_of(i)
        if back is not None:
            self._judge("noise", i)
            self._settle(back)
            return back + 1
        kind: JudgementKind = "reset" if self._values[i] < self._level else "above_ceiling"
        self._judge(kind, i, is_final=self._times[i] + WINDOW_MS <= self._until)
        self._level = self._values[i]
        self._changed = self._still_since = self._times[i]
        self._accept(i)
        return i + 1

    def _is_possible(self, i: int) -> bool:
        """Return whether the level can have become this value."""
        drawn = (self._values[i] - self._level) * self._limits.factor
        if drawn < 0:
            unit = last_digit(self._level, self._values[i])
            return -drawn <= _noise_wh(unit * self._limits.factor)
        since = self._times[i] - WINDOW_MS
        if self._changed is not None:
            since = max(since, self._changed)
        return drawn <= self._most_wh(min(since, self._times[self._settled]), i)

    def _most_wh(self, since: int, i: int) -> float:
        """Return what a counter can rise by from `since` to observation i, its coarseness too."""
        limits = self._limits
        unit = last_digit(self._level, self._values[i]) * limits.factor * 1.001
        elapsed = self._times[i] - since
        return limits.ceiling_w * elapsed / 3_600_000 + min(unit, limits.ceiling_w * UNIT_S / 3600)

    def _return_of(self, i: int) -> int | None:
        """Return the observation at which the counter jumped back to where it was."""
        away = abs(self._values[i] - self._level)
        for j in range(i + 1, self._count):
            if self._times[j] > self._times[i] + WINDOW_MS:
                return None
            if self._is_possible(j) and self._is_jump(j, away):
                return j
        return None

    def _is_jump(self, j: int, away: float) -> bool:
        before, value = self._values[j - 1], self._values[j]
        if abs(value - before) >= _JUMP_SHARE * away:
            return True
        limits = self._limits
        unit_wh = last_digit(before, value) * limits.factor
        drawn = (value - before) * limits.factor
        most = limits.ceiling_w * (self._times[j] - self._times[j - 1]) / 3_600_000
        return drawn > most + unit_wh or -drawn > _noise_wh(unit_wh)

    def _settle(self, i: int) -> None:
        """Accept the level at observation i, and give the energy since the last accepted one."""
        start, end = self._times[self._settled], self._times[i]
        rise = max(0.0, self._values[i] - self._level)
        drawn = rise * self._limits.factor
        # A rise that began before the first observation is not this interval's.
        is_of_now = drawn <= self._most_wh(min(self._still_since, start), i)
        if is_of_now and self._is_known(self._settled, i):
            start = self._spread_from(start, end, drawn)
            self.steps.parts.append((min(start, end - 1), end, drawn))
        else:
            self._still_since = end
        if rise > 0:
            self._level = self._values[i]
            self._changed = self._still_since = end
        self._accept(i)

    def _spread_from(self, start: int, end: int, drawn_wh: float) -> int:
        needed = round(drawn_wh / self._limits.ceiling_w * 3_600_000)
        if end - start >= needed:
            return start
        return min(start, max(end - needed, self._still_since, end - WINDOW_MS))

    def _is_known(self, first: int, last: int) -> bool:
        """Return whether the device was received all the time between two observations."""
        times = self._times
        if any(times[n + 1] - times[n] > self._limits.gap_ms for n in range(first, last)):
            return False
        gone = bisect_left(self._breaks, times[first])
        return gone == len(self._breaks) or self._breaks[gone] >= times[last]

    def _judge(self, kind: JudgementKind, i: int, *, is_final: bool = True) -> None:
        judgement = Judgement(kind, self._times[i], self._level, self._values[i], is_final)
        self.steps.judgements.append(judgement)


def last_digit(*values: float) -> float:
    """Return the unit of the last digit that values are written with: 0.1 for 215.7 and 215."""
    return 10.0 ** -max(_decimals(value) for value in values)


def _decimals(value: float) -> int:
    text = f"{value:.{_MOST_DECIMALS}f}".rstrip("0")
    return len(text) - text.index(".") - 1


def _noise_wh(unit_wh: float) -> float:
    return min(_NOISE_UNITS * unit_wh * 1.001, _MOST_NOISE_WH)
