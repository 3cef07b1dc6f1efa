"""Slots -> state intervals, in each of which one state prevailed, for drawing a day. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cloud.domain import State, StateInterval
from cloud.telemetry.store import Slot
from device_profiles.usage import SLOT_S

_SLOT = timedelta(seconds=SLOT_S)
_STRONGEST_FIRST: tuple[State, ...] = ("active", "standby", "off", "unobserved")


def prevailing(slot: Slot) -> State:
    """Return the state that took most of the slot; of equals the strongest."""
    seconds: dict[State, float] = {
        "active": slot.active_s,
        "standby": slot.standby_s,
        "off": slot.off_s,
        "unobserved": slot.unobserved_s,
    }
    return max(_STRONGEST_FIRST, key=lambda state: seconds[state])


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
