"""Slots -> state intervals, in each of which one state prevailed, for drawing a day. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cloud import domain
from cloud.domain import State, StateInterval
from cloud.telemetry.store import Slot
from device_profiles.usage import SLOT_S

_SLOT = timedelta(seconds=SLOT_S)


def prevailing(slot: Slot) -> State:
    """Return the state that took most of the slot; of equals the strongest."""
    return domain.prevailing(slot.active_s, slot.standby_s, slot.off_s, slot.unobserved_s)


def state_intervals(slots: Sequence[Slot], start: datetime, end: datetime) -> list[StateInterval]:
    """Return the intervals from `start` to `end`, in order; where no slot is, it is unobserved."""
    intervals: list[StateInterval] = []
    cursor = start
    for slot in slots:
        if slot.start > cursor:
            _extend(intervals, cursor, slot.start, "unobserved", None)
        _extend(intervals, slot.start, slot.start + _SLOT, prevailing(slot), slot.energy_wh)
        cursor = slot.start + _SLOT
    if cursor < end:
        _extend(intervals, cursor, end, "unobserved", None)
    return intervals


def _extend(
    intervals: list[StateInterval],
    start: datetime,
    end: datetime,
    state: State,
    energy_wh: float | None,
) -> None:
    if intervals and intervals[-1].state == state and intervals[-1].end == start:
        last = intervals.pop()
        start = last.start
        if last.energy_wh is not None:
            energy_wh = last.energy_wh + (energy_wh or 0.0)
    intervals.append(StateInterval(start=start, end=end, state=state, energy_wh=energy_wh))
