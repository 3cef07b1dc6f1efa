"""What a gateway writes to its disk, as the kernel counts it: an SD card has to live for years."""

import asyncio
import json
import os
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


async def publish_once(broker: Mosquitto) -> None:
    payload = json.dumps({"ENERGY": {"Power": 0, "Total": 1.0, "Voltage": 230}})
    async with aiomqtt.Client(broker.host, broker.port) as client:
        for number in range(DEVICES):
            await client.publish(f"tele/plug-{number}/LWT", "Online", qos=1, retain=True)
            await client.publish(f"tele/plug-{number}/SENSOR", payload, qos=1)


async def test_fifty_quiet_devices_leave_an_sd_card_alive(tmp_path: Path) -> None:
    """Each has reported once, all are online, and nothing changes."""
    if not os.access("/proc/self/io", os.R_OK):
        pytest.skip("the system does not count what a process writes (/proc/PID/io)")
    with uplink_server() as end:
        async with Mosquitto(tmp_path / "mosquitto") as broker:
            process = GatewayProcess(tmp_path / "gateway", configuration(end.url, broker))
            process.start()
            await process.until(lambda status: bool(status["drivers"].get("mqtt", {}).get("ready")))
            await publish_once(broker)
            await process.until(
                lambda status: all(d["last_reading"] for d in status["devices"].values())
            )
            await asyncio.sleep(5)  # what that brought is written
            before = written_bytes(process._pid)
            await asyncio.sleep(MEASURED_S)  # what is measured is time itself
            written = written_bytes(process._pid) - before
            assert process.stop() == 0
    a_day = written / MEASURED_S * 86_400
    print(f"{DEVICES} quiet devices: {a_day / 1e6:.1f} MB a day written")  # noqa: T201  what `-s` is for
    assert a_day <= MOST_BYTES_A_DAY
