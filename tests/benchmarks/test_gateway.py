"""What a reading costs the gateway, from the broker to the acknowledged write.

The peer in the same run is the floor of any gateway that loses nothing: a subscriber that reads the
JSON, commits it to SQLite in batches of 100 and acknowledges, and converts and sends nothing.
Both find the same backlog at the broker: they are held while it is published.
"""

import asyncio
import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from device_profiles.points import to_ns
from tests._parts.gateway_process import GatewayProcess, cpu_s, gateway_process
from tests._parts.mosquitto import Mosquitto
from tests._parts.write_servers import (
    BUCKET,
    ORG,
    SCHOOL,
    CloudServer,
    InfluxServer,
    Stored,
    WriteServer,
    find_influxd,
    running,
)

DEVICES = 40
MESSAGES = 20_000
POINTS = {
    "power_on": "power_on",
    "display_state": "state",
    "source": "source",
    "brightness": "brightness",
    "volume": "volume",
    "active_power": "power_w",
    "energy_import": "energy_wh",
}
"""Point -> member of the payload."""
READINGS = MESSAGES * len(POINTS)

_BARE = """
import json, os, resource, sqlite3, sys, time
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

port, messages, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
db = sqlite3.connect(file, isolation_level=None)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=FULL")
db.execute("CREATE TABLE messages (topic TEXT, payload TEXT)")
batch, done = [], 0

def take(client, _userdata, message):
    global done
    batch.append((message.mid, message.topic, json.dumps(json.loads(message.payload))))
    if len(batch) == 100 or done + len(batch) == messages:
        db.execute("BEGIN")
        db.executemany("INSERT INTO messages VALUES (?, ?)", [(t, p) for _, t, p in batch])
        db.execute("COMMIT")
        for mid, _, _ in batch:
            client.ack(mid, 1)
        done += len(batch)
        batch.clear()

client = Client(CallbackAPIVersion.VERSION2, client_id="bare", manual_ack=True,
                protocol=MQTTProtocolVersion.MQTTv5)
client.on_message = take
client.on_subscribe = lambda *_: print("ready", flush=True)
client.connect("127.0.0.1", port)
client.subscribe("campus/+/state", qos=1)
while done < messages:
    client.loop(0.1)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_maxrss * 1024 / 1e6, flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took to bring the backlog to where it is safe."""

    seconds: float
    cpu_s: float
    peak_mb: float

    def row(self, name: str, floor: "Cost") -> str:
        return (
            f"{name:<30}{MESSAGES / self.seconds:>10,.0f}{READINGS / self.seconds:>12,.0f}"
            f"{self.cpu_s / READINGS * 10_000:>16.2f}{self.cpu_s / floor.cpu_s:>14.1f}"
            f"{self.peak_mb:>9.0f}"
        )


HEAD = (
    f"\n{'broker to acknowledged write':<30}{'messages/s':>10}{'readings/s':>12}"
    f"{'CPU s per 10k':>16}{'CPU to floor':>14}{'peak MB':>9}"
)


def backlog(start: datetime) -> Iterator[tuple[int, datetime, dict[str, Any]]]:
    """Yield messages: device, moment and payload; every one differs from the one before."""
    for number in range(MESSAGES):
        device, turn = number % DEVICES, number // DEVICES
        at = start + timedelta(milliseconds=50 * turn)
        yield (
            device,
            at,
            {
                "ts": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "power_on": turn % 2 == 0,
                "state": "in_use" if turn % 3 else "idle",
                "source": "hdmi1",
                "brightness": turn % 100,
                "volume": turn % 50,
                "power_w": 40.0 + 10 * (turn % 7),
                "energy_wh": 120_000.0 + turn,
            },
        )


