"""`campus-sim demo`: a whole school on this machine, started through the command lines.

Broker, cloud, ledger, history, school, gateway; then it runs until Ctrl-C, or for `--duration`
seconds and is audited: what the devices said against what the cloud answers.
"""

import json
import signal
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from device_profiles import protocols
from simulators.audit.readings import Grace
from simulators.audit.report import Run, audit_run
from simulators.demo.processes import Process, command, watch
from simulators.demo.steps import (
    Steps,
    cloud_port,
    finish,
    invite,
    is_healthy,
    prepare,
    say,
    until_stopped,
)
from simulators.school.campus import SCHOOL_NAME, make_campus
from simulators.school.plan import GATEWAY_FILE, WORKBOOK_FILE, Reach, write_plan
from simulators.school.timetable import ZONE

MARKER = ".campus-demo"
_LONG_S = 60.0
_DRAIN_S = 45.0
_SETTLE_S = 2.0
_MQTT_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """What `campus-sim demo` was told."""

    data: Path = Path("demo-data")
    port: int | None = None
    duration_s: float | None = None
    report: Path | None = None
    devices: int = 44
    seed: int = 7
    history_days: int = 20
    is_kept: bool = False


def run_demo(options: Options) -> int:
    """Run the demo; 0 when it was stopped or its audit is clean, 1 when the audit found a fault."""
    port = cloud_port(options.port)
    folder = options.data.resolve()
    is_new = prepare(folder, MARKER, "demo", is_kept=options.is_kept)
    if options.is_kept:
        (folder / "truth.jsonl").unlink(missing_ok=True)
    demo = _Demo(options, folder, port)
    with until_stopped(demo.stop):
        try:
            demo.start(is_new=is_new)
            if options.duration_s is None:
                invite(demo.url)
                demo.watch(None)
                return 0  # pragma: no cover  it runs until it is interrupted
            return demo.measure(options.duration_s)
        except KeyboardInterrupt:
            say("\nstopping ...")
            return 0 if options.duration_s is None else 1


