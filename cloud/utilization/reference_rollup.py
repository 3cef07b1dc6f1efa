"""Slots x calendar x lessons -> use per asset, day and period: the reference, in plain Python.

`cloud.utilization.rollup` has the same as one expression for an engine; a property test holds the
two together. What the words mean:

- A slot is split over the periods it touches by the share of its length that falls into each.
- A second is *due* once its slot ended before the horizon, or once the slot has arrived. Seconds
  due but not seen as active, standby or off are *unobserved*: silence is never off.
- Devices that do not owe slots (`owes` is false: not in the ledger, or nothing that can be used)
  are due only for what they sent.
- A timetabled lesson counts once all of it is due. It is *observed* when at least `observed_share`
  of it was seen, *used* when it is observed and active for at least `used_share` of its length.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cloud.domain import SLOT_GRACE
from cloud.utilization.periods import Cut, Day, cuts, week_of
from device_profiles.usage import SLOT_S, UsageSlot

TEACHING = frozenset({"display", "recorder", "instrument", "epaper", "computer"})
"""Categories that can be used in a lesson; they owe a slot for every five minutes."""

GRACE = SLOT_GRACE
SLACK_S = 1e-6
"""Seconds by which a sum of shares may miss a threshold that it meets on paper."""


@dataclass(frozen=True, slots=True)
class LessonRule:
    """How much of a lesson has to be seen, and active, to count; shares of its length.

    Both are project defaults: no official formula for the use of a lesson was found.
    """

    observed_share: float = 0.5
    used_share: float = 0.25


@dataclass(frozen=True, slots=True)
class Target:
    """One asset on one day, to be rolled up.

    `asset` is its name in telemetry, `asset_id` its row in the ledger (None: not in the ledger).
    """

    school: str
    asset: str
    day: date
    asset_id: int | None
    room: str | None
    category: str | None
    owes: bool


@dataclass(frozen=True, slots=True)
class Lesson:
    """A timetabled lesson; two classes in one room at one time are one lesson of the room."""

    day: date
    period: int
    room: str


@dataclass(frozen=True, slots=True)
class PeriodUse:
    """One row of the roll-up: an asset in one period of one day."""

    school: str
    asset: str
    day: date
    period: int
    week: str
    weekday: int
    asset_id: int | None
    room: str | None
    category: str | None
    due_s: float
    active_s: float
    standby_s: float
    off_s: float
    unobserved_s: float
    energy_wh: float | None
    scheduled: bool
    lesson_over: bool
    lesson_observed: bool
    lesson_used: bool


@dataclass(slots=True)
class _Sum:
    """What arrived of one asset in one period."""

    active_s: float = 0.0
    standby_s: float = 0.0
    off_s: float = 0.0
    energy_wh: float | None = None
    arrived_s: float = 0.0
    early_s: float = 0.0
    """Of what arrived: slots that were not yet due."""

    def add(self, slot: UsageSlot, cut: Cut, *, due: bool) -> None:
        share = cut.overlap_s / SLOT_S
        self.active_s += slot.active_s * share
        self.standby_s += slot.standby_s * share
        self.off_s += slot.off_s * share
        if slot.energy_wh is not None:
            self.energy_wh = (self.energy_wh or 0.0) + slot.energy_wh * share
        self.arrived_s += cut.overlap_s
        self.early_s += 0.0 if due else cut.overlap_s


def roll_up(
    targets: Iterable[Target],
    slots: Iterable[UsageSlot],
    days: Iterable[Day],
    lessons: Collection[Lesson],
    *,
    horizon: datetime,
    rule: LessonRule | None = None,
) -> list[PeriodUse]:
    """Return one row per target and period of its day of which any second is due."""
    rule = rule or LessonRule()
    by_day = {day.day: list(cuts(day)) for day in days}
    sums = _sums(slots, by_day, horizon)
    rows = []
    for target in targets:
        for period, (length_s, due_s) in _lengths(by_day.get(target.day, []), horizon).items():
            total = sums.get((target.asset, target.day, period), _Sum())
            timetabled = Lesson(target.day, period, target.room or "") in lessons
            due = due_s + total.early_s if target.owes else total.arrived_s
            if due > 0:
                rows.append(_row(target, period, total, rule, length_s, due, timetabled))
    return rows


def _sums(
    slots: Iterable[UsageSlot], by_day: Mapping[date, list[Cut]], horizon: datetime
) -> dict[tuple[str, date, int], _Sum]:
    by_slot: dict[datetime, list[Cut]] = defaultdict(list)
    for day_cuts in by_day.values():
        for cut in day_cuts:
            by_slot[cut.slot_start].append(cut)
    sums: dict[tuple[str, date, int], _Sum] = defaultdict(_Sum)
    for slot in slots:
        for cut in by_slot.get(slot.start, ()):
            sums[slot.asset, cut.day, cut.period].add(slot, cut, due=is_due(cut, horizon))
    return sums


def is_due(cut: Cut, horizon: datetime) -> bool:
    """Whether the slot ended before the horizon."""
    return cut.slot_start + timedelta(seconds=SLOT_S) <= horizon


def _lengths(day_cuts: Iterable[Cut], horizon: datetime) -> dict[int, tuple[float, float]]:
    """Return seconds in all, and seconds due, of every period of a day."""
    lengths: dict[int, tuple[float, float]] = {}
    for cut in day_cuts:
        length_s, due_s = lengths.get(cut.period, (0.0, 0.0))
        due_s += cut.overlap_s if is_due(cut, horizon) else 0.0
        lengths[cut.period] = (length_s + cut.overlap_s, due_s)
    return lengths


def _row(
    target: Target,
    period: int,
    total: _Sum,
    rule: LessonRule,
    length_s: float,
    due_s: float,
    timetabled: bool,
) -> PeriodUse:
    seen_s = total.active_s + total.standby_s + total.off_s
    over = timetabled and due_s + SLACK_S >= length_s
    observed = over and seen_s + SLACK_S >= rule.observed_share * length_s
    return PeriodUse(
        school=target.school,
        asset=target.asset,
        day=target.day,
        period=period,
        week=week_of(target.day),
        weekday=target.day.isoweekday(),
        asset_id=target.asset_id,
        room=target.room,
        category=target.category,
        due_s=due_s,
        active_s=total.active_s,
        standby_s=total.standby_s,
        off_s=total.off_s,
        unobserved_s=max(due_s - seen_s, 0.0),
        energy_wh=total.energy_wh,
        scheduled=timetabled,
        lesson_over=over,
        lesson_observed=observed,
        lesson_used=observed and total.active_s + SLACK_S >= rule.used_share * length_s,
    )
