"""Readings -> usage slots: what "used" means, once. Pure.

Invariants
- Time is whole milliseconds here; a slot is five minutes of UTC and its four states add up to
  exactly `SLOT_S`.
- The result depends only on the *set* of observations and on `until`: not on their order, not on
  how they were split into batches.
- The state between two observations is that of the left one. An interval longer than `max_gap_s`
  is unobserved as a whole; so is everything before the first observation. After the last one its
  state is held up to `until`; once that is longer than `max_gap_s`, everything since is unobserved.
  Silence is never off.
- A fall to a lower state that lasts no longer than `hold_s` and returns to the same or a higher
  state did not happen. A longer fall counts from its beginning. Unobserved time is no return.
- Energy of a counter is spread evenly between two observations; what a fall or a leap of it means,
  `counter.py` judges. Power is held like the state. Over unobserved intervals no energy is given
  (when it was used is unknown); a slot without any has `energy_wh=None`. No slot has more than the
  device can draw in it (`ceiling_w`).
- A device that left (`PRESENCE`, false) is unobserved from then on, until its next observation.
- Of two observations of the same microsecond the higher state (or energy) counts. A value that the
  rule cannot judge (text where a number is needed, NaN) is no observation.

Layout
- `usage_slots` is the definition: everything at once.
- `UsageMeter` gives the same slots as readings come in, each slot when it is closed and again when
  it changes, from only the observations that can still matter.
- `sessions` merges slots, or state_spans of a state, into what people call "14:05-14:45".

Meter, in the gateway
    meter = UsageMeter("A-0001", rule, energy=energy_of(profile, rule))
    meter.restore(trail)                # after a start: what the last run kept
    meter.observe(reading)              # every reading of the device, in any order
    for slot in meter.slots(clock.now()):  # new or changed
        ...
    trail = meter.trail                 # to keep, in the transaction that keeps the slots
    meter.take_judgements()             # what was not taken as it came, once each
An observation is needed until the slots it can touch are final: closed for longer than the
allowed lateness. To keep the trail without rewriting it, append every observation, keep
`trail.final_until` next to them, and delete those before `meter.needed_since`.
Observations cannot be collapsed while a late one may still come between them: equal neighbours
mark where its state ends. So memory is bounded by the lateness, and by `max_observations`, beyond
which the oldest slots become final early.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from device_profiles.counter import (
    CEILINGS_W,
    WINDOW_MS,
    CounterLevel,
    CounterLimits,
    Judgement,
    counter_steps,
    is_plain,
)
from device_profiles.reading import Quality, Reading, Value
from device_profiles.schema import DeviceProfile, UsageRule

SLOT_S = 300
PRESENCE = "@presence"
"""The point of an observation that is no reading: false once the device has left its network."""

State = Literal["active", "standby", "off", "unobserved"]

_SLOT_MS = SLOT_S * 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STATES: tuple[State, ...] = ("unobserved", "off", "standby", "active")
"""Every state, the least first."""
_UNOBSERVED, _OFF, _STANDBY, _ACTIVE = range(4)


@dataclass(frozen=True, slots=True)
class UsageSlot:
    """How long an asset was in each state during five minutes.

    `start` is aware UTC, aligned to five minutes. The four durations, in seconds to the
    millisecond, add up to `SLOT_S`. `energy_wh` is None where no energy was measured.
    """

    asset: str
    start: datetime
    active_s: float
    standby_s: float
    off_s: float
    unobserved_s: float
    energy_wh: float | None = None


@dataclass(frozen=True, slots=True)
class Energy:
    """Where a slot's energy comes from: a point that counts energy, or one that gives power."""

    point: str
    kind: Literal["counter", "power"]
    factor: float = 1.0
    """From the point's unit to Wh or W."""
    ceiling_w: float = CEILINGS_W["meter"]
    """The most that the device can draw."""


@dataclass(frozen=True, slots=True)
class StateSpan:
    """A time in one state, from `start` up to but not including `end`."""

    start: datetime
    end: datetime
    state: State


@dataclass(frozen=True, slots=True)
class Session:
    """A time of use as people write it."""

    start: datetime
    end: datetime
    active_s: float


@dataclass(frozen=True, slots=True)
class MeterState:
    """What a meter must be given back after a restart to lose nothing and invent nothing."""

    final_until: datetime | None = None
    """Slots that end here or before are settled; None before the first."""
    observations: tuple[Reading, ...] = ()
    counter: CounterLevel | None = None
    """What was accepted of the energy counter; older observations of it are forgotten."""


