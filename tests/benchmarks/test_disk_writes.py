"""What a gateway writes to its disk, as the kernel counts it: an SD card has to live for years."""

import asyncio
import json
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from device_profiles.reading import Reading
from edge.buffer.sqlite import SqliteBuffer
from edge.collector import Collector
from edge.config import load_config
from edge.driver import Delivery
from edge.health import Health
from edge.status_file import ALLOWANCE_PER_S
from tests._parts.gateway_process import GatewayProcess
from tests._parts.mosquitto import Mosquitto
from tests._parts.uplink_server import uplink_server
from tests.edge.conftest import SetClock

pytestmark = [pytest.mark.real, pytest.mark.slow]
DEVICES = 50
MOST_BYTES_A_DAY = 50_000_000
BEFORE_S = 60.0
"""By then the burst of the status file that follows a start is over (`edge.status_file`)."""
MEASURED_S = 330.0
"""More than a usage slot, so that its end is in it."""


def written_bytes(pid: int) -> int:
    fields = dict(
        line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines() if line
    )
    return int(fields["write_bytes"])


def configuration(url: str, broker: Mosquitto) -> dict[str, Any]:
    return {
        "gateway": "gw-1",
        "school": "2133100001",
        "uplink": {"url": url, "token": "t"},
        "mqtt": {"host": broker.host, "port": broker.port},
        "devices": [
            {"id": f"plug-{n}", "profile": "tasmota-plug", "mqtt": {"device": f"plug-{n}"}}
            for n in range(DEVICES)
        ],
    }


def payload(watts: float) -> str:
    return json.dumps({"ENERGY": {"Power": watts, "Total": 1.0, "Voltage": 230}})


async def publish_once(broker: Mosquitto) -> None:
    async with aiomqtt.Client(broker.host, broker.port) as client:
        for number in range(DEVICES):
            await client.publish(f"tele/plug-{number}/LWT", "Online", qos=1, retain=True)
            await client.publish(f"tele/plug-{number}/SENSOR", payload(0), qos=1)


async def publish_for_ever(broker: Mosquitto, period_s: float, qos: int, step: float) -> None:
    """Let every device report once in a period, one after another; power grows by `step` W."""
    watts = 0.0
    async with aiomqtt.Client(broker.host, broker.port) as client:
        while True:
            watts += step
            for number in range(DEVICES):
                await client.publish(f"tele/plug-{number}/SENSOR", payload(watts), qos=qos)
                await asyncio.sleep(period_s / DEVICES)


@pytest.mark.parametrize(
    ("what", "period_s", "qos", "step", "most_bytes"),
    [
        ("nothing after the first report", 0, 0, 0, MOST_BYTES_A_DAY),
        ("the same values every 60 s", 60, 0, 0, None),
        ("the same values every 10 s", 10, 0, 0, None),
        ("the same values every 60 s at QoS 1", 60, 1, 0, None),
        ("another power every 60 s", 60, 0, 10, None),
    ],
)
async def test_fifty_quiet_devices_leave_an_sd_card_alive(
    tmp_path: Path, what: str, period_s: float, qos: int, step: float, most_bytes: int | None
) -> None:
    """Where no limit is given, the figure is printed: what busy devices cost, or what a few minutes
    of repeated values do, in which a single write more or less counts; their hour is below."""
    if not os.access("/proc/self/io", os.R_OK):
        pytest.skip("the system does not count what a process writes (/proc/PID/io)")
    async with AsyncExitStack() as stack:
        end = stack.enter_context(uplink_server())
        broker = await stack.enter_async_context(Mosquitto(tmp_path / "mosquitto"))
        process = GatewayProcess(tmp_path / "gateway", configuration(end.url, broker))
        process.start()
        stack.callback(process.stop)
        await process.until(lambda status: bool(status["drivers"].get("mqtt", {}).get("ready")))
        await publish_once(broker)
        await process.until(
            lambda status: all(d["last_reading"] for d in status["devices"].values())
        )
        publisher = asyncio.create_task(
            publish_for_ever(broker, period_s, qos, step) if period_s else asyncio.sleep(0)
        )
        await asyncio.sleep(BEFORE_S)  # what the start brought is written
        before = written_bytes(process._pid)
        await asyncio.sleep(MEASURED_S)  # what is measured is time itself
        written = written_bytes(process._pid) - before
        publisher.cancel()
        await asyncio.gather(publisher, return_exceptions=True)
    a_day = written / MEASURED_S * 86_400
    print(f"{DEVICES} devices, {what}: {a_day / 1e6:.1f} MB a day written")  # noqa: T201  what `-s` is for
    assert most_bytes is None or a_day <= most_bytes


@pytest.mark.parametrize("period_s", [60, 10])
async def test_an_hour_of_repeated_values_leaves_an_sd_card_alive(
    tmp_path: Path, period_s: int
) -> None:
    """The collector and its buffer by a clock that is moved; the status file's allowance on top."""
    if not os.access("/proc/self/io", os.R_OK):
        pytest.skip("the system does not count what a process writes (/proc/PID/io)")
    clock = SetClock()
    tree = {**configuration("http://127.0.0.1:1", Mosquitto(tmp_path)), "data_dir": "data"}
    (tmp_path / "gateway.yaml").write_text(json.dumps(tree), encoding="utf-8")
    config = load_config(tmp_path / "gateway.yaml")
    devices, school = config.devices, config.file.school
    health = Health(gateway="gw-1", school=school, version="1", devices=devices, clock=clock)
    async with SqliteBuffer(config.data_dir / "buffer.db", clock=clock) as buffer:
        sink = Collector(buffer, health, devices, school=school, clock=clock, boot="boot")
        before = 0
        for second in range(3660):
            if second == 60:  # by then each has reported once
                before = written_bytes(os.getpid())
            clock.pass_(1)
            for number in range(second % period_s, DEVICES, period_s):
                readings = [
                    Reading(f"plug-{number}", point, value, clock.now())
                    for point, value in (("active_power", 0.0), ("energy_import", 1.0))
                ]
                await sink.deliver(Delivery(readings, is_acknowledged=False))
            await sink.emit_usage()
            while second % 2 == 0 and (batch := await buffer.take(1000)) is not None:
                await buffer.acknowledge(batch)
        written = written_bytes(os.getpid()) - before
    a_day = written * 24 + ALLOWANCE_PER_S * 86_400
    print(f"{DEVICES} devices, an hour, every {period_s} s: {a_day / 1e6:.1f} MB a day written")  # noqa: T201  what `-s` is for
    assert a_day <= MOST_BYTES_A_DAY
