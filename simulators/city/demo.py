"""`campus-sim city-demo`: a whole city from records to reports, through the command lines.

City, load, assessment, selection, reports; then the cloud serves its pages. Some schools are sent
to a second, empty cloud over its API, and the answers of both are compared. The procedure is taken
as far as the publicity period, and the pages stay until Ctrl-C, or for `--duration` seconds.
"""

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from device_profiles.command_line.texts import Texts
from simulators.city.city import read_city
from simulators.city.compare_ingest import Agreement, compare
from simulators.city.kinds import DIVISIONS
from simulators.city.procedure import Outcome, take_procedure
from simulators.city.send import chosen
from simulators.cloud_client import CloudClient
from simulators.demo.processes import Process, command, watch
from simulators.demo.steps import (
    Steps,
    cloud_port,
    finish,
    invite,
    is_healthy,
    prepare,
    until_stopped,
)
from simulators.errors import SimulatorError
from simulators.progress import write_line

MARKER = ".campus-city-demo"
RULES_FILE = "rules.yaml"
_MADE = ("assessment ", "selection ")
_FORMS = {"pdf": "pdf", "xlsx": "xlsx", "json": "bundle.json"}
"""Of each form of a report, what its file ends with."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `campus-sim city-demo`."""

    data: Path = Path("city-data")
    port: int | None = None
    duration_s: float | None = None
    report: Path | None = None
    schools: int = 1000
    days: int = 20
    seed: int = 7
    places: int = 50
    send: int = 20
    """How many schools are sent over the API as well."""
    text: Texts | None = None
    """The language of the progress; None: none is shown."""


def run_city_demo(options: Options) -> int:
    """Run all of it; 0 when it was stopped or its time is over."""
    if options.port is not None:
        cloud_port(options.port)  # a port that is taken is refused before anything is made
    folder = options.data.resolve()
    prepare(folder, MARKER, "city-demo", is_kept=False)
    demo = _CityDemo(options, folder)
    with until_stopped(demo.stop):
        try:
            demo.make()
            demo.serve()
            demo.send_some()
            demo.proceed()
            demo.report()
            demo.conclude()
            if options.duration_s is None:
                invite(demo.url, "ranking")
            watch(demo.running, options.duration_s)
        except KeyboardInterrupt:
            write_line("\nstopping ...")
            return 0 if options.duration_s is None else 1
    return 0


