"""What the cloud receives of a day instead of the truth: tampering, dead devices, cut lines.

Everything starts from the true day. A manipulated device reports use that did not take place; one
that died or was unplugged is unobserved; what a gateway could not send is late, or never comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from simulators.city.fleet import Fleet
from simulators.city.habits import SLOT_S, SLOTS, Day, between, spread
from simulators.city.schools import School
from simulators.city.seeded_random import Bools, Floats, Ints, draws

FLAGS = ("left_on", "machine_made", "silenced", "dead", "frozen", "dropped_out", "late", "lost")
"""What may be untrue of an asset's day; a column of the truth for each."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a school does to its telemetry, device by device."""

    is_left_on: Bools
    is_machine_made: Bools
    is_silenced: Bools
    silent_from: date
    """Silenced devices report nothing from this day to the eve of the review."""
    dies: Ints
    """Ordinal of the day from which a device is dead; a huge number for never."""
    is_frozen: Bools
    """Dead devices that go on reporting the same value."""
    left_until: Floats
    left_from: Floats
    script_start: Floats
    """Seconds into a lesson at which a script switches on, and for how long."""
    script_length: Floats
    script_jitter: float
    eagerness: float
    """The share of days on which the school tampers."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which a gateway's line was cut; seconds of the local day."""

    starts: int
    ends: int
    is_lost: bool
    delay_s: int
    """How long after its end the slots arrive."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A time in which a device was out of its gateway's reach; seconds of the local day."""

    device: int
    starts: int
    ends: int


@dataclass(slots=True)
class ReportedDay:
    """What is sent of a day: [D, 288] seconds, and per slot when it arrives."""

    active: Floats
    standby: Floats
    unobserved: Floats
    received_s: Ints
    """[288] microseconds after local midnight."""
    is_sent: Bools
    """[288]."""
    outages: list[Outage]
    drops: list[Drop]
    flags: dict[str, Bools] = field(default_factory=dict)
    """By flag, [D]."""


def make_plan(school: School, fleet: Fleet, days: Sequence[date], seed: int) -> Plan:
    """Return what a school's character does to its devices."""
    random = draws(seed, "mischief", school.index)
    number = len(fleet)
    screens = np.array([way in {"screen", "desk"} for way in fleet.ways])
    chosen = random.random(number) < school.share
    if number and not chosen[screens].any() and screens.any():
        chosen[np.flatnonzero(screens)[0]] = True
    none = np.zeros(number, np.bool_)
    never = np.full(number, 10_000_000)
    sparse = random.random(number) < 0.006
    dies = np.where(sparse, _day_in(days, random, number), never)
    if school.character == "dead_sensors":
        dies = np.where(chosen, _day_in(days, random, number, latest=0.6), dies)
    silent_for = int(random.integers(2, 6))
    before = [day for day in days if day < school.inspected]
    style = random.random()
    until = 61_200.0 if style < 0.4 else 81_000.0 if style < 0.75 else 86_400.0
    together = random.random() < 0.5
    start = random.uniform(30, 420, 1 if together else number)
    length = random.choice((600.0, 900.0, 1200.0, 1500.0), 1 if together else number)
    return Plan(
        is_left_on=chosen & screens if school.character == "left_on" else none,
        is_machine_made=chosen & screens if school.character == "machine_like" else none,
        is_silenced=chosen if school.character == "stops_before_inspection" else none,
        silent_from=before[-silent_for:][0] if before else school.inspected,
        dies=dies,
        is_frozen=random.random(number) < 0.25,
        left_from=random.uniform(25_800, 28_200, number).astype(np.float32),
        left_until=np.minimum(until + random.uniform(-2400, 2400, number), 86_400).astype(
            np.float32
        ),
        script_start=np.broadcast_to(np.rint(start), (number,)).astype(np.float32),
        script_length=np.broadcast_to(length, (number,)).astype(np.float32),
        script_jitter=float(random.choice((0.0, 2.0, 8.0, 25.0))),
        eagerness=float(random.uniform(0.72, 0.97)),
    )


def reported_day(
    school: School,
    fleet: Fleet,
    plan: Plan,
    true: Day,
    day: date,
    random: np.random.Generator,
    *,
    is_taught: bool,
) -> ReportedDay:
    """Return what is sent of a day."""
    number = len(fleet)
    active, standby = true.active.copy(), true.standby.copy()
    unobserved = np.zeros((number, SLOTS), np.float32)
    flags = {name: np.zeros(number, np.bool_) for name in FLAGS}
    if is_taught:
        _show_lunch_news(fleet, active, standby, random)
        if day >= school.starts:
            _play(fleet, plan, true, active, standby, flags, random)
    _break(plan, day, active, standby, unobserved, flags)
    if plan.silent_from <= day < school.inspected and plan.is_silenced.any():
        _silence(plan.is_silenced, active, standby, unobserved)
        flags["silenced"] |= plan.is_silenced
    drops = _drop_out(school, active, standby, unobserved, flags, random)
    outages = _outages(school, day, random)
    received, sent, late = _arrivals(outages, random)
    flags["late"][:] = bool(late)
    flags["lost"][:] = not sent.all()
    return ReportedDay(active, standby, unobserved, received, sent, outages, drops, flags)


def _day_in(
    days: Sequence[date], random: np.random.Generator, number: int, latest: float = 1.0
) -> Ints:
    ordinals = np.array([day.toordinal() for day in days])
    places = random.integers(0, max(1, round(latest * len(days))), number)
    return ordinals[places]


