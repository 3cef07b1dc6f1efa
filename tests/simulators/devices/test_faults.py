import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from device_profiles.loader import load_catalogue
from simulators.audit.truth import TruthLog
from simulators.devices import faults
from simulators.devices.actor import Actor
from simulators.devices.behaviour import Behaviour
from simulators.devices.faults import FAULTS
from simulators.school.planned import DevicePlan, FaultName, FaultPlan, PlannedDevice
from simulators.school.timeline import lively

START = datetime(2026, 9, 1, tzinfo=UTC)


class Log(TruthLog):
    def __init__(self) -> None:
        super().__init__(Path("unused"))
        self.lines: list[dict[str, Any]] = []

    def __call__(self, *, kind: str, **facts: Any) -> None:
        self.lines.append({"kind": kind, **facts})


class Dropped:
    times = 0

    def __call__(self) -> None:
        self.times += 1


def actor(protocol: str = "modbus_rtu") -> Actor:
    profile = load_catalogue()["eastron-sdm120"]
    changes = lively("m", 1, START, ("active",))
    behaviour = Behaviour(profile, profile.usage, changes, device="m", seed=1)
    planned = PlannedDevice(DevicePlan(id="m", profile=profile.id), profile, profile.usage)
    return Actor(
        planned,
        behaviour,
        Log(),
        protocol,
        clock=lambda: START,
        can_refuse=protocol.startswith("modbus"),
        hang_up=Dropped(),
    )


def flags(device: Actor) -> tuple[bool, bool, bool]:
    return device.is_silent, device.is_garbled, device.is_refusing


@pytest.mark.parametrize(
    ("name", "protocol", "during"),
    [
        ("silence", "mqtt", (True, False, False)),
        ("disconnect", "mqtt", (True, False, False)),
        ("garbage", "mqtt", (False, True, False)),
        ("refuse", "modbus_tcp", (False, False, True)),
        ("refuse", "ble", (True, False, False)),
        ("reset", "modbus_rtu", (True, False, False)),
    ],
)
async def test_a_fault_comes_and_goes(
    name: FaultName, protocol: str, during: tuple[bool, bool, bool]
) -> None:
    device, stop = actor(protocol), asyncio.Event()
    task = asyncio.create_task(
        faults.play([FaultPlan(device="m", fault=name, for_s=9)], [device], stop)
    )
    while not any(flags(device)):  # noqa: ASYNC110 - the fault is a flag, and no event is set
        await asyncio.sleep(0)
    assert flags(device) == during
    stop.set()
    await task
    assert flags(device) == (False, False, False)
    assert isinstance(device.truth, Log)
    kinds = [line["kind"] for line in device.truth.lines]
    assert kinds == (["fault", "silent"] if during[0] else ["fault"])
    assert isinstance(device.hang_up, Dropped)
    assert device.hang_up.times == (name == "disconnect")


async def test_a_reset_counts_from_nought() -> None:
    device, stop = actor(), asyncio.Event()
    assert device.values(START)["energy_import"] != 0.0
    await FAULTS["reset"](device, 0.0, stop)
    assert device.values(START)["energy_import"] == 0.0
    assert device.values(START + timedelta(hours=1))["energy_import"] == pytest.approx(0.13)


async def test_a_school_that_ends_has_no_more_faults() -> None:
    device, stop = actor(), asyncio.Event()
    stop.set()
    await faults.play([FaultPlan(device="m", fault="silence", at_s=60)], [device], stop)
    assert isinstance(device.truth, Log)
    assert device.truth.lines == []
