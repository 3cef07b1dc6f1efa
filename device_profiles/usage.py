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
- Energy of a counter is spread evenly between two observations; a counter that falls was reset, so
  its new value counts from 0. Power is held like the state. Over unobserved intervals no energy is
  given (when it was used is unknown); a slot without any has `energy_wh=None`.
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

from device_profiles.reading import Quality, Reading, Value
from device_profiles.schema import DeviceProfile, UsageRule

SLOT_S = 300

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


def energy_of(profile: DeviceProfile, rule: UsageRule | None = None) -> Energy | None:
    """Return where the energy of a profile's slots comes from, by its rule or the one given."""
    rule = rule or profile.usage
    if rule is None or rule.energy_point is None:
        return None
    point = profile.points[rule.energy_point]
    if point.quantity == "energy":
        return Energy(rule.energy_point, "counter", point.definition.converted(1, point.unit, "Wh"))
    return Energy(rule.energy_point, "power", point.definition.converted(1, point.unit, "W"))


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
    states, powers = _Series(), _Series()
    for reading in observations:
        _note(reading, rule, energy, states, powers)
    begin = _ms(since) // _SLOT_MS * _SLOT_MS
    return _slots(asset, rule, energy, states, powers, begin, _ms(until))


def state_spans(
    rule: UsageRule, observations: Iterable[Reading], *, until: datetime
) -> list[StateSpan]:
    """Return the states one after another from the first observation to `until`."""
    states = _Series()
    for reading in observations:
        _note(reading, rule, None, states, states)
    return [
        StateSpan(_moment(start), _moment(end), STATES[rank])
        for start, end, rank in _state_spans(rule, states, _ms(until))
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
        self._states = _Series()
        self._powers = _Series()
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
            for point, series in self._series()
            for i in range(len(series.times))
        ]
        final = None if self._final_ms is None else _moment(self._final_ms)
        return MeterState(final, tuple(readings))

    @property
    def final_until(self) -> datetime | None:
        """Slots that end here or before are settled; None before the first."""
        return None if self._final_ms is None else _moment(self._final_ms)

    @property
    def needed_since(self) -> datetime | None:
        """The earliest observation still needed: kept ones before this may be deleted."""
        firsts = [series.times[0] for _, series in self._series() if series.times]
        return _moment_us(min(firsts)) if firsts else None

    def restore(self, trail: MeterState) -> None:
        """Take up where the trail ends; its slots that are not final are given out once more."""
        for reading in trail.observations:
            self._take(reading)
        if trail.final_until is not None:
            self._final_ms = _ms(trail.final_until)
        self._is_stale = True

    def observe(self, reading: Reading) -> bool:
        """Take in a reading; False where it is about no usage or came too late to count."""
        if self._final_ms is not None and _ms(reading.observed_at) < self._final_ms:
            self.too_late += reading.point in {point for point, _ in self._series()}
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
            self.asset,
            self.rule,
            self.energy,
            self._states,
            self._powers,
            begin,
            until_ms,
            always,
        ):
            start = _ms(slot.start)
            if start < closed and slot != self._sent.get(start):
                changed.append(slot)
                self._sent[start] = slot
        self._closed_ms = max(closed, self._closed_ms or closed)
        self._computed_ms, self._is_stale = until_ms, False
        self._settle(until_ms)
        return changed

    def _take(self, reading: Reading) -> bool:
        is_noted = _note(reading, self.rule, self.energy, self._states, self._powers)
        if is_noted:
            self._device = reading.device
            at = _ms(reading.observed_at)
            self._is_stale |= at < self._computed_ms or self._reaches_back(reading)
        return is_noted

    def _reaches_back(self, reading: Reading) -> bool:
        """Whether a counter's new value gives energy to a slot that was given out before."""
        if self.energy is None or reading.point != self.energy.point or self._closed_ms is None:
            return False
        times = self._powers.times
        at = bisect_left(times, _us(reading.observed_at))
        return at > 0 and times[at - 1] // 1000 < self._closed_ms

    def _series(self) -> list[tuple[str, "_Series"]]:
        pairs = [(self.rule.point, self._states)]
        if self.energy is not None:
            pairs.append((self.energy.point, self._powers))
        return pairs

    def _is_due(self, until_ms: int, closed: int) -> bool:
        if self._is_stale or self._closed_ms is None or closed > self._closed_ms:
            return True
        for _, series in self._series():
            silent = series.times[-1] // 1000 + self._gap_ms if series.times else until_ms
            if self._computed_ms <= silent < until_ms:
                return True
        return False

    def _begin(self) -> int | None:
        firsts = [series.times[0] // 1000 for _, series in self._series() if series.times]
        if self._final_ms is not None:
            return self._final_ms
        return min(firsts) // _SLOT_MS * _SLOT_MS if firsts else None

    def _settle(self, until_ms: int) -> None:
        """Make slots final that are older than the lateness, or too many to keep open."""
        final = until_ms - self._lateness_ms
        for _, series in self._series():
            if len(series.times) > self._max_observations:
                final = max(final, series.times[-self._max_observations] // 1000)
        final = min(final // _SLOT_MS * _SLOT_MS, self._closed_ms or 0)
        begin = self._begin()
        if begin is None or final <= begin:
            return
        self._final_ms = final
        for _, series in self._series():
            series.drop_before(final - self._hold_ms)
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
        keep = max(bisect_right(self.times, time_ms * 1000) - 1, 0)
        del self.times[:keep]
        del self.ranks[:keep]
        del self.values[:keep]


def _note(
    reading: Reading, rule: UsageRule, energy: Energy | None, states: _Series, powers: _Series
) -> bool:
    """Put a reading where it counts; whether it does anywhere."""
    if reading.quality is Quality.BAD:
        return False
    at, value = _us(reading.observed_at), reading.value
    is_noted = False
    if reading.point == rule.point and (rank := _rank(rule, value)) is not None:
        states.add(at, rank, value)
        is_noted = True
    if energy is not None and reading.point == energy.point and _is_number(value):
        powers.add(at, float(value), value)
        is_noted = True
    return is_noted


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


def _state_spans(rule: UsageRule, states: _Series, until: int) -> list[tuple[int, int, int]]:
    """Return (start, end, rank) without holes from the first observation to `until`, in ms."""
    gap = _span_ms(rule.max_gap_s)
    parts: list[tuple[int, int, int]] = []
    for start, end, i in _intervals(states, until):
        rank = int(states.ranks[i]) if end - start <= gap else _UNOBSERVED
        if parts and parts[-1][2] == rank:
            parts[-1] = (parts[-1][0], end, rank)
        elif end > start:
            parts.append((start, end, rank))
    hold = _span_ms(rule.hold_s)
    return _bridge(_bridge(parts, _ACTIVE, hold), _STANDBY, hold)


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
    rule: UsageRule,
    energy: Energy | None,
    states: _Series,
    powers: _Series,
    begin: int,
    until: int,
    always: Iterable[int] | None = None,
) -> list[UsageSlot]:
    """Return the slots from `begin` on; of those without observation only the ones in `always`.

    A clock that jumps from 1970 leaves decades without an observation; they cost nothing.
    """
    count = max(0, -(-(until - begin) // _SLOT_MS))
    spent: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for start, end, rank in _state_spans(rule, states, until):
        if rank != _UNOBSERVED:
            for number, overlap in _overlaps(start, end, begin, count):
                spent[number][rank] += overlap
    energies: dict[int, float] = {}
    if energy is not None:
        for start, end, amount in _energy_parts(rule, energy, powers, until):
            for number, overlap in _overlaps(start, end, begin, count):
                share = amount * overlap / (end - start)
                energies[number] = energies.get(number, 0.0) + share
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
                energy_wh=None if wh is None else round(wh, 4),
            )
        )
    return slots


def _energy_parts(
    rule: UsageRule, energy: Energy, powers: _Series, until: int
) -> Iterator[tuple[int, int, float]]:
    """Yield (start, end, Wh) of the intervals whose energy is known, in ms."""
    gap = _span_ms(rule.max_gap_s)
    last = len(powers.times) - 1
    for start, end, i in _intervals(powers, until):
        if not 0 < end - start <= gap:
            continue
        value = powers.ranks[i] * energy.factor
        if energy.kind == "power":
            yield start, end, value * (end - start) / 3_600_000
        elif i < last and powers.times[i + 1] // 1000 == end:
            then = powers.ranks[i + 1] * energy.factor
            yield start, end, then - value if then >= value else then


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
