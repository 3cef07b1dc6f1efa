"""`campus-sim demo`: a whole school on this machine, started through the command lines.

Cloud, broker, school, gateway, ledger, history; then it runs until Ctrl-C, or for `--duration`
seconds and is audited: what the devices reported against what the cloud answers.
"""

import json
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device_profiles import protocols
from device_profiles.command_line.texts import Texts
from simulators.audit.exemptions import GatewayTimes
from simulators.audit.report import Run, audit_run, is_clean, not_owed_lines
from simulators.audit.truth_lines import moment
from simulators.demo.processes import Process, command, watch
from simulators.demo.steps import (
    Step,
    Steps,
    cloud_port,
    finish,
    invite,
    is_healthy,
    prepare,
    until_stopped,
)
from simulators.progress import write_line
from simulators.school.campus import SCHOOL_NAME, make_campus
from simulators.school.plan import GATEWAY_FILE, WORKBOOK_FILE, Reach, write_plan
from simulators.school.timetable import ZONE

MARKER = ".campus-demo"
NOISE = 0.05
TRUTH_FILE = "truth.jsonl"
_QUIET_REPORTS = 3
"""In so many reports of the gateway in a row nothing may be new before it is stopped."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `campus-sim demo`."""

    data: Path = Path("demo-data")
    port: int | None = None
    duration_s: float | None = None
    report: Path | None = None
    devices: int = 44
    seed: int = 7
    history_days: int = 20
    is_kept: bool = False
    is_noisy: bool = False
    """Whether `NOISE` of the frames are lost on serial lines."""
    text: Texts | None = None
    """The language of the progress; None: none is shown."""


def run_demo(options: Options) -> int:
    """Run the demo; 0 when it was stopped or its audit is clean, 1 when the audit found a fault."""
    port = cloud_port(options.port)
    folder = options.data.resolve()
    is_new = prepare(folder, MARKER, "demo", is_kept=options.is_kept)
    if options.is_kept:
        (folder / TRUTH_FILE).unlink(missing_ok=True)
    demo = _Demo(options, folder, port)
    with until_stopped(demo.stop):
        try:
            demo.start(is_new=is_new)
            if options.duration_s is None:
                demo.watch(None)
                return 0  # pragma: no cover  it runs until it is interrupted
            return demo.measure(options.duration_s)
        except KeyboardInterrupt:
            write_line("\nstopping ...")
            return 0 if options.duration_s is None else 1