def _show_lunch_news(
    fleet: Fleet, active: Floats, standby: Floats, random: np.random.Generator
) -> None:
    """Let a screen now and then run on with something playing, by oversight."""
    runs = random.random(len(fleet), dtype=np.float32) < 0.006
    runs &= np.array(fleet.ways) == "screen"
    for device in np.flatnonzero(runs):
        used = np.flatnonzero(active[device])
        if len(used):
            last = int(used[-1])
            more = int(random.integers(6, 40))
            active[device, last : last + more] = SLOT_S
            standby[device, last : last + more] = 0


def _play(
    fleet: Fleet,
    plan: Plan,
    true: Day,
    active: Floats,
    standby: Floats,
    flags: dict[str, Bools],
    random: np.random.Generator,
) -> None:
    number = len(fleet)
    today = random.random(number) < plan.eagerness
    left = plan.is_left_on & today
    if left.any():
        wobble = random.uniform(-600, 600, number).astype(np.float32)
        start, end = np.rint(plan.left_from + wobble), np.rint(plan.left_until + wobble / 2)
        shown = between(start[left], np.minimum(end[left], 86_400))
        active[left] = np.maximum(active[left], shown)
        standby[left] = np.minimum(standby[left], SLOT_S - active[left])
        flags["left_on"] |= left
    made = plan.is_machine_made & today
    if made.any():
        shape = true.lessons.shape
        jitter = random.normal(0, 1, (2, *shape)).astype(np.float32) * plan.script_jitter
        first = fleet.span[:, 0].astype(np.float32)
        start = np.rint(first + plan.script_start[:, None] + jitter[0])
        start = np.maximum(start, first)
        last = fleet.span[:, 1].astype(np.float32)
        end = np.clip(np.rint(start + plan.script_length[:, None] + jitter[1]), start, last)
        start, end = np.where(true.lessons, start, 0), np.where(true.lessons, end, 0)
        scripted = spread(fleet, start, end)[made]
        on = np.maximum(standby[made] + active[made], scripted)
        active[made], standby[made] = scripted, on - scripted
        flags["machine_made"] |= made


def _break(
    plan: Plan,
    day: date,
    active: Floats,
    standby: Floats,
    unobserved: Floats,
    flags: dict[str, Bools],
) -> None:
    is_dead = plan.dies <= day.toordinal()
    if not is_dead.any():
        return
    frozen = is_dead & plan.is_frozen
    active[is_dead] = 0
    standby[is_dead] = 0
    standby[frozen] = SLOT_S
    unobserved[is_dead & ~frozen] = SLOT_S
    flags["dead"] |= is_dead & ~frozen
    flags["frozen"] |= frozen


def _silence(rows: Bools, active: Floats, standby: Floats, unobserved: Floats) -> None:
    active[rows] = 0
    standby[rows] = 0
    unobserved[rows] = SLOT_S


def _drop_out(
    school: School,
    active: Floats,
    standby: Floats,
    unobserved: Floats,
    flags: dict[str, Bools],
    random: np.random.Generator,
) -> list[Drop]:
    """Let single devices be out of reach for a while, as radios and plugs are; return when."""
    number = len(active)
    times: list[Drop] = []
    drops = random.random(number) < 0.008 + 0.02 * (1.0 - school.care)
    for device in np.flatnonzero(drops):
        start = np.float32(random.integers(21_600, 68_400))
        end = start + np.float32(np.rint(random.gamma(1.5, 2400)) + 120)
        gone = between(np.array([start]), np.array([min(end, np.float32(86_400))]))[0]
        left = 1 - gone / SLOT_S
        active[device] = np.floor(active[device] * left)
        standby[device] = np.floor(standby[device] * left)
        unobserved[device] = np.maximum(unobserved[device], gone)
        full = unobserved[device] == SLOT_S
        active[device][full] = 0
        standby[device][full] = 0
        times.append(Drop(int(device), int(start), int(min(end, np.float32(86_400)))))
    flags["dropped_out"] |= drops
    return times


def _outages(school: School, day: date, random: np.random.Generator) -> list[Outage]:
    """Return when the school was cut off: rarely, but most days where the gateway is broken."""
    outages: list[Outage] = []
    luck = random.random(3)
    if school.character == "broken_gateway" and day >= school.starts:
        if luck[0] < school.share:
            start = int(random.integers(0, 64_800))
            length = int(np.clip(random.gamma(2.0, 9000), 900, 86_400))
            is_lost = bool(luck[1] < 0.45)
            delay = int(random.gamma(1.2, 14_000))
            outages.append(Outage(start, min(start + length, 86_400), is_lost, delay))
        elif luck[0] > 0.96:
            outages.append(Outage(0, 86_400, is_lost=True, delay_s=0))
    elif luck[0] < 0.025:
        start = int(random.integers(18_000, 72_000))
        length = int(random.gamma(2.0, 1800)) + 300
        outages.append(Outage(start, min(start + length, 86_400), bool(luck[1] < 0.12), 60))
    return outages


def _arrivals(outages: list[Outage], random: np.random.Generator) -> tuple[Ints, Bools, bool]:
    """Return when each slot arrives, whether it does, and whether any is late."""
    ends = (np.arange(SLOTS) + 1) * SLOT_S
    jitter = random.integers(2_000_000, 45_000_000, SLOTS)
    received = ends * 1_000_000 + jitter
    sent = np.ones(SLOTS, np.bool_)
    is_late = False
    for outage in outages:
        touched = (ends > outage.starts) & (ends - SLOT_S < outage.ends)
        if outage.is_lost:
            sent &= ~touched
        else:
            back = (outage.ends + outage.delay_s) * 1_000_000
            received = np.where(touched, np.maximum(received, back + jitter), received)
            is_late = is_late or bool((received - ends * 1_000_000 > 600_000_000).any())
    return received, sent, is_late