def energy_of(
    profile: DeviceProfile, rule: UsageRule | None = None, category: str | None = None
) -> Energy | None:
    """Return where the energy of a profile's slots comes from, by its rule or the one given.

    `category` is what the device is used as, where that is not the profile's.
    """
    rule = rule or profile.usage
    if rule is None or rule.energy_point is None:
        return None
    point = profile.points[rule.energy_point]
    ceiling_w = rule.max_power or CEILINGS_W[category or profile.category]
    kind: Literal["counter", "power"] = "counter" if point.quantity == "energy" else "power"
    unit = "Wh" if kind == "counter" else "W"
    factor = point.definition.converted(1, point.unit, unit)
    return Energy(rule.energy_point, kind, factor, ceiling_w)


def state_of(rule: UsageRule, value: Value) -> State | None:
    """Return the state a value means, or None where the rule cannot judge it."""
    rank = _rank(rule, value)
    return None if rank is None else STATES[rank]


def reachable_states(rule: UsageRule) -> frozenset[State]:
    """Return the states that a rule knows: one that lists both true and false has no off."""
    states: set[State] = {"active"}
    if rule.standby_above is not None or rule.standby_values:
        states.add("standby")
    listed = {v for v in (*rule.active_values, *rule.standby_values) if isinstance(v, bool)}
    if len(listed) < 2:
        states.add("off")
    return frozenset(states)


def usage_slots(
    asset: str,
    rule: UsageRule,
    observations: Iterable[Reading],
    *,
    since: datetime,
    until: datetime,
    energy: Energy | None = None,
) -> list[UsageSlot]:
    """Return the slots from the one that holds `since` to the one that `until` ends in.

    Readings of other points than the rule's and of bad quality are passed over, those after
    `until` too. What a slot has after `until` is unobserved.
    """
    seen = _Seen(rule, energy)
    for reading in observations:
        seen.note(reading)
    begin = _ms(since) // _SLOT_MS * _SLOT_MS
    return _slots(asset, seen, begin, _ms(until))


def state_spans(
    rule: UsageRule, observations: Iterable[Reading], *, until: datetime
) -> list[StateSpan]:
    """Return the states one after another from the first observation to `until`."""
    seen = _Seen(rule, None)
    for reading in observations:
        seen.note(reading)
    return [
        StateSpan(_moment(start), _moment(end), STATES[rank])
        for start, end, rank in _state_spans(seen, _ms(until))
    ]


def sessions(
    parts: Iterable[UsageSlot | StateSpan], *, join_s: float = 300.0, least_s: float = 60.0
) -> list[Session]:
    """Return the times of use, joined where less than `join_s` lies between two of them.

    A slot holds how long, not when: the active part of a slot is put at its end where the use goes
    on in the next slot and did not come from the one before, else at its beginning. Sessions with
    less than `least_s` of activity are left out.
    """
    merged: list[Session] = []
    for start, end, active_s in _active_parts(sorted(parts, key=lambda part: part.start)):
        last = merged[-1] if merged else None
        if last is not None and (start - last.end).total_seconds() < join_s:
            merged[-1] = Session(last.start, max(last.end, end), last.active_s + active_s)
        else:
            merged.append(Session(start, end, active_s))
    return [session for session in merged if session.active_s >= least_s]


