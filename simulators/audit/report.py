"""A run of a plan, audited over the cloud's API: the figures of the demo's report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from device_profiles.usage import SLOT_S
from simulators.audit.exemptions import EXPLANATIONS, GatewayTimes
from simulators.audit.readings import EARLY_S, ReadingAudit, audit_readings
from simulators.audit.truth_lines import moment, read_truth
from simulators.audit.usage import audit_usage, heartbeat
from simulators.cloud_client import CloudClient
from simulators.devices.protocol import simulator_of
from simulators.errors import SimulatorError
from simulators.school.scenario import load_school

_SCORE = ("value", "coverage", "standard")


@dataclass(frozen=True, slots=True)
class Run:
    """What is audited: a plan folder and the cloud that its gateway wrote to."""

    plan: Path
    url: str
    token: str
    until: datetime
    """When the gateway ended."""
    times: GatewayTimes = field(default_factory=GatewayTimes)
    arrival_s: float = 10.0


def audit_run(run: Run) -> dict[str, Any]:
    """Return the figures: `devices`, `readings`, `usage`, `score`, and `examples` of faults.

    Raises SimulatorError where the truth log is empty or the cloud does not answer.
    """
    school = load_school(run.plan)
    truth = read_truth([school.folder / school.plan.truth])
    if not truth.reports:
        raise SimulatorError(f"{school.folder / school.plan.truth}: no device reported anything")
    first = min(moment(line.get("observed_at") or line["at"]) for line in truth.reports)
    since = first - timedelta(seconds=EARLY_S)
    slot = datetime.fromtimestamp(first.timestamp() // SLOT_S * SLOT_S, first.tzinfo)
    profiles = {device.asset: device.profile for device in school.devices}
    code = school.plan.school
    with CloudClient(run.url, run.token) as client:
        readings = audit_readings(
            truth,
            client.rows("/export/readings", **{"school": code, "from": since.isoformat()}),
            profiles,
            heartbeats={d.asset: heartbeat(d.usage) for d in school.devices},
            buses={
                device.asset: bus
                for device in school.devices
                if (bus := simulator_of(device.profile.protocol).bus(device.address))
            },
            times=run.times,
            arrival_s=run.arrival_s,
        )
        usage = audit_usage(
            truth,
            client.rows("/export/usage", **{"school": code, "from": slot.isoformat()}),
            {d.asset: (d.profile, d.usage) for d in school.devices if d.usage},
            until=run.until,
            not_received=readings.not_received,
            delay_s=readings.delay_s,
        )
        score = _score(client, code)
    return {
        "devices": readings.devices,
        "readings": _reading_figures(readings),
        "usage": {
            "slots": usage.slots,
            "max_difference_s": usage.max_difference_s,
            "max_per_change_s": usage.max_per_change_s,
            "max_report_delay_s": usage.max_report_delay_s,
            "over": usage.over,
        },
        "score": score,
        "examples": [*readings.examples, *usage.examples],
    }


def is_clean(report: Mapping[str, Any]) -> bool:
    """Whether a report of `audit_run` has nothing lost, nothing doubled and usage right."""
    readings = report["readings"]
    return not (readings["lost"] or readings["doubled"] or report["usage"]["over"])


def not_owed_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each kind of value that was not stored and need not be."""
    for kind, exempted in report["readings"]["not_owed_kinds"].items():
        if exempted["count"]:
            yield (
                f"{exempted['count']} not owed, at most {exempted['most']} can be: {kind}: "
                f"{exempted['explanation']}"
            )


def _reading_figures(readings: ReadingAudit) -> dict[str, Any]:
    return {
        "reported": readings.reported,
        "stored": readings.stored,
        "lost": readings.lost,
        "doubled": readings.doubled,
        "within_deadband": readings.within_deadband,
        "between_polls": readings.between_polls,
        "not_owed": readings.not_owed,
        "not_owed_kinds": {
            kind: {
                "count": exempted.count,
                "most": exempted.most,
                "explanation": EXPLANATIONS[kind],
            }
            for kind, exempted in readings.exempted.items()
        },
    }


def _score(client: CloudClient, school: str) -> dict[str, Any]:
    answer = client.request("GET", f"/api/v1/schools/{school}/score")
    if answer.status_code == httpx.codes.NOT_FOUND:  # telemetry without records
        return dict.fromkeys(_SCORE)
    score = client.checked(answer).json()
    return {key: score.get(key) for key in _SCORE}
