"""Faults of devices: one function for each, driven by the entries of a scenario.

Each one makes the trouble, waits, and takes it back. The truth log has a `fault` line for each, and
a `silent` line for the time in which the device sent nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from simulators.audit.truth import iso
from simulators.devices.actor import Actor, pause
from simulators.school.planned import FaultName, FaultPlan
from simulators.school.scenario import first_fit

Fault = Callable[[Actor, float, asyncio.Event], Awaitable[None]]


async def silence(actor: Actor, for_s: float, stop: asyncio.Event) -> None:
    """Send and answer nothing; connections stay open."""
    begins = actor.clock()
    actor.is_silent = True
    await pause(stop, for_s)
    actor.is_silent = False
    actor.note("silent", **{"from": iso(begins), "to": iso(actor.clock())})


async def disconnect(actor: Actor, for_s: float, stop: asyncio.Event) -> None:
    """Drop the connections without a word, and send nothing for a while."""
    actor.hang_up()
    await silence(actor, for_s, stop)


async def garbage(actor: Actor, for_s: float, stop: asyncio.Event) -> None:
    """Send what makes no sense."""
    actor.is_garbled = True
    await pause(stop, for_s)
    actor.is_garbled = False


async def refuse(actor: Actor, for_s: float, stop: asyncio.Event) -> None:
    """Answer that it is busy; a device whose protocol has no such answer sends nothing."""
    if actor.can_refuse:
        actor.is_refusing = True
        await pause(stop, for_s)
        actor.is_refusing = False
    else:
        await silence(actor, for_s, stop)


async def reset(actor: Actor, for_s: float, stop: asyncio.Event) -> None:
    """Lose power: silent for a while, then counters begin from nought."""
    await silence(actor, for_s, stop)
    actor.behaviour.reset_totals(actor.clock())


FAULTS: dict[FaultName, Fault] = {
    "silence": silence,
    "disconnect": disconnect,
    "garbage": garbage,
    "refuse": refuse,
    "reset": reset,
}


async def play(plans: Sequence[FaultPlan], actors: Sequence[Actor], stop: asyncio.Event) -> None:
    """Make every fault at its time, counted from now."""
    by_name = {actor.id: actor for actor in actors}
    async with asyncio.TaskGroup() as group:
        for plan in plans:
            name = first_fit(plan.device, by_name)
            if name is not None:
                group.create_task(_play_one(plan, by_name[name], stop))


async def _play_one(plan: FaultPlan, actor: Actor, stop: asyncio.Event) -> None:
    if await pause(stop, plan.at_s):
        return
    actor.note("fault", fault=plan.fault, for_s=plan.for_s)
    await FAULTS[plan.fault](actor, plan.for_s, stop)
