"""From a profile and a line of the plan to a device that can be run: any profile of any folder."""

from collections.abc import Iterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

from device_profiles.usage import reachable_states
from simulators.audit.truth import TruthLog
from simulators.devices.actor import Actor, Clock, SimulatedDevice, utc_now
from simulators.devices.behaviour import STATES, Behaviour
from simulators.devices.protocol import Simulator
from simulators.school.planned import PlannedDevice, SchoolPlan
from simulators.school.timeline import Change, Lesson, lively, school_days


def simulate(
    planned: PlannedDevice,
    plan: SchoolPlan,
    truth: TruthLog,
    simulator: Simulator,
    *,
    clock: Clock = utc_now,
) -> SimulatedDevice:
    """Return the device of one line of the plan; `simulator` is that of its protocol."""
    transport = simulator.transport(plan, planned.address)
    actor = Actor(planned, behaviour(planned, plan, clock()), truth, transport, clock)
    return simulator.device(actor)


def behaviour(planned: PlannedDevice, plan: SchoolPlan, start: datetime) -> Behaviour:
    """Return how a device of the plan behaves from `start` on."""
    return Behaviour(
        planned.profile,
        planned.usage,
        changes(planned, plan, start),
        device=planned.plan.id,
        seed=plan.seed,
    )


def changes(planned: PlannedDevice, plan: SchoolPlan, start: datetime) -> Iterator[Change]:
    """Return the states of a device of the plan: lively, or by its room's timetable."""
    device, played = planned.plan.id, planned.profile.simulation
    if plan.lively:
        rule = planned.usage
        states = [s for s in STATES if rule is None or s in reachable_states(rule)]
        return lively(device, plan.seed, start, states)
    return school_days(
        played.behaviour if played is not None else "always_on",
        device,
        plan.seed,
        start,
        lessons_of(plan, planned.plan.room),
        ZoneInfo(plan.time_zone),
    )


def lessons_of(plan: SchoolPlan, room: str) -> list[Lesson]:
    """Return the lessons of a room."""
    periods = {period.period: period for period in plan.periods}
    return [
        Lesson(
            lesson.weekday,
            time.fromisoformat(periods[lesson.period].starts),
            time.fromisoformat(periods[lesson.period].ends),
        )
        for lesson in plan.lessons
        if lesson.room == room and lesson.period in periods
    ]
