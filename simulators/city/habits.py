"""What people do with the devices of a school on a day: the truth, before it is reported.

Seconds of a local day from midnight; a slot is five minutes. Every use is an interval within one
span of the day (a lesson or noon), so uses never overlap.
"""

from dataclasses import dataclass

import numpy as np

from simulators.city.fleet import Fleet
from simulators.city.seeded_random import Bools, Floats

SLOT_S = 300
SLOTS = 288
_REACH = 14
"""Slots that a span can touch: an hour and the two it may begin and end in."""
_EDGES = (np.arange(SLOTS, dtype=np.float32) * SLOT_S)[None, :]


@dataclass(slots=True)
class Day:
    """Seconds active and standby in each slot, [D, 288]; the rest of a slot is off."""

    active: Floats
    standby: Floats
    lessons: Bools
    """[D, P] timetabled today."""
    used: Floats
    """[D, P] seconds of use in each span."""


def forgotten(fleet: Fleet, random: np.random.Generator) -> Bools:
    """Return which devices stay on in the evening of a day."""
    return random.random(len(fleet), dtype=np.float32) < fleet.forgets


def true_day(
    fleet: Fleet,
    weekday: int | None,
    random: np.random.Generator,
    left_on: Bools,
    left_on_yesterday: Bools,
) -> Day:
    """Return what happens on a day that is taught as a weekday (1 Monday); None: no lessons."""
    number, spans = len(fleet), len(fleet.span)
    if weekday is None:
        idle = np.zeros((number, SLOTS), np.float32)
        none = np.zeros((number, spans), np.float32)
        return Day(idle, idle.copy(), none > 0, none)
    mood = float(np.clip(random.normal(1.0, 0.09), 0.6, 1.25))
    if random.random() < 0.03:  # an outing, exams
        mood *= 0.45
    lessons = fleet.is_lesson[:, weekday - 1]
    luck = random.random((3, number, spans), dtype=np.float32)
    uses = luck[0] < fleet.chance[:, weekday - 1] * np.float32(mood)
    first = fleet.span[:, 0].astype(np.float32)
    last = fleet.span[:, 1].astype(np.float32)
    start = first - fleet.start[:, None] * np.log(luck[1] + np.float32(1e-4)) * np.float32(0.8)
    start = np.minimum(np.rint(start), last - 60)
    length = fleet.length[:, None] * (np.float32(0.35) + np.float32(1.3) * luck[2])
    tail = np.rint(np.float32(150) * luck[2])
    end = np.where(fleet.runs_through[:, None], last - tail, np.rint(start + length))
    end = np.clip(end, start, last + 120)
    timed = fleet.is_timed[:, None]
    start, end = np.where(timed, first, start), np.where(timed, last, end)
    start, end = np.where(uses, start, 0), np.where(uses, end, 0)
    active = spread(fleet, start, end)
    if fleet.is_notice.any():
        shown = between(np.full(number, np.float32(26_400)), np.full(number, np.float32(63_000)))
        active = np.where(fleet.is_notice[:, None], shown, active)
    standby = _standby(fleet, uses, start, end, active, random, left_on, left_on_yesterday)
    return Day(active, standby, lessons, end - start)


def spread(fleet: Fleet, start: Floats, end: Floats) -> Floats:
    """Return the seconds of each slot that intervals [D, P] within the spans cover."""
    covered = np.zeros((len(start), SLOTS), np.float32)
    steps = np.arange(_REACH, dtype=np.float32) * SLOT_S
    for span, first in enumerate(fleet.span[:, 0]):
        slot = max(0, int(first) // SLOT_S - 1)
        width = min(_REACH, SLOTS - slot)
        edges = steps[:width] + np.float32(slot * SLOT_S)
        seconds = np.minimum(end[:, span, None], edges + SLOT_S)
        seconds -= np.maximum(start[:, span, None], edges)
        covered[:, slot : slot + width] += np.maximum(seconds, 0)
    return covered


def between(start: Floats, end: Floats) -> Floats:
    """Return the seconds of each slot of the day that one interval a device [D] covers."""
    seconds = np.minimum(end[:, None], _EDGES + SLOT_S) - np.maximum(start[:, None], _EDGES)
    covered: Floats = np.maximum(seconds, 0, out=seconds)
    return covered


def _standby(
    fleet: Fleet,
    uses: Bools,
    start: Floats,
    end: Floats,
    active: Floats,
    random: np.random.Generator,
    left_on: Bools,
    left_on_yesterday: Bools,
) -> Floats:
    """Return how long each device is on without being used."""
    number = len(fleet)
    luck = random.random((3, number), dtype=np.float32)
    is_used: Bools = np.asarray(uses.any(axis=1))
    morning = np.where(uses, start, np.float32(1e6)).min(axis=1)
    evening = end.max(axis=1)
    on = np.where(fleet.stays_on, morning - 120 - np.rint(1500 * luck[0]), morning - 60)
    off = np.rint(evening + 120 - 900 * np.log(luck[1] + np.float32(1e-3)))
    off = np.minimum(off, np.float32(86_400 - 1))
    off = np.where(left_on & is_used, np.float32(86_400), off)
    seconds = np.where(is_used[:, None], between(on, off), 0)
    short = ~fleet.stays_on & ~left_on
    if short.any():
        # In the span's own slots only, so that what follows another lesson stays its own.
        margin = np.where(uses, 90 + np.rint(120 * luck[2])[:, None], 0)
        seconds[short] = spread(fleet, start - np.rint(margin / 2), end + margin)[short]
    if left_on_yesterday.any():
        night = np.where(left_on_yesterday, np.float32(25_200) + np.rint(1800 * luck[0]), 0)
        seconds = np.maximum(seconds, between(np.zeros_like(night), night))
    return np.maximum(np.minimum(seconds, SLOT_S) - active, 0)