def publish(broker: Mosquitto, start: datetime) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1000)
    client.connect(broker.host, broker.port)
    client.loop_start()
    sent = [
        client.publish(f"campus/display-{device}/state", json.dumps(payload), qos=1)
        for device, _, payload in backlog(start)
    ]
    for record in sent:
        record.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def due(start: datetime) -> list[Stored]:
    points = [
        Stored(f"B-{device}", point, to_ns(at), payload[member])
        for device, at, payload in backlog(start)
        for point, member in POINTS.items()
    ]
    return sorted(points, key=lambda point: (point.asset, point.point, point.time_ns))


def configuration(server: WriteServer, broker: Mosquitto) -> dict[str, Any]:
    return {
        "gateway": "gw-bench",
        "school": SCHOOL,
        "uplink": {"url": server.url, "org": ORG, "bucket": BUCKET, "token": server.token},
        "mqtt": {"host": broker.host, "port": broker.port},
        "devices": [
            {
                "id": f"d-{n}",
                "profile": "campus-interactive-display",
                "asset": f"B-{n}",
                "room": f"{n}",
                "mqtt": {"device": f"display-{n}"},
            }
            for n in range(DEVICES)
        ],
    }


async def gateway_cost(gateway: GatewayProcess, broker: Mosquitto, start: datetime) -> Cost:
    await gateway.until(lambda status: status["drivers"].get("mqtt", {}).get("ready", False))
    gateway.send(signal.SIGSTOP)
    await asyncio.to_thread(publish, broker, start)
    before_s, began = gateway.cpu_s, time.perf_counter()
    gateway.send(signal.SIGCONT)
    async with asyncio.timeout(300):
        ended, after_s = await emptied(gateway)
    return Cost(ended - began, after_s - before_s, gateway.memory_mb("VmHWM"))


async def emptied(gateway: GatewayProcess) -> tuple[float, float]:
    """Return when the last reading left the buffer, and the processor time by then."""
    with contextlib.closing(sqlite3.connect(f"file:{gateway.buffer}?mode=ro", uri=True)) as db:
        empty: tuple[float, float] | None = None
        while True:
            (has_readings,) = db.execute(
                "SELECT EXISTS (SELECT 1 FROM lines WHERE kind = 0)"
            ).fetchone()
            if has_readings:
                empty = None
            elif empty is None:
                empty = time.perf_counter(), gateway.cpu_s
            elif gateway.status()["readings"] == READINGS:
                return empty
            await asyncio.sleep(0.05)


def bare_cost(broker: Mosquitto, folder: Path, start: datetime) -> Cost:
    arguments = [str(broker.port), str(MESSAGES), str(folder / "bare.db")]
    with subprocess.Popen(
        [sys.executable, "-c", _BARE, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGSTOP)
        publish(broker, start)
        before_s, began = cpu_s(process.pid), time.perf_counter()
        process.send_signal(signal.SIGCONT)
        peak_mb = float(process.stdout.readline())
        seconds = time.perf_counter() - began
        return Cost(seconds, cpu_s(process.pid) - before_s, peak_mb)


@pytest.mark.benchmark
async def test_from_the_broker_to_the_acknowledged_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    async with Mosquitto(tmp_path / "bare-broker") as broker:
        floor = await asyncio.to_thread(bare_cost, broker, tmp_path, start)
    rows = [HEAD, floor.row("floor: JSON, SQLite, ack", floor)]
    for name in ("cloud", "influxdb"):
        folder = tmp_path / name
        folder.mkdir()
        binary = find_influxd()
        if name == "influxdb" and binary is None:
            rows.append("InfluxDB 2: none found, `make influxd` builds one")
            continue
        server = CloudServer(folder) if name == "cloud" else InfluxServer(binary or "", folder)
        with running(server):
            async with (
                Mosquitto(folder / "broker") as broker,
                gateway_process(folder / "gateway", configuration(server, broker)) as gateway,
            ):
                cost = await gateway_cost(gateway, broker, start)
            assert server.readings() == due(start), "nothing is lost, doubled or changed"
        rows.append(cost.row(f"gateway to {name}", floor))
    with capsys.disabled():
        print("\n".join(rows))  # noqa: T201  the figures are what a benchmark is for
