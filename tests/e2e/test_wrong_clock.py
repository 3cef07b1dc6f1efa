"""Case C1a: the real gateway on a machine whose clock is wrong, by libfaketime."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests._parts.gateway_process import GatewayProcess
from tests._parts.mosquitto import Mosquitto
from tests._parts.ports import free_port
from tests._parts.uplink_server import UplinkServer, uplink_server

pytestmark = pytest.mark.real
_POWER = re.compile(r"^reading,.*[ ,]active_power=([\d.]+).* (\d+)$")
_SLACK_S = 5.0
"""Well below MOST_APART: clocks that agree are the machine's own."""


class FakeTime:
    """The clock of a process, set through a file; its monotonic clock is not touched."""

    def __init__(self, folder: Path) -> None:
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not libraries:
            pytest.skip("faketime is not installed")
        self._file = folder / "faketime"
        self.environment = {
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        new.replace(self._file)


@pytest.fixture
def fake(tmp_path: Path) -> FakeTime:
    return FakeTime(tmp_path)


def gateway(folder: Path, url: str, broker: Mosquitto, fake: FakeTime) -> GatewayProcess:
    plug = {"id": "plug", "profile": "tasmota-plug", "mqtt": {"device": "plug"}}
    return GatewayProcess(
        folder / "gateway",
        {
            "gateway": "gw-1",
            "school": "2133100001",
            "uplink": {"url": url, "token": "t"},
            "mqtt": {"host": broker.host, "port": broker.port},
            "devices": [plug],
        },
        environment=fake.environment,
    )


async def publish(broker: Mosquitto, *powers: int) -> None:
    async with aiomqtt.Client(broker.host, broker.port) as client:
        for power in powers:
            payload = json.dumps({"ENERGY": {"Power": power, "Total": 1.0}})
            await client.publish("tele/plug/SENSOR", payload, qos=1)


def powers(end: UplinkServer) -> list[tuple[int, float]]:
    """Return the power readings that were stored: (watts, seconds since 1970)."""
    readings = (_POWER.search(line) for line in list(end.stored))
    return [(int(float(match[1])), int(match[2]) / 1e9) for match in readings if match]


async def stored(end: UplinkServer, count: int) -> None:
    assert await asyncio.to_thread(end.until, lambda: len(powers(end)) >= count), end.stored[-9:]


def nothing_is_of_the_future(end: UplinkServer) -> bool:
    now = time.time() + _SLACK_S
    return all(int(line.split()[-1]) / 1e9 <= now for line in end.stored if line)


async def held(process: GatewayProcess, number: int) -> None:
    await process.until(lambda status: status["held"] == number)


def clock_events(end: UplinkServer) -> list[str]:
    return [line for line in list(end.stored) if "the server's time is used" in line]


def is_connected(status: dict[str, Any]) -> bool:
    return bool(status["drivers"].get("mqtt", {}).get("ready"))


@pytest.fixture
def end() -> Iterator[UplinkServer]:
    with uplink_server() as running:
        yield running


@pytest.mark.parametrize("offset", ["+28800", "+400000000", "-28800", "-1700000000"])
async def test_c1a_a_clock_that_is_off_sends_nothing_of_another_time(
    tmp_path: Path, end: UplinkServer, fake: FakeTime, offset: str
) -> None:
    fake.set(offset)
    began = time.time()
    async with Mosquitto(tmp_path / "mosquitto") as broker:
        process = gateway(tmp_path, end.url, broker, fake)
        process.start()
        await process.until(is_connected)
        await publish(broker, 101, 102)
        await stored(end, 2)
        assert await asyncio.to_thread(end.until, lambda: bool(clock_events(end)))
        fake.set("+0")  # NTP
        await publish(broker, 103)
        await stored(end, 3)
        assert process.stop() == 0
    assert [watts for watts, _ in powers(end)] == [101, 102, 103]
    assert all(began - _SLACK_S <= at <= time.time() + _SLACK_S for _, at in powers(end))
    assert nothing_is_of_the_future(end)
    assert any(line.startswith("usage,") for line in end.stored)


@pytest.mark.parametrize("is_set", [True, False], ids=["set by NTP", "never set"])
async def test_c1a_what_came_before_anybody_knew_the_time_is_held_and_dated_anew(
    tmp_path: Path, fake: FakeTime, is_set: bool
) -> None:
    fake.set("+28800")
    port = free_port()
    async with Mosquitto(tmp_path / "mosquitto") as broker:
        process = gateway(tmp_path, f"http://127.0.0.1:{port}", broker, fake)
        process.start()
        began = time.time()
        await process.until(is_connected)
        for number in (1, 2):
            await publish(broker, 100 + number)
            await held(process, number)
        published = time.time()
        if is_set:
            fake.set("+0")
            await process.until(lambda status: status["held"] == 0)
        with uplink_server(port=port) as end:
            await publish(broker, 103)
            await stored(end, 3)
            assert process.stop() == 0
            dated = dict(powers(end))
            assert began - _SLACK_S <= dated[101] <= dated[102] <= published + _SLACK_S
            assert nothing_is_of_the_future(end)


async def test_c1a_usage_marks_that_a_clock_ahead_has_left_do_not_silence_a_device(
    tmp_path: Path, end: UplinkServer, fake: FakeTime
) -> None:
    """The server states no time, so a gateway with a clock ahead believes it, for one run."""
    end.states_time = False
    fake.set("+28800")
    async with Mosquitto(tmp_path / "mosquitto") as broker:
        process = gateway(tmp_path, end.url, broker, fake)
        process.start()
        await process.until(is_connected)
        await publish(broker, 101)
        await stored(end, 1)
        assert process.stop() == 0
        end.stored.clear()
        end.states_time = True
        fake.set("+0")
        process.start()
        await process.until(lambda status: is_connected(status) and status["uptime_s"] < 60)
        await publish(broker, 102)
        await stored(end, 1)
        assert process.stop() == 0
    usage = [line for line in end.stored if line.startswith("usage,")]
    assert usage
    assert nothing_is_of_the_future(end)
