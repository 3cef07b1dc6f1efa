"""A gateway as a process of its own: killed, and back, with the radio going on in this one."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from simulators.virtual_radio import VirtualRadio
from tests._parts.patience import PATIENCE_S
from tests.edge.drivers.ble.conftest import READER, SENSOR, address_of

GATEWAY = """
import asyncio, json, sys
from device_profiles.protocols.ble import BleProfile
from edge.clock import SystemClock
from edge.drivers.ble.device import BleAdapter, BleDevice
from edge.drivers.ble.driver import BleDriver
from tests._parts.patience import PATIENCE_S

class Printing:
    def checkpoints(self, prefix):
        return checkpoints
    async def deliver(self, delivery):
        for reading in delivery.readings:
            print(json.dumps([reading.device, reading.point, reading.value]), flush=True)
        for mark in delivery.checkpoints.items():
            print(json.dumps(["mark", *mark]), flush=True)
    def device_failed(self, error):
        print(json.dumps(["error", "device", str(error)]), flush=True)
    def driver_failed(self, error):
        print(json.dumps(["error", "driver", str(error)]), flush=True)
    def device_answered(self, device_id):
        pass
    def driver_ready(self, driver):
        status = open("/proc/self/status").read()
        print(json.dumps(["memory", "kb", int(status.split("VmRSS:")[1].split()[0])]), flush=True)

hci, profiles, checkpoints = json.loads(sys.argv[1])
devices = [
    BleDevice(f"d{n}", BleProfile.model_validate(profile), address)
    for n, (profile, address) in enumerate(profiles)
]
adapter = BleAdapter(hci=hci, retry_s=0.05, retry_most_s=0.2)
asyncio.run(BleDriver(adapter, devices, SystemClock()).run(Printing()))
"""


class Gateway:
    """A gateway process, and its output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[list[Any]] = []

    async def until(self, condition: Callable[[list[list[Any]]], bool]) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self.lines):
                line = await self.process.stdout.readline()
                assert line, "the gateway ended"
                self.lines.append(json.loads(line))

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


async def start(radio: VirtualRadio, count: int, checkpoints: dict[str, str]) -> Gateway:
    profiles = [
        (_profile(number).model_dump(mode="json", exclude_none=True), address_of(number))
        for number in range(count)
    ]
    argument = json.dumps([radio.transport, profiles, checkpoints])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATEWAY, argument, stdout=asyncio.subprocess.PIPE
    )
    return Gateway(process)


def _profile(number: int) -> Any:
    return READER if number % 4 == 0 else SENSOR


@pytest.mark.real
async def test_killed_and_back_with_twelve_devices(
    radio: VirtualRadio, place: Callable[..., Any]
) -> None:
    count = 12
    placed = [(await place(_profile(n), n, interval_s=0.05))[0] for n in range(count)]
    checkpoints: dict[str, str] = {}
    stored: dict[str, list[float]] = {f"d{n}": [] for n in range(count)}
    for turn in range(3):
        gateway = await start(radio, count, checkpoints)
        await gateway.until(lambda lines: any(line[0] == "memory" for line in lines))
        wanted: set[tuple[str, float]] = set()
        for number, peripheral in enumerate(placed):
            point = "illuminance" if _profile(number) is READER else "temperature"
            await peripheral.update({point: float(100 * turn + number)})
            wanted.add((f"d{number}", float(100 * turn + number)))
        await gateway.until(
            lambda lines, w=wanted: w <= {(line[0], line[2]) for line in lines if len(line) == 3}  # type: ignore[misc] # bound now
        )
        await gateway.until(lambda lines: sum(line[1] == "page" for line in lines) >= 3)
        await gateway.kill()
        await radio.deserted()
        memory_mb = next(line[2] for line in gateway.lines if line[0] == "memory") / 1024
        assert memory_mb < 80
        assert not [line for line in gateway.lines if line[0] == "error"]
        for device, point, value in gateway.lines:
            if device == "mark":
                checkpoints[point] = value
            elif point in {"illuminance", "temperature"} and value >= 1:
                stored[device].append(value)
    for number in range(1, count):
        assert stored[f"d{number}"] == [100.0 * turn + number for turn in range(3)]
