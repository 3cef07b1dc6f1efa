"""A gateway killed five times while its uplink is cut for half of the run loses nothing.

Real processes: mosquitto, the cloud behind a line that is cut, a school over MQTT, Modbus TCP,
Modbus RTU and BLE that goes on speaking, and the gateway, ended by SIGKILL.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from signal import SIGUSR1
from typing import Any

import httpx
import pytest

from simulators.audit.exemptions import GatewayTimes
from simulators.audit.report import Run, audit_run
from simulators.audit.truth_lines import moment
from simulators.demo.processes import Process, command
from simulators.school.campus import make_campus
from simulators.school.plan import Reach, write_plan
from tests._parts.cut_line import CutLine
from tests._parts.mosquitto import Mosquitto
from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port

pytestmark = [pytest.mark.real, pytest.mark.slow]

RUN_S = 60.0
KILLS = 5


@dataclass
class Town:
    """The parts of the test that keep running, and the gateway that is killed."""

    folder: Path
    line: CutLine
    school: Process
    token: str
    url: str
    gateway: Process | None = None
    killed_at: list[datetime] = field(default_factory=list)

    async def start_gateway(self) -> None:
        """Start the gateway, with the buffer of the one before."""
        (self.folder / "gateway-data" / "status.json").unlink(missing_ok=True)
        self.gateway = Process(
            "gateway",
            [*command("campus-edge"), "run", str(self.folder / "gateway.yaml")],
            self.folder / "gateway.log",
        )

    async def kill_gateway(self) -> None:
        """End the gateway as a power cut would. What it was just receiving is not owed."""
        assert self.gateway is not None
        self.gateway.check()
        self.gateway.kill()
        self.killed_at.append(datetime.now(UTC))

    def status(self) -> dict[str, Any]:
        """Return the gateway's status; empty before the gateway wrote one."""
        try:
            status: dict[str, Any] = json.loads(
                (self.folder / "gateway-data" / "status.json").read_text()
            )
        except (OSError, ValueError):
            return {}
        return status

    async def until(self, is_so: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Wait until the gateway's status fulfils a condition."""
        assert self.gateway is not None
        waiting = self.gateway.wait_until
        await asyncio.to_thread(waiting, lambda: is_so(self.status()), what)


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """Start everything but the gateway."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    token = folder / "cloud" / "token"
    arguments = ["serve", "--data", str(folder / "cloud"), "--port", str(port)]
    async with Mosquitto(folder / "mosquitto") as broker, CutLine(port) as line:
        cloud = Process("cloud", [*command("campus-cloud"), *arguments], folder / "cloud.log")
        started = [cloud]
        try:
            await asyncio.to_thread(cloud.wait_until, lambda: _is_up(url), "starting")
            campus = make_campus(11, 24, date(2026, 11, 24))
            uplink_server = f"http://127.0.0.1:{line.port}"
            write_plan(
                folder,
                campus,
                Reach(
                    {"mqtt": broker.port, "modbus": free_port(), "ble": free_port()},
                    uplink_server,
                    token,
                ),
            )
            school = Process(
                "school", [*command("campus-sim"), "school", str(folder)], folder / "school.log"
            )
            started.append(school)
            await asyncio.to_thread(
                school.wait_until, lambda: "ready" in school.output(), "starting"
            )
            place = Town(folder, line, school, token.read_text().strip(), url)
            try:
                yield place
            finally:
                if place.gateway is not None:
                    place.gateway.kill()
        finally:
            for process in reversed(started):
                await asyncio.to_thread(process.stop)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=PATIENCE_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False


async def test_five_kills_and_an_outage_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    random = Random(5)
    moments = sorted(random.uniform(6 + 10 * n, 12 + 10 * n) for n in range(KILLS))
    async with town(tmp_path) as place:
        await place.start_gateway()
        await place.until(_hears_all, "reaching its devices")
        # A broker keeps nothing for a gateway that it has never met.
        subscribed_at = moment(place.status()["drivers"]["mqtt"]["ready_since"])
        loop = asyncio.get_running_loop()
        start = loop.time()
        events: list[tuple[float, str]] = [(at, "kill") for at in moments]
        # Cut for half of the run, in two parts.
        events += [(5.0, "cut"), (20.0, "mend"), (30.0, "cut"), (45.0, "mend"), (RUN_S, "end")]
        kills = 0
        for at, event in sorted(events):
            await asyncio.sleep(max(0.0, start + at - loop.time()))
            if event == "kill":
                await place.kill_gateway()
                await place.start_gateway()
                kills += 1
            elif event == "cut":
                place.line.cut()
            elif event == "mend":
                place.line.mend()
        assert kills == KILLS
        await place.until(_hears_all, "reaching its devices again")
        place.school.send_signal(SIGUSR1)
        await asyncio.sleep(3)
        await asyncio.to_thread(place.school.stop)
        await asyncio.sleep(2)
        await place.until(lambda status: status.get("backlog") == 0, "sending what is left")
        assert place.gateway is not None
        assert await asyncio.to_thread(place.gateway.stop)
        report = await asyncio.to_thread(
            audit_run,
            Run(
                tmp_path,
                place.url,
                place.token,
                datetime.now(UTC),
                GatewayTimes(subscribed_at, tuple(place.killed_at)),
                arrival_s=40.0,
            ),
        )
    readings = report["readings"]
    assert (readings["lost"], readings["doubled"]) == (0, 0), report["examples"]
    assert readings["stored"] > 500
    assert all(report["devices"].values())


def _hears_all(status: dict[str, Any]) -> bool:
    drivers = status.get("drivers", {})
    return len(drivers) >= 4 and all(driver["ready"] for driver in drivers.values())