class _CityDemo:
    """The steps of one run."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.url = ""
        self.running: list[Process] = []
        self._options = options
        self._folder = folder
        self._cloud = folder / "cloud"
        self._steps = Steps(options.text)
        self._agreement: Agreement | None = None
        self._outcome: Outcome | None = None
        self._peak_mb: dict[str, float] = {}

    def make(self) -> None:
        """Make the city and everything the pages show."""
        options, city = self._options, self._folder / "city"
        write_line(f"Smart Campus city: {options.schools:,} schools, data in {self._folder}")
        self._run(
            f"a city of {options.schools:,} schools, {options.days} school days",
            "campus-sim", "city", "--schools", str(options.schools), "--days", str(options.days),
            "--seed", str(options.seed), "--out", str(city),
        )  # fmt: skip
        facts = read_city(city)
        self._run(
            "records by the ordinary import, slots into the roll-ups",
            "campus-cloud", "load", str(city), "--data", str(self._cloud),
        )  # fmt: skip
        self._run(
            "assessment of every school against the standard in force",
            "campus-cloud", "assess", "--data", str(self._cloud), "--start", facts["start"],
            "--end", facts["end"], "--inspections", str(city / "city.json"),
        )  # fmt: skip
        rules = self._folder / RULES_FILE
        rules.write_text(rules_text(options.places), encoding="utf-8")
        self._run(
            f"selection of {options.places}, quotas as in {RULES_FILE}",
            "campus-cloud", "select", "--data", str(self._cloud), "--rules", str(rules),
            "--seed", str(options.seed),
        )  # fmt: skip

    def serve(self) -> None:
        """Start the cloud on what was made."""
        with self._steps.step("cloud") as step:
            port = cloud_port(self._options.port)
            self.url = f"http://127.0.0.1:{port}"
            self._serve("cloud", self._cloud, port)
            step.result = self.url

    def send_some(self) -> None:
        """Send some schools to an empty cloud over its API, and compare what both answer."""
        number = min(self._options.send, self._options.schools)
        if not number:
            return
        city, data, port = self._folder / "city", self._folder / "sent", cloud_port(None)
        url = f"http://127.0.0.1:{port}"
        second = self._serve("second-cloud", data, port)
        self._run(
            f"{number} schools again, over the import and write API of an empty cloud",
            "campus-sim", "city-send", "--city", str(city), "--schools", str(number),
            "--url", url, "--token-file", str(data / "token"),
        )  # fmt: skip
        facts = read_city(city)
        with self._steps.step("both clouds compared, over the API") as step:
            agreement = compare(
                self.url,
                url,
                chosen(city, number),
                facts["start"],
                facts["end"],
                partial(step.progress, "schools"),
            )
            step.result = agreement.summary()
        self._agreement = agreement
        self._peak_mb["second-cloud"] = second.peak_mb()
        self.running.remove(second)
        second.stop()
        if agreement.differences:
            raise SimulatorError(
                f"the two clouds differ {len(agreement.differences)} times: "
                f"{agreement.differences[0]}"
            )

    def proceed(self) -> None:
        """Take the procedure as far as the publicity period."""
        facts = read_city(self._folder / "city")
        token = (self._cloud / "token").read_text(encoding="utf-8").strip()
        with self._steps.step("the procedure, up to the publicity period") as step:
            selection = self._newest("selections")["id"]
            outcome = take_procedure(
                self.url, token, selection, facts["inspections"], partial(step.progress, "steps")
            )
            step.result = outcome.summary()
        self._outcome = outcome

    def report(self) -> None:
        """Fetch the reports of the city and of the best school that was not selected."""
        newest = self._newest("selections")["id"]
        with CloudClient(self.url) as client:
            selection = client.get(f"/selections/{newest}")
        school = (selection["first_out"] or selection["items"])[0]["school"]
        folder = self._folder / "reports"
        folder.mkdir()
        reports = [
            *((f"/city.{form}", f"city.{ending}") for form, ending in _FORMS.items()),
            *((f"/notice.{form}", f"city.notice.{form}") for form in ("pdf", "xlsx")),
            *((f"/schools/{school}.{form}", f"{school}.{end}") for form, end in _FORMS.items()),
        ]
        text = f"reports of the city, and of {school}, first of those left out"
        with self._steps.step(text) as step, CloudClient(self.url) as client:
            for number, (path, name) in enumerate(reports):
                step.progress("reports", number, len(reports))
                answer = client.content(f"/assessments/latest/reports{path}")
                (folder / name).write_bytes(answer.content)

    def _serve(self, name: str, data: Path, port: int) -> Process:
        log = self._folder / "logs" / f"{name}.log"
        arguments = ["serve", "--data", str(data), "--port", str(port)]
        cloud = Process(name, [*command("campus-cloud"), *arguments], log)
        self.running.append(cloud)
        url = f"http://127.0.0.1:{port}"
        cloud.wait_until(
            lambda: cloud.is_listening(port) and is_healthy(url), "starting", others=self.running
        )
        return cloud

    def conclude(self) -> None:
        """Print what came out, asked of the cloud itself, and write it down if wanted."""
        selection = self._newest("selections")
        assessment = self._newest("assessments")
        files = sorted(path.name for path in (self._folder / "reports").rglob("*.*"))
        report = {
            "assessment": assessment,
            "selection": selection,
            "reports": files,
            "seconds": {name: round(took, 1) for name, took in self._steps.seconds.items()},
            "peak_memory_mb": self._peak_mb | {"cloud": self.running[0].peak_mb()},
            "both_ways": None if self._agreement is None else asdict(self._agreement),
            "procedure": None if self._outcome is None else asdict(self._outcome),
            "seed": self._options.seed,
        }
        if self._options.report is not None:
            text = json.dumps(report, ensure_ascii=False, indent=2, default=str)
            self._options.report.write_text(text + "\n", encoding="utf-8")
        most = max(self._peak_mb.values(), default=0.0) / 1000
        write_line(
            f"\n{len(files)} reports in {self._folder / 'reports'}; at most {most:.1f} GB in use"
        )

    def stop(self) -> None:
        """Stop what still runs."""
        for process in reversed(self.running):
            process.stop()

    def _run(self, text: str, script: str, name: str, *arguments: str) -> None:
        """Run a command, show its news, and keep as result what it made, else its last line."""
        with self._steps.step(text) as step:
            command_run = finish(
                name,
                self._folder,
                script,
                name,
                *arguments,
                watched=self.running,
                on_line=step.note,
            )
            lines = command_run.output().splitlines()
            made = [line for line in lines if line.startswith(_MADE)]
            self._peak_mb[name] = command_run.peak_mb()
            step.result = made[-1] if made else command_run.last_line

    def _newest(self, noun: str) -> dict[str, Any]:
        """Return the newest assessment or selection, as the cloud lists it."""
        with CloudClient(self.url) as client:
            filed = client.get(f"/{noun}")
        if not filed:
            raise SimulatorError(f"{self.url}/api/v1/{noun}: nothing is filed")
        newest: dict[str, Any] = filed[0]
        return newest


def rules_text(places: int) -> str:
    """Return rules as a bureau might set them: no county, stage or kind of place takes it all."""
    share = {"least": places // 25, "most": -(-places * 6 // 25)}
    rules = {
        "places": places,
        "quotas": {
            "division": {code: dict(share) for code in DIVISIONS},
            "stage": {"KG": {"most": places // 4}, "PRI": {"least": max(1, places // 10)}},
            "urban_rural": {"2": {"least": max(1, places // 10)}},
        },
    }
    return yaml.safe_dump(rules, allow_unicode=True, sort_keys=False)
