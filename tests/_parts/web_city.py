"""A small city behind a real cloud: how it is made, and what it answers."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests._parts.patience import PATIENCE_S
from tests._parts.write_servers import CloudServer

SCHOOLS, PLACES = 20, 3
RULES = f"""
places: {PLACES}
hard: []
quotas:
  stage: {{PRI: {{least: 1}}}}
"""


@dataclass(frozen=True, slots=True)
class City:
    """A cloud with an assessment and a selection."""

    server: CloudServer
    folder: Path

    def ask(self, path: str, **params: Any) -> Any:
        answer = httpx.get(f"{self.server.url}/api/v1{path}", params=params, timeout=PATIENCE_S)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def take(self, **step: Any) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.server.url}/api/v1/procedure",
            json=step,
            headers={"Authorization": f"Bearer {self.server.token}"},
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 201, answer.text
        taken: dict[str, Any] = answer.json()
        return taken

    def visit_all(self) -> None:
        """Take what the schools selected still lack before their list is published."""
        details: dict[str, dict[str, str]] = {
            "self_assessment": {},
            "county_review": {"result": "recommended"},
            "site_visit": {"result": "confirmed", "visited_on": "2026-11-20"},
        }
        for row in self.ranking(selected=True):
            log = self.ask("/procedure", school=row["school"])["items"]
            done = {entry["step"] for entry in log if entry["school"] == row["school"]}
            for step, more in details.items():
                if step not in done:
                    reason = "与证据一致"
                    self.take(step=step, school=row["school"], by="核查组", reason=reason, **more)

    def ranking(self, *, selected: bool | None = None) -> list[dict[str, Any]]:
        query = {} if selected is None else {"selected": selected}
        rows: list[dict[str, Any]] = self.ask("/assessments/latest/ranking", **query)["items"]
        return rows

    def untouched(self) -> list[dict[str, Any]]:
        """Return the schools left out of which no step was taken yet, whatever ran before."""
        done = {step["school"] for step in self.ask("/procedure", limit=10_000)["items"]}
        return [row for row in self.ranking(selected=False) if row["school"] not in done]


def run(program: str, *arguments: str | Path) -> str:
    """Run one of our commands and return what it prints."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_city(folder: Path) -> None:
    """Write, load and assess a city in a folder, and select from it, by the commands."""
    written, data = folder / "written", folder / "data"
    rules = folder / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    run("campus-sim", "city", f"--schools={SCHOOLS}", "--days=2", "--seed=5", "--out", written)
    days = sorted(day.name.removeprefix("day=") for day in (written / "slots").iterdir())
    run("campus-cloud", "load", written, "--data", data)
    run("campus-cloud", "assess", "--data", data, "--start", days[0], "--end", days[-1])
    run("campus-cloud", "select", "--data", data, "--rules", rules)
