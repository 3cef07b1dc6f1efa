"""Slots -> use per asset and whole day, evening and night: the reference, in plain Python.

`cloud.utilization.daily_rollup` has the same as an expression for an engine; a property
test holds the two together. What the words mean:

- A slot is *due* as in `cloud.utilization.reference_rollup`; it counts among `slots` unless it is
  wholly unobserved, and among `in_time_slots` where it came at most ten minutes after its end.
- The evening begins at 22:00 and ends with the day; a device is *on* while active or standby. Its
  seconds due and neither on nor off are unobserved. The night ends at 05:00.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cloud.utilization.periods import Day, week_of
from cloud.utilization.reference_rollup import GRACE, Target
from device_profiles.usage import SLOT_S, UsageSlot

_SLOT = timedelta(seconds=SLOT_S)


@dataclass(frozen=True, slots=True)
class DayUse:
    """One row of `usage_days`: an asset on a day."""

    school: str
    asset: str
    day: date
    week: str
    asset_id: int | None
    room: str | None
    category: str | None
    due_slots: float
    slots: float
    in_time_slots: float | None
    evening_due_s: float
    evening_on_s: float
    evening_unobserved_s: float
    active_s: float
    night_active_s: float


def use_of_days(
    targets: Iterable[Target],
    slots: Iterable[tuple[UsageSlot, datetime | None]],
    days: Iterable[Day],
    *,
    horizon: datetime,
) -> list[DayUse]:
    """Return a row per target of which any slot is due; each slot with when it first came.

    None is where the receipt is unknown.
    """
    by_day = {day.day: day for day in days}
    arrived: dict[str, dict[datetime, tuple[UsageSlot, datetime | None]]] = {}
    for slot, received_at in slots:
        arrived.setdefault(slot.asset, {})[slot.start] = (slot, received_at)
    rows = []
    for target in targets:
        day = by_day.get(target.day)
        if day is not None:
            row = _row(target, day, arrived.get(target.asset, {}), horizon)
            rows += [row] if row.due_slots else []
    return rows


def _row(
    target: Target,
    day: Day,
    arrived: dict[datetime, tuple[UsageSlot, datetime | None]],
    horizon: datetime,
) -> DayUse:
    starts = _slots(day)
    here = [arrived[start] for start in starts if start in arrived]
    due = [
        start for start in starts if start in arrived or (target.owes and start + _SLOT <= horizon)
    ]
    reported = [(slot, at) for slot, at in here if slot.unobserved_s < SLOT_S]
    evening_due_s = sum(_overlap_s(start, day.evening, day.end) for start in due)
    evening = [(slot, _overlap_s(slot.start, day.evening, day.end) / SLOT_S) for slot, _ in here]
    on_s = sum((slot.active_s + slot.standby_s) * share for slot, share in evening)
    off_s = sum(slot.off_s * share for slot, share in evening)
    return DayUse(
        school=target.school,
        asset=target.asset,
        day=target.day,
        week=week_of(target.day),
        asset_id=target.asset_id,
        room=target.room,
        category=target.category,
        due_slots=float(len(due)),
        slots=float(len(reported)),
        in_time_slots=_in_time(reported),
        evening_due_s=evening_due_s,
        evening_on_s=on_s,
        evening_unobserved_s=max(evening_due_s - on_s - off_s, 0.0),
        active_s=sum(slot.active_s for slot, _ in here),
        night_active_s=sum(
            slot.active_s * _overlap_s(slot.start, day.start, day.night_end) / SLOT_S
            for slot, _ in here
        ),
    )


def _in_time(reported: list[tuple[UsageSlot, datetime | None]]) -> float | None:
    """Return how many slots came in time, None where the receipt of one is unknown."""
    count = 0
    for slot, at in reported:
        if at is None:
            return None
        count += at <= slot.start + _SLOT + GRACE
    return float(count)


def _slots(day: Day) -> list[datetime]:
    count = round((day.end - day.start) / _SLOT)
    return [day.start + number * _SLOT for number in range(count)]


def _overlap_s(slot: datetime, start: datetime, end: datetime) -> float:
    """Return how many seconds of a slot lie in a span."""
    return max((min(slot + _SLOT, end) - max(slot, start)).total_seconds(), 0.0)