class UsageMeter:
    """The usage of one device as its readings come in; see the module's text."""

    def __init__(
        self,
        asset: str,
        rule: UsageRule,
        *,
        energy: Energy | None = None,
        lateness: timedelta = timedelta(hours=2),
        max_observations: int = 20_000,
    ) -> None:
        self.asset = asset
        self.rule = rule
        self.energy = energy
        self.too_late = 0
        """Readings that came after their slots were final."""
        self._lateness_ms = _span_ms(lateness.total_seconds())
        self._hold_ms = _span_ms(rule.hold_s)
        self._gap_ms = _span_ms(rule.max_gap_s)
        self._max_observations = max_observations
        self._seen = _Seen(rule, energy)
        self._is_use_known = True
        self._judged: dict[tuple[str, int], Judgement] = {}
        self._new_judgements: list[Judgement] = []
        self._device = ""
        self._final_ms: int | None = None
        self._closed_ms: int | None = None  # end of the last slot given out
        self._computed_ms = -1  # the `until` of the last computation
        self._is_stale = False  # something before `_computed_ms` changed since
        self._sent: dict[int, UsageSlot] = {}  # slots given out that are not final yet

    @property
    def trail(self) -> MeterState:
        """What to keep; give it to `restore` after a restart."""
        readings = [
            Reading(self._device, point, series.values[i], _moment_us(series.times[i]))
            for point, series in self._seen.series()
            for i in range(len(series.times))
        ]
        return MeterState(self.final_until, tuple(readings), self.counter)

    @property
    def final_until(self) -> datetime | None:
        """Slots that end here or before are settled; None before the first."""
        return None if self._final_ms is None else _moment(self._final_ms)

    @property
    def needed_since(self) -> datetime | None:
        """The earliest observation still needed: kept ones before this may be deleted."""
        firsts = [series.times[0] for _, series in self._seen.series() if series.times]
        return _moment_us(min(firsts)) if firsts else None

    @property
    def counter(self) -> CounterLevel | None:
        """What was accepted of the energy counter where older observations were forgotten."""
        return self._seen.first_level

    @property
    def is_use_known(self) -> bool:
        """Whether the rule fits this device; while it does not, its states are unobserved."""
        return self._is_use_known

    @is_use_known.setter
    def is_use_known(self, known: bool) -> None:
        self._is_stale |= known != self._is_use_known
        self._is_use_known = known

    def take_judgements(self) -> list[Judgement]:
        """Return what was not taken as it came, once each, when nothing can change it any more."""
        new, self._new_judgements = self._new_judgements, []
        return new

    def restore(self, trail: MeterState) -> None:
        """Take up where the trail ends; its slots that are not final are given out once more."""
        counter = trail.counter
        for reading in trail.observations:
            is_of_counter = self.energy is not None and reading.point == self.energy.point
            if counter is None or not is_of_counter or _us(reading.observed_at) >= counter.at_us:
                self._take(reading)
        times = self._seen.powers.times
        if counter is not None and times and times[0] == counter.at_us:
            self._seen.first_level = counter
        if trail.final_until is not None:
            self._final_ms = _ms(trail.final_until)
        self._is_stale = True

    def observe(self, reading: Reading) -> bool:
        """Take in a reading; False where it is about no usage or came too late to count."""
        if self._final_ms is not None and _ms(reading.observed_at) < self._final_ms:
            self.too_late += reading.point in {point for point, _ in self._seen.series()}
            return False
        return self._take(reading)

    def slots(self, until: datetime, *, is_last: bool = False) -> list[UsageSlot]:
        """Return the closed slots that are new, or differ from what was given out before.

        A slot is closed once it and the rule's `hold_s` have passed. A slot without any observation
        and whose allowed lateness is over already is not given out at all. The last time, before
        a stop, the open ones are given out too, unobserved from `until` on: who starts again from
        the trail gives them out once more.
        """
        until_ms = _ms(until)
        closed = (until_ms - self._hold_ms) // _SLOT_MS * _SLOT_MS
        if is_last:
            closed = -(-until_ms // _SLOT_MS) * _SLOT_MS
        if not self._is_due(until_ms, closed):
            return []
        begin = self._begin()
        if begin is None or closed <= begin:
            return []
        recent = (until_ms - self._lateness_ms) // _SLOT_MS * _SLOT_MS
        always = {*self._sent, *range(max(begin, recent), closed, _SLOT_MS)}
        changed = []
        for slot in _slots(
            self.asset, self._seen, begin, until_ms, always, is_use_known=self._is_use_known
        ):
            start = _ms(slot.start)
            if start < closed and slot != self._sent.get(start):
                changed.append(slot)
                self._sent[start] = slot
        self._closed_ms = max(closed, self._closed_ms or closed)
        self._computed_ms, self._is_stale = until_ms, False
        self._note_judgements()
        self._settle(until_ms)
        return changed

    def _take(self, reading: Reading) -> bool:
        is_noted = self._seen.note(reading)
        if is_noted:
            self._device = reading.device
            at = _ms(reading.observed_at)
            self._is_stale |= at < self._computed_ms or self._reaches_back(reading)
        return is_noted

    def _reaches_back(self, reading: Reading) -> bool:
        """Whether a counter's new value gives energy to a slot that was given out before."""
        if self.energy is None or reading.point != self.energy.point or self._closed_ms is None:
            return False
        times, values = self._seen.powers.times, self._seen.powers.ranks
        at = bisect_left(times, _us(reading.observed_at))
        if at == 0:
            return False
        elapsed = (times[at] - times[at - 1]) // 1000
        if times[at - 1] // 1000 < self._closed_ms:
            return True
        return self.energy.kind == "counter" and (
            any(not judgement.is_final for judgement in self._seen.judgements)
            or not is_plain(elapsed, values[at - 1], values[at], self._seen.limits)
        )

    def _note_judgements(self) -> None:
        for judgement in self._seen.judgements:
            key = judgement.kind, judgement.at_ms
            if judgement.is_final and key not in self._judged:
                self._judged[key] = judgement
                self._new_judgements.append(judgement)
        kept = self._seen.powers.times[0] // 1000 if self._seen.powers.times else 0
        self._judged = {key: j for key, j in self._judged.items() if j.at_ms >= kept}

    def _is_due(self, until_ms: int, closed: int) -> bool:
        if self._is_stale or self._closed_ms is None or closed > self._closed_ms:
            return True
        for series in (self._seen.states, self._seen.powers):
            silent = series.times[-1] // 1000 + self._gap_ms if series.times else until_ms
            if self._computed_ms <= silent < until_ms:
                return True
        return False

    def _begin(self) -> int | None:
        if self._final_ms is not None:
            return self._final_ms
        both = (self._seen.states, self._seen.powers)
        firsts = [series.times[0] // 1000 for series in both if series.times]
        return min(firsts) // _SLOT_MS * _SLOT_MS if firsts else None

    def _settle(self, until_ms: int) -> None:
        """Make slots final that are older than the lateness, or too many to keep open."""
        final = until_ms - self._lateness_ms
        for series in (self._seen.states, self._seen.powers):
            if len(series.times) > self._max_observations:
                final = max(final, series.times[-self._max_observations] // 1000)
        final = min(final // _SLOT_MS * _SLOT_MS, self._closed_ms or 0)
        begin = self._begin()
        if begin is None or final <= begin:
            return
        self._final_ms = final
        self._seen.drop_before(final, self._hold_ms)
        for start in [start for start in self._sent if start < final]:
            del self._sent[start]


class _Series:
    """Observations of one point by time; of two at the same microsecond the greater one."""

    def __init__(self) -> None:
        self.times = array("q")
        self.ranks = array("d")
        self.values: list[Value] = []

    def add(self, time_us: int, rank: float, value: Value) -> None:
        at = bisect_left(self.times, time_us)
        if at == len(self.times) or self.times[at] != time_us:
            self.times.insert(at, time_us)
            self.ranks.insert(at, rank)
            self.values.insert(at, value)
        elif rank > self.ranks[at]:
            self.ranks[at] = rank
            self.values[at] = value

    def drop_before(self, time_ms: int) -> None:
        """Forget what is older, except the last one: its state held at that time."""
        self.drop(bisect_right(self.times, time_ms * 1000) - 1)

    def drop(self, count: int) -> None:
        """Forget the oldest ones."""
        keep = max(count, 0)
        del self.times[:keep]
        del self.ranks[:keep]
        del self.values[:keep]


class _Seen:
    """What was observed of one device: states, powers, and when it left."""

    def __init__(self, rule: UsageRule, energy: Energy | None) -> None:
        self.rule, self.energy = rule, energy
        self.states, self.powers, self.gone = _Series(), _Series(), _Series()
        self.first_level: CounterLevel | None = None
        """What was accepted of the counter at its first observation, once older are forgotten."""
        self.judgements: list[Judgement] = []
        """Of the energy computed last."""
        self._levels: list[CounterLevel | None] = []

    @property
    def limits(self) -> CounterLimits:
        """What a counter is judged by."""
        energy = self.energy or Energy("", "counter")
        return CounterLimits(energy.factor, energy.ceiling_w, _span_ms(self.rule.max_gap_s))

    def series(self) -> list[tuple[str, _Series]]:
        """Return each series with the point it is of."""
        pairs = [(self.rule.point, self.states)]
        if self.energy is not None:
            pairs.append((self.energy.point, self.powers))
        return [*pairs, (PRESENCE, self.gone)]

    def note(self, reading: Reading) -> bool:
        """Put a reading where it counts; whether it does anywhere."""
        if reading.quality is Quality.BAD:
            return False
        at, value = _us(reading.observed_at), reading.value
        if reading.point == PRESENCE:
            if value is False:
                self.gone.add(at, _UNOBSERVED, value)
            return value is False
        is_noted = False
        if reading.point == self.rule.point and (rank := _rank(self.rule, value)) is not None:
            self.states.add(at, rank, value)
            is_noted = True
        energy = self.energy
        if energy is not None and reading.point == energy.point and _is_number(value):
            self.powers.add(at, float(value), value)
            is_noted = True
        return is_noted

    def left(self, series: _Series, i: int, end: int) -> int | None:
        """Return when the device left after observation i and before `end`, in ms."""
        at = bisect_right(self.gone.times, series.times[i])
        if at == len(self.gone.times) or self.gone.times[at] // 1000 >= end:
            return None
        return max(self.gone.times[at] // 1000, series.times[i] // 1000)

    def energy_parts(self, until: int) -> list[tuple[int, int, float]]:
        """Return (start, end, Wh) of the intervals whose energy is known, in ms."""
        self.judgements, self._levels = [], []
        if self.energy is None:
            return []
        if self.energy.kind == "power":
            return list(self._power_parts(self.energy, until))
        steps = counter_steps(
            self.powers.times,
            self.powers.ranks,
            self.limits,
            until=until,
            breaks=[time // 1000 for time in self.gone.times],
            first=self.first_level,
        )
        self.judgements, self._levels = steps.judgements, steps.levels
        return steps.parts

    def drop_before(self, final: int, hold: int) -> None:
        """Forget what no slot from `final` on needs."""
        self.states.drop_before(final - hold)
        if self.energy is not None and self.energy.kind == "counter":
            self._drop_levels(final - max(hold, WINDOW_MS))
        else:
            self.powers.drop_before(final - hold)
        firsts = [series.times[0] for series in (self.states, self.powers) if series.times]
        self.gone.drop(bisect_left(self.gone.times, min(firsts)) if firsts else 0)

    def _drop_levels(self, time_ms: int) -> None:
        """Forget older values of the counter, up to the last one whose level was accepted."""
        before = bisect_right(self.powers.times, time_ms * 1000)
        for i in range(min(before, len(self._levels)) - 1, 0, -1):
            if self._levels[i] is not None:
                self.first_level = self._levels[i]
                self.powers.drop(i)
                return

    def _power_parts(self, energy: Energy, until: int) -> Iterator[tuple[int, int, float]]:
        gap = _span_ms(self.rule.max_gap_s)
        for start, end, i in _intervals(self.powers, until):
            if not 0 < end - start <= gap:
                continue
            power = self.powers.ranks[i] * energy.factor
            if power > energy.ceiling_w:
                before = self.powers.ranks[max(i - 1, 0)]
                judgement = Judgement("above_ceiling", start, before, self.powers.ranks[i])
                self.judgements.append(judgement)
                continue
            left = self.left(self.powers, i, end)
            held = end if left is None else left
            if held > start:
                yield start, held, power * (held - start) / 3_600_000


def _rank(rule: UsageRule, value: Value) -> int | None:
    if rule.active_above is None:
        if any(_is_same(value, listed) for listed in rule.active_values):
            return _ACTIVE
        return _STANDBY if any(_is_same(value, v) for v in rule.standby_values) else _OFF
    if not _is_number(value):
        return None
    if float(value) > rule.active_above:
        return _ACTIVE
    is_standby = rule.standby_above is not None and float(value) > rule.standby_above
    return _STANDBY if is_standby else _OFF


def _is_number(value: Value) -> bool:
    if isinstance(value, (bool, str)):
        return False
    return math.isfinite(value)


def _is_same(value: Value, listed: Value) -> bool:
    return value == listed and isinstance(value, bool) == isinstance(listed, bool)


def _state_spans(seen: _Seen, until: int) -> list[tuple[int, int, int]]:
    """Return (start, end, rank) without holes from the first observation to `until`, in ms."""
    gap = _span_ms(seen.rule.max_gap_s)
    parts: list[tuple[int, int, int]] = []
    for start, end, i in _intervals(seen.states, until):
        rank = int(seen.states.ranks[i]) if end - start <= gap else _UNOBSERVED
        left = seen.left(seen.states, i, end)
        _add_part(parts, start, end if left is None else left, rank)
        if left is not None:
            _add_part(parts, left, end, _UNOBSERVED)
    hold = _span_ms(seen.rule.hold_s)
    return _bridge(_bridge(parts, _ACTIVE, hold), _STANDBY, hold)


def _add_part(parts: list[tuple[int, int, int]], start: int, end: int, rank: int) -> None:
    if parts and parts[-1][2] == rank:
        parts[-1] = (parts[-1][0], end, rank)
    elif end > start:
        parts.append((start, end, rank))


def _intervals(series: _Series, until: int) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, index) between neighbours, the last one up to `until`, in ms."""
    times = [time // 1000 for time in series.times if time // 1000 < until]
    for i, start in enumerate(times):
        yield start, times[i + 1] if i + 1 < len(times) else until, i


def _bridge(
    parts: Sequence[tuple[int, int, int]], level: int, hold: int
) -> list[tuple[int, int, int]]:
    """Return the parts without falls below `level` of at most `hold` that come back."""
    bridged: list[tuple[int, int, int]] = []
    for part in parts:
        start, end, rank = part
        if rank >= level:
            fall = next((i for i in range(len(bridged) - 1, -1, -1) if bridged[i][2] >= level), -1)
            is_fall = 0 <= fall < len(bridged) - 1 and all(
                fallen > _UNOBSERVED for _, _, fallen in bridged[fall:]
            )
            if is_fall and bridged[fall][2] <= rank and start - bridged[fall][1] <= hold:
                before = bridged[fall]
                del bridged[fall:]
                bridged.append((before[0], start, before[2]))
        if bridged and bridged[-1][2] == rank:
            bridged[-1] = (bridged[-1][0], end, rank)
        else:
            bridged.append(part)
    return bridged


def _slots(
    asset: str,
    seen: _Seen,
    begin: int,
    until: int,
    always: Iterable[int] | None = None,
    *,
    is_use_known: bool = True,
) -> list[UsageSlot]:
    """Return the slots from `begin` on; of those without observation only the ones in `always`.

    A clock that jumps from 1970 leaves decades without an observation; they cost nothing.
    """
    count = max(0, -(-(until - begin) // _SLOT_MS))
    spent: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for start, end, rank in _state_spans(seen, until):
        if rank != _UNOBSERVED:
            for number, overlap in _overlaps(start, end, begin, count):
                spent[number][rank if is_use_known else _UNOBSERVED] += overlap
    energies: dict[int, float] = {}
    for start, end, amount in seen.energy_parts(until):
        for number, overlap in _overlaps(start, end, begin, count):
            share = amount * overlap / (end - start)
            energies[number] = energies.get(number, 0.0) + share
    most_wh = seen.energy.ceiling_w * SLOT_S / 3600 if seen.energy is not None else 0.0
    wanted: Iterable[int] = range(count)
    if always is not None:
        wanted = sorted({*spent, *energies, *((start - begin) // _SLOT_MS for start in always)})
    slots = []
    for number in wanted:
        _, off, standby, active = spent[number]
        wh = energies.get(number)
        slots.append(
            UsageSlot(
                asset=asset,
                start=_moment(begin + number * _SLOT_MS),
                active_s=active / 1000,
                standby_s=standby / 1000,
                off_s=off / 1000,
                unobserved_s=(_SLOT_MS - active - standby - off) / 1000,
                energy_wh=None if wh is None else round(min(wh, most_wh), 4),
            )
        )
    return slots


def _overlaps(start: int, end: int, begin: int, count: int) -> Iterator[tuple[int, int]]:
    """Yield (slot number, milliseconds) of the slots that a stretch touches."""
    first = max(0, (start - begin) // _SLOT_MS)
    last = min(count - 1, (end - 1 - begin) // _SLOT_MS)
    for slot in range(first, last + 1):
        opens = begin + slot * _SLOT_MS
        yield slot, min(end, opens + _SLOT_MS) - max(start, opens)


def _active_parts(
    parts: Sequence[UsageSlot | StateSpan],
) -> Iterator[tuple[datetime, datetime, float]]:
    slot_length = timedelta(seconds=SLOT_S)
    active = {p.start for p in parts if isinstance(p, UsageSlot) and p.active_s > 0}
    for part in parts:
        if isinstance(part, StateSpan):
            if part.state == "active":
                yield part.start, part.end, (part.end - part.start).total_seconds()
        elif part.active_s > 0:
            is_start = part.start - slot_length not in active and part.start + slot_length in active
            length = timedelta(seconds=part.active_s)
            end = part.start + slot_length
            is_inner = part.start - slot_length in active and end in active
            if is_inner:
                yield part.start, end, part.active_s
            elif is_start:
                yield end - length, end, part.active_s
            else:
                yield part.start, part.start + length, part.active_s


def _span_ms(seconds: float) -> int:
    return round(seconds * 1000)


def _us(moment: datetime) -> int:
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _ms(moment: datetime) -> int:
    return _us(moment) // 1000


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _moment_us(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
