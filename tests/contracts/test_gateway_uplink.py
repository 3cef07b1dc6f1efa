"""The gateway's own process, writing to the cloud and to a real InfluxDB 2."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from device_profiles.points import to_ns
from tests._parts.mosquitto import Mosquitto
from tests._parts.patience import PATIENCE_S
from tests._parts.write_servers import BUCKET, ORG, SCHOOL, Stored, WriteServer

pytestmark = pytest.mark.real
_GATEWAY = """
gateway: gw-contract
school: "{school}"
data_dir: data
uplink: {{url: "{url}", org: {org}, bucket: {bucket}, token: "{token}", batch_lines: 50}}
mqtt: {{host: 127.0.0.1, port: {port}}}
devices:
  - id: display-1
    profile: campus-interactive-display
    asset: C-1
    room: "101"
    mqtt: {{device: display-1}}
"""


class Gateway:
    """A `campus-edge run` process and its status."""

    def __init__(self, folder: Path, server: WriteServer, broker: Mosquitto, token: str) -> None:
        self._folder = folder
        self._file = folder / "gateway.yaml"
        self._file.write_text(
            _GATEWAY.format(
                school=SCHOOL, url=server.url, org=ORG, bucket=BUCKET, token=token, port=broker.port
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(Path(sys.executable).with_name("campus-edge")), "run", str(self._file)]
        with (self._folder / "gateway.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(PATIENCE_S)

    def status(self) -> dict[str, Any]:
        try:
            status: dict[str, Any] = json.loads((self._folder / "data" / "status.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return status

    def is_listening(self) -> bool:
        driver = self.status().get("drivers", {}).get("mqtt")
        return driver is not None and bool(driver["ready"])

    def log(self) -> str:
        return (self._folder / "gateway.log").read_text()


def _until(holds: Callable[[], bool], what: Callable[[], object]) -> None:
    """Wait until something holds; the wait is long, and failing is the only use of its end."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


async def _publish(broker: Mosquitto, first: datetime, numbers: range) -> list[Stored]:
    """Publish one state per number, as a display would; return what has to be stored of it."""
    due: list[Stored] = []
    async with aiomqtt.Client(broker.host, broker.port) as client:
        for n in numbers:
            at = first + timedelta(milliseconds=n)
            state = {
                "ts": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "power_on": n % 2 == 0,
                "state": "in_use" if n % 3 else "idle",
                "source": f'信号 "{n}", \\ ok',
                "power_w": 20.0 + 10 * (n % 7) + 100 * (n % 2),
            }
            await client.publish("campus/display-1/state", json.dumps(state), qos=1)
            due += [
                Stored("C-1", point, to_ns(at), state[key])  # type: ignore[arg-type]  # JSON values
                for point, key in (
                    ("active_power", "power_w"),
                    ("display_state", "state"),
                    ("power_on", "power_on"),
                    ("source", "source"),
                )
            ]
    return due


async def test_all_a_device_sent_arrives_once_though_the_server_is_killed_in_the_middle(
    own_server: WriteServer, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    async with Mosquitto(tmp_path / "broker") as broker:
        gateway = Gateway(tmp_path, own_server, broker, own_server.token)
        gateway.start()
        try:
            _until(gateway.is_listening, gateway.log)
            due = await _publish(broker, now, range(150))
            _until(lambda: len(own_server.readings()) > 100, gateway.status)
            due += await _publish(broker, now, range(150, 300))
            own_server.kill()
            due += await _publish(broker, now, range(300, 450))
            _until(lambda: gateway.status()["readings"] >= len(due), gateway.status)
            assert gateway.status()["backlog"] > 0
            own_server.start()
            _until(lambda: gateway.status()["backlog"] == 0, gateway.status)
        finally:
            assert gateway.end(signal.SIGTERM) == 0, gateway.log()
    due.sort(key=lambda point: (point.asset, point.point, point.time_ns))
    assert own_server.readings() == due


async def test_a_wrong_token_loses_nothing_and_is_reported_in_one_sentence(
    own_server: WriteServer, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    async with Mosquitto(tmp_path / "broker") as broker:
        wrong = Gateway(tmp_path, own_server, broker, "not-the-token")
        wrong.start()
        try:
            _until(wrong.is_listening, wrong.log)
            due = await _publish(broker, now, range(20))
            _until(
                lambda: "refuses the token (401)" in wrong.status()["uplink_error"], wrong.status
            )
            _until(lambda: wrong.status()["readings"] == len(due), wrong.status)
        finally:
            assert wrong.end(signal.SIGTERM) == 0, wrong.log()
        assert own_server.readings() == []
        right = Gateway(tmp_path, own_server, broker, own_server.token)
        right.start()
        try:
            _until(lambda: len(own_server.readings()) == len(due), right.status)
        finally:
            assert right.end(signal.SIGTERM) == 0, right.log()
    due.sort(key=lambda point: (point.asset, point.point, point.time_ns))
    assert own_server.readings() == due
