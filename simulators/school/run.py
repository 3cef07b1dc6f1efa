"""A whole simulated school in one process: `python -m simulators.school.run PLAN_FOLDER`.

SIGTERM and SIGINT: everybody falls silent, then everything closes. SIGUSR1: devices stop speaking
on their own and stay in their states, while servers go on answering.
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from simulators.audit.truth import TruthLog
from simulators.devices import faults
from simulators.devices.actor import Halt, SimulatedDevice
from simulators.devices.factory import simulate
from simulators.devices.protocol import simulators
from simulators.errors import SimulatorError
from simulators.school.planned import School
from simulators.school.scenario import load_school

LEAVE_S = 1.5
"""How long devices may take to finish what they are saying when the school ends."""


async def run_school(
    plan: Path,
    stop: asyncio.Event,
    ready: Callable[[], None],
    *,
    freeze: asyncio.Event | None = None,
    scenario: str | None = None,
) -> None:
    """Run the school of a plan folder until `stop`; call `ready` once every device can be reached.

    Raises ScenarioErrors where the plan is wrong, SimulatorError where a port is taken.
    """
    school = load_school(plan, scenario)
    async with AsyncExitStack() as stack:
        truth = await stack.enter_async_context(TruthLog(school.folder / school.plan.truth))
        by_protocol = {name: kind(school, truth) for name, kind in simulators().items()}
        devices = [
            simulate(planned, school.plan, truth, by_protocol[planned.profile.protocol])
            for planned in school.devices
        ]
        for simulator in by_protocol.values():
            stack.push_async_callback(simulator.stop)
            await simulator.start()
        await _play(school, devices, Halt(stop=stop), ready, freeze or asyncio.Event())


async def _play(
    school: School,
    devices: list[SimulatedDevice],
    halt: Halt,
    ready: Callable[[], None],
    freeze: asyncio.Event,
) -> None:
    is_ready = asyncio.Event()
    waiting = {device.actor.id for device in devices}

    def arrived(name: str) -> None:
        waiting.discard(name)
        if not waiting and not is_ready.is_set():
            is_ready.set()
            ready()

    if not devices:
        arrived("")
    async with asyncio.TaskGroup() as group:
        watchers = [
            group.create_task(_freeze_then(freeze, devices, halt)),
            group.create_task(_faults_after(is_ready, school, devices, halt)),
        ]
        players = []
        for device in devices:
            device.actor.begin()
            players.append(group.create_task(device.run(halt, _named(arrived, device.actor.id))))
        await halt.stop.wait()
        halt.quiet.set()
        if players:
            await asyncio.wait(players, timeout=LEAVE_S)
        for task in (*watchers, *players):
            task.cancel()


async def _faults_after(
    is_ready: asyncio.Event, school: School, devices: list[SimulatedDevice], halt: Halt
) -> None:
    await is_ready.wait()
    await faults.play(school.plan.faults, [device.actor for device in devices], halt.stop)


async def _freeze_then(freeze: asyncio.Event, devices: list[SimulatedDevice], halt: Halt) -> None:
    await freeze.wait()
    halt.quiet.set()
    for device in devices:
        device.actor.is_frozen = True


def _named(call: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: call(name)


def main(argv: list[str] | None = None) -> int:
    """Run one school until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m simulators.school.run", description=__doc__)
    parser.add_argument("plan", type=Path, help="folder with school.yaml")
    parser.add_argument("--scenario", help="faults to play: a name of ours, or a YAML file")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    try:
        asyncio.run(_until_told(arguments.plan, arguments.scenario))
    except SimulatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _until_told(plan: Path, scenario: str | None = None) -> None:
    stop, freeze = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, freeze.set)
    await run_school(plan, stop, _say_ready, freeze=freeze, scenario=scenario)


def _say_ready() -> None:
    sys.stdout.write("ready: every device of the school is there\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