class _Demo:
    """The processes of one demo."""

    def __init__(self, options: Options, folder: Path, port: int) -> None:
        self._options = options
        self._folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._token = folder / "cloud" / "token"
        self._steps = Steps()
        self._processes: dict[str, Process] = {}
        names = protocols.names()
        self._ports = dict(zip(names, _free_ports(len(names)), strict=True))
        self._began = datetime.now(UTC)
        self._listened: datetime | None = None

    def start(self, *, is_new: bool) -> None:
        """Start everything, step by step."""
        say(f"Smart Campus demo: {self._options.devices} devices, data in {self._folder}")
        with self._steps.step("plan of the school") as tell:
            self._plan()
            tell(f"{SCHOOL_NAME}, seed {self._options.seed}")
        self._start_broker()
        self._start_cloud()
        if is_new:
            self._import()
            self._write_history()
        self._start_school()
        self._start_gateway()

    def watch(self, seconds: float | None) -> None:
        """Wait while all of it runs."""
        watch(list(self._processes.values()), seconds)

    def measure(self, seconds: float) -> int:
        """Run so long, stop in order, audit, and write the report."""
        with self._steps.step(f"live for {seconds:.0f} s at {self.url}/"):
            self.watch(seconds)
        with self._steps.step("devices fall silent, the gateway empties its buffer"):
            school, gateway = self._processes["school"], self._processes["gateway"]
            school.tell(signal.SIGUSR1)
            frozen = time.monotonic()
            gateway.wait_until(
                lambda: time.monotonic() - frozen > _SETTLE_S and self._backlog() == 0,
                _DRAIN_S,
                "sending what is left",
            )
        with self._steps.step("gateway and school stop"):
            stopping = datetime.now(UTC)
            gateway.stop()
            stopped = datetime.now(UTC)
            school.stop()
        with self._steps.step("audit: what was said against what the cloud holds"):
            report = self._audit(stopping, stopped)
        return _conclude(report, self._options.report)

    def stop(self) -> None:
        """Stop what still runs, the last started first."""
        for process in reversed(self._processes.values()):
            process.stop()

    def _plan(self) -> None:
        options = self._options
        campus = make_campus(options.seed, options.devices, datetime.now(ZONE).date())
        reach = Reach(self._ports, self.url, self._token)
        write_plan(self._folder, campus, reach)

    def _start_broker(self) -> None:
        with self._steps.step("MQTT broker") as tell:
            port = self._ports["mqtt"]
            broker = self._run("broker", "campus-sim", "broker", "--port", str(port))
            broker.wait_until(lambda: _is_open(port), _LONG_S, "starting")
            tell(f"127.0.0.1:{port}")

    def _start_cloud(self) -> None:
        with self._steps.step("cloud") as tell:
            cloud = self._run(
                "cloud", "campus-cloud", "serve", "--data", str(self._folder / "cloud"),
                "--port", str(self._port), "--log-level", "warning",
            )  # fmt: skip
            cloud.wait_until(lambda: is_healthy(self.url), _LONG_S, "starting")
            tell(self.url)

    def _import(self) -> None:
        with self._steps.step("ledger, rooms and timetable from Excel") as tell:
            tell(self._finish(
                "import", "campus-cloud", "import", "workbook", str(self._folder / WORKBOOK_FILE),
                "--url", self.url, "--token-file", str(self._token),
            ))  # fmt: skip

    def _write_history(self) -> None:
        with self._steps.step(f"{self._options.history_days} school days of history") as tell:
            tell(self._finish(
                "history", "campus-sim", "history", str(self._folder), "--url", self.url,
                "--token-file", str(self._token), "--days", str(self._options.history_days),
            ))  # fmt: skip

    def _start_school(self) -> None:
        with self._steps.step("devices of the school") as tell:
            self._began = datetime.now(UTC)
            school = self._run("school", "campus-sim", "school", str(self._folder))
            school.wait_until(lambda: "ready" in school.said(), _LONG_S, "starting")
            tell(f"{self._options.devices} over MQTT, Modbus TCP, Modbus RTU and BLE")

    def _start_gateway(self) -> None:
        with self._steps.step("gateway") as tell:
            (self._folder / "gateway-data" / "status.json").unlink(missing_ok=True)
            gateway = self._run("gateway", "campus-edge", "run", str(self._folder / GATEWAY_FILE))
            gateway.wait_until(self._hears_all, _LONG_S, "reaching its devices")
            tell("reaches its devices")

    def _hears_all(self) -> bool:
        """Whether every driver has its way; notes when the broker's messages begin to arrive."""
        status = self._status()
        drivers = status.get("drivers", {})
        mqtt = [told["ready"] for name, told in drivers.items() if name.startswith("mqtt")]
        if self._listened is None and mqtt and all(mqtt):
            self._listened = datetime.now(UTC) + timedelta(seconds=_MQTT_GRACE_S)
        return len(drivers) >= 4 and all(told["ready"] for told in drivers.values())

    def _backlog(self) -> int | None:
        backlog = self._status().get("backlog")
        return backlog if isinstance(backlog, int) else None

    def _status(self) -> dict[str, Any]:
        try:
            text = (self._folder / "gateway-data" / "status.json").read_text(encoding="utf-8")
            status: dict[str, Any] = json.loads(text)
        except (OSError, ValueError):
            return {}
        return status

    def _audit(self, stopping: datetime, stopped: datetime) -> dict[str, Any]:
        listened = self._listened or self._began
        unheard = Grace(self._began - timedelta(seconds=5), listened, frozenset({"mqtt"}))
        leaving = Grace(stopping - timedelta(seconds=1), stopped + timedelta(days=1))
        report = audit_run(
            Run(
                plan=self._folder,
                url=self.url,
                token=self._token.read_text(encoding="utf-8").strip(),
                until=stopped,
                grace=(unheard, leaving),
            )
        )
        report["peak_memory_mb"] = {
            name: self._processes[name].peak_mb() for name in ("gateway", "cloud")
        }
        report["seed"] = self._options.seed
        return report

    def _run(self, name: str, script: str, *arguments: str) -> Process:
        log = self._folder / "logs" / f"{name}.log"
        process = Process(name, [*command(script), *arguments], log)
        self._processes[name] = process
        return process

    def _finish(self, name: str, script: str, *arguments: str) -> str:
        """Run a command to its end and return the last line it wrote."""
        others = list(self._processes.values())
        return finish(name, self._folder, script, *arguments, watched=others).last_line


def _conclude(report: dict[str, Any], target: Path | None) -> int:
    text = json.dumps(report, ensure_ascii=False, indent=2)
    if target is not None:
        target.write_text(text + "\n", encoding="utf-8")
    readings, usage = report["readings"], report["usage"]
    say(
        f"\n{readings['said']} readings said, {readings['stored']} stored, "
        f"{readings['lost']} lost, {readings['doubled']} doubled; "
        f"{usage['slots']} usage slots, at most {usage['max_difference_s']} s from the truth"
    )
    is_clean = not readings["lost"] and not readings["doubled"] and not usage["over"]
    for example in () if is_clean else report["examples"]:
        say(f"  {example}")
    if target is not None:
        say(f"report in {target}")
    return 0 if is_clean else 1


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _is_open(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5):
            return True
    except OSError:
        return False
