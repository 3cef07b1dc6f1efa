"""A whole simulated school in one process: `python -m simulators.school.run PLAN_FOLDER`.

SIGTERM and SIGINT: every device falls silent, then everything closes. SIGUSR1: devices stop
reporting on their own and stay in their states, while servers go on answering. With `--hold` the
devices that a gateway has to subscribe to are switched on by SIGUSR2: a broker delivers nothing to
a gateway that has not subscribed yet, so the gateway of a school is started first.
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
from simulators.devices.actor import Shutdown, SimulatedDevice
from simulators.devices.factory import simulate
from simulators.devices.protocol import simulator_of, simulators
from simulators.errors import SimulatorError
from simulators.progress import write_line
from simulators.school.planned import School
from simulators.school.scenario import load_school

LEAVE_S = 1.5
"""How long devices may take to finish a report when the school ends."""


async def run_school(
    plan: Path,
    stop: asyncio.Event,
    ready: Callable[[], None],
    *,
    freeze: asyncio.Event | None = None,
    scenario: str | None = None,
    release: asyncio.Event | None = None,
    listening: Callable[[], None] = lambda: None,
) -> None:
    """Run the school of a plan folder until `stop`; call `ready` once every device can be reached.

    MQTT devices are switched on at `release`, at once where it is None. `listening` is called once
    the servers of the school are open.
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
        listening()
        halt = Shutdown(stop=stop)
        await _play(school, devices, halt, ready, freeze or asyncio.Event(), release)


async def _play(
    school: School,
    devices: list[SimulatedDevice],
    halt: Shutdown,
    ready: Callable[[], None],
    freeze: asyncio.Event,
    release: asyncio.Event | None,
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
            protocol = device.actor.planned.profile.protocol
            is_held = simulator_of(protocol).needs_subscriber
            player = _run_device(
                device, halt, _named(arrived, device.actor.id), release if is_held else None
            )
            players.append(group.create_task(player))
        await halt.stop.wait()
        halt.quiet.set()
        if players:
            await asyncio.wait(players, timeout=LEAVE_S)
        for task in (*watchers, *players):
            task.cancel()


async def _run_device(
    device: SimulatedDevice,
    halt: Shutdown,
    ready: Callable[[], None],
    release: asyncio.Event | None,
) -> None:
    if release is not None:
        await release.wait()
    device.actor.begin()
    await device.run(halt, ready)


async def _faults_after(
    is_ready: asyncio.Event, school: School, devices: list[SimulatedDevice], halt: Shutdown
) -> None:
    await is_ready.wait()
    await faults.play(school.plan.faults, [device.actor for device in devices], halt.stop)


async def _freeze_then(
    freeze: asyncio.Event, devices: list[SimulatedDevice], halt: Shutdown
) -> None:
    await freeze.wait()
    halt.quiet.set()
    for device in devices:
        device.actor.is_frozen = True


def _named(call: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: call(name)


def main(argv: list[str] | None = None) -> int:
    """Run one school until a signal stops it."""
    parser = argparse.ArgumentParser(prog="python -m simulators.school.run", description=__doc__)
    parser.add_argument("plan", type=Path, help="folder with school.yaml")
    parser.add_argument("--scenario", help="faults to play: a name of ours, or a YAML file")
    parser.add_argument(
        "--hold", action="store_true", help="switch MQTT devices on at SIGUSR2, not at once"
    )
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    try:
        asyncio.run(_until_signal(arguments.plan, arguments.scenario, is_held=arguments.hold))
    except SimulatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _until_signal(plan: Path, scenario: str | None, *, is_held: bool) -> None:
    stop, freeze, release = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, freeze.set)
    loop.add_signal_handler(signal.SIGUSR2, release.set)
    await run_school(
        plan,
        stop,
        lambda: write_line("ready: every device of the school can be reached"),
        freeze=freeze,
        scenario=scenario,
        release=release if is_held else None,
        listening=lambda: write_line("listening: buses and radio are open"),
    )


if __name__ == "__main__":
    sys.exit(main())
