"""What a gateway writes to its disk, as the kernel counts it: an SD card has to live for years."""

import asyncio
import json
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests._parts.gateway_process import GatewayProcess
from tests._parts.mosquitto import Mosquitto
from tests._parts.uplink_server import uplink_server

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
        ("the same values every 60 s", 60, 0, 0, MOST_BYTES_A_DAY),
        ("the same values every 10 s", 10, 0, 0, MOST_BYTES_A_DAY),
        ("the same values every 60 s at QoS 1", 60, 1, 0, None),
        ("another power every 60 s", 60, 0, 10, None),
    ],
)
async def test_fifty_quiet_devices_leave_an_sd_card_alive(
    tmp_path: Path, what: str, period_s: float, qos: int, step: float, most_bytes: int | None
) -> None:
    """Where no limit is given, the figure is printed: it is what busy devices cost."""
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