class _Demo:
    """The processes of one demo."""

    def __init__(self, options: Options, folder: Path, port: int) -> None:
        self._options = options
        self._folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._token = folder / "cloud" / "token"
        self._status_file = folder / "gateway-data" / "status.json"
        self._steps = Steps(options.text)
        self._processes: dict[str, Process] = {}
        names = protocols.names()
        self._ports = dict(zip(names, _free_ports(len(names)), strict=True))
        self._subscribed_at: datetime | None = None
        self._address_s = 0.0

    def start(self, *, is_new: bool) -> None:
        """Start everything; print the address as soon as the pages show the school's ledger.

        The parts start at the same time: the devices while the cloud loads its libraries, the
        gateway while the history is written. MQTT devices are switched on once the gateway has
        subscribed to them.
        """
        start = time.monotonic()
        days = self._options.history_days
        write_line(f"Smart Campus demo: {self._options.devices} devices, data in {self._folder}")
        self._start_cloud()
        with self._steps.step("plan of the school") as step:
            self._plan()
            step.result = f"{SCHOOL_NAME}, seed {self._options.seed}"
        self._start_broker()
        self._start_school()
        with self._steps.step("cloud") as step:
            cloud = self._processes["cloud"]
            self._wait(
                "cloud",
                lambda: cloud.is_listening(self._port) and is_healthy(self.url),
                "starting",
            )
            step.result = self.url
        self._start_gateway()
        if is_new:
            self._import()
        self._address_s = round(time.monotonic() - start, 1)
        if self._options.duration_s is None:
            invite(self.url, note=f"{self._address_s} s after the start")
        else:
            write_line(f"  {self.url} shows the school, {self._address_s} s after the start")
        if is_new:
            write_line(
                f"  The pages show the ledger; {days} days of history and the devices follow."
            )
            self._write_history()
        with self._steps.step("gateway") as step:
            self._wait("gateway", self._is_live, "reaching its devices")
            step.result = f"reaches {self._options.devices} devices; all of it is live"

    def watch(self, seconds: float | None) -> None:
        """Wait while all of it runs."""
        watch(list(self._processes.values()), seconds)

    def measure(self, seconds: float) -> int:
        """Run so long, stop in order, audit, and write the report.

        The devices stop first: the gateway is stopped once nothing more comes from them, so that
        nearly all that they reported is owed.
        """
        school, gateway = self._processes["school"], self._processes["gateway"]
        with self._steps.step(f"live for {seconds:.0f} s at {self.url}/"):
            self.watch(seconds)
        with self._steps.step("devices stop"):
            school.send_signal(signal.SIGUSR1)
            self._wait_quiet("finishing what devices were reporting")
            school.stop()
            del self._processes["school"]
        with self._steps.step("gateway sends what it still has, and stops"):
            self._wait_quiet("sending what is left")
            gateway.stop()
            del self._processes["gateway"]
            stopped = datetime.now(UTC)
        with self._steps.step("audit: what was reported against what the cloud holds"):
            report = self._audit(stopped, gateway)
        return _conclude(report, self._options.report)

    def stop(self) -> None:
        """Stop what still runs, the last started first."""
        for process in reversed(self._processes.values()):
            process.stop()

    def _plan(self) -> None:
        options = self._options
        campus = make_campus(options.seed, options.devices, datetime.now(ZONE).date())
        loss = NOISE if options.is_noisy else 0.0
        reach = Reach(self._ports, self.url, self._token, loss=loss)
        write_plan(self._folder, campus, reach)

    def _start_cloud(self) -> None:
        """Start it first: it takes longest."""
        self._run(
            "cloud", "campus-cloud", "serve", "--data", str(self._folder / "cloud"),
            "--port", str(self._port), "--log-level", "warning",
        )  # fmt: skip

    def _start_broker(self) -> None:
        with self._steps.step("MQTT broker") as step:
            port = self._ports["mqtt"]
            broker = self._run("broker", "campus-sim", "broker", "--port", str(port))
            self._wait("broker", lambda: broker.is_listening(port), "starting")
            step.result = f"127.0.0.1:{port}"

    def _start_school(self) -> None:
        with self._steps.step("devices of the school") as step:
            school = self._run("school", "campus-sim", "school", str(self._folder), "--hold")
            self._wait("school", lambda: "listening" in school.output(), "starting")
            step.result = f"{self._options.devices} over MQTT, Modbus TCP, Modbus RTU and BLE"

    def _start_gateway(self) -> None:
        self._status_file.unlink(missing_ok=True)
        self._run("gateway", "campus-edge", "run", str(self._folder / GATEWAY_FILE))

    def _import(self) -> None:
        with self._steps.step("ledger, rooms and timetable from Excel") as step:
            step.result = self._finish(
                step, "import", "campus-cloud", "import", "workbook",
                str(self._folder / WORKBOOK_FILE),
                "--url", self.url, "--token-file", str(self._token),
            )  # fmt: skip

    def _write_history(self) -> None:
        with self._steps.step(f"{self._options.history_days} school days of history") as step:
            step.result = self._finish(
                step, "history", "campus-sim", "history", str(self._folder), "--url", self.url,
                "--token-file", str(self._token), "--days", str(self._options.history_days),
            )  # fmt: skip

    def _switch_on(self) -> None:
        """Switch the MQTT devices on, once the gateway has subscribed to them."""
        mqtt = self._status().get("drivers", {}).get("mqtt")
        if self._subscribed_at is None and mqtt is not None and mqtt["ready"]:
            self._subscribed_at = moment(mqtt["ready_since"])
            self._processes["school"].send_signal(signal.SIGUSR2)

    def _is_live(self) -> bool:
        """Whether every driver is ready and every device can be reached."""
        self._switch_on()
        drivers = self._status().get("drivers", {})
        are_ready = len(drivers) >= 4 and all(driver["ready"] for driver in drivers.values())
        return are_ready and "ready" in self._processes["school"].output()

    def _wait_quiet(self, what: str) -> None:
        """Wait until nothing is new in some reports of the gateway in a row, and nothing unsent.

        Reports differ by their time, so that a stale one counts once. What is polled goes
        on until the school has ended: before that only MQTT readings are looked at.
        """
        seen: list[tuple[str, tuple[int, ...]]] = []

        def is_quiet() -> bool:
            # Counts alone reach the status file now and then only, unless they are asked for.
            self._processes["gateway"].send_signal(signal.SIGUSR1)
            status = self._status()
            readings = tuple(
                device["readings"]
                for device in status.get("devices", {}).values()
                if device["protocol"] == "mqtt" or "school" not in self._processes
            )
            report = (str(status.get("at")), readings)
            is_new = not seen or seen[-1][0] != report[0]
            if status.get("backlog") != 0 and "school" not in self._processes:
                seen.clear()
            elif is_new:
                if seen and seen[-1][1] != readings:
                    seen.clear()
                seen.append(report)
            return len(seen) > _QUIET_REPORTS

        self._wait("gateway", is_quiet, what)

    def _status(self) -> dict[str, Any]:
        try:
            status: dict[str, Any] = json.loads(self._status_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return status

    def _audit(self, stopped: datetime, gateway: Process) -> dict[str, Any]:
        report = audit_run(
            Run(
                plan=self._folder,
                url=self.url,
                token=self._token.read_text(encoding="utf-8").strip(),
                until=stopped,
                times=GatewayTimes(subscribed_at=self._subscribed_at),
            )
        )
        report["peak_memory_mb"] = {
            "gateway": gateway.peak_mb(),
            "cloud": self._processes["cloud"].peak_mb(),
        }
        report["address_s"] = self._address_s
        report["seconds"] = {name: round(took, 1) for name, took in self._steps.seconds.items()}
        report["seed"] = self._options.seed
        report["lost_frames"] = _lost_frames(self._folder / TRUTH_FILE)
        return report

    def _run(self, name: str, script: str, *arguments: str) -> Process:
        log = self._folder / "logs" / f"{name}.log"
        process = Process(name, [*command(script), *arguments], log)
        self._processes[name] = process
        return process

    def _wait(self, name: str, is_ready: Callable[[], bool], what: str) -> None:
        """Wait for one process while all of them run."""
        self._processes[name].wait_until(is_ready, what, others=list(self._processes.values()))

    def _finish(self, step: Step, name: str, script: str, *arguments: str) -> str:
        """Run a command to its end and return the last line it wrote."""

        def on_line(line: str) -> None:
            step.note(line)
            self._switch_on()

        return finish(
            name,
            self._folder,
            script,
            *arguments,
            watched=list(self._processes.values()),
            on_line=on_line,
        ).last_line


def _conclude(report: dict[str, Any], target: Path | None) -> int:
    text = json.dumps(report, ensure_ascii=False, indent=2)
    if target is not None:
        target.write_text(text + "\n", encoding="utf-8")
    readings, usage = report["readings"], report["usage"]
    write_line(
        f"\n{readings['reported']} readings reported, {readings['stored']} stored, "
        f"{readings['lost']} lost, {readings['doubled']} doubled; "
        f"{usage['slots']} usage slots, at most {usage['max_difference_s']} s from the truth"
    )
    if report["lost_frames"]:
        write_line(f"  {report['lost_frames']} frames were lost on serial lines, as was asked for")
    for sentence in not_owed_lines(report):
        write_line(f"  {sentence}")
    for example in () if is_clean(report) else report["examples"]:
        write_line(f"  {example}")
    if target is not None:
        write_line(f"report in {target}")
    return 0 if is_clean(report) else 1


def _lost_frames(truth: Path) -> int:
    """Return how many requests a noisy line has swallowed."""
    with truth.open(encoding="utf-8") as lines:
        return sum('"lost_frame"' in line for line in lines)


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
