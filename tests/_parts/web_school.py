"""A simulated school in a running cloud: its records, its past, and a gateway that reports."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx

from device_profiles.points import to_ns
from simulators.school.campus import make_campus
from simulators.school.history import write_history
from simulators.school.plan import WORKBOOK_FILE, Reach, write_plan
from tests._parts.patience import PATIENCE_S
from tests._parts.web_city import run
from tests._parts.write_servers import SCHOOL, CloudServer

UNKNOWN_DEVICE = "X-0001"
"""What the gateway reports of a device that no asset of the ledger is bound to."""


def add_school(server: CloudServer, folder: Path, *, days: int = 3) -> None:
    """Give a running cloud the school's workbook and so many school days of its past."""
    plan = folder / "plan"
    write_plan(plan, make_campus(7, 44, date.today()), Reach())  # noqa: DTZ011 - the school's today
    token = ("--token-file", folder / "token-file")
    run("campus-cloud", "import", "workbook", plan / WORKBOOK_FILE, "--url", server.url, *token)
    write_history(plan, url=server.url, token=server.token, days=days, now=datetime.now(UTC))


def add_gateway(server: CloudServer, name: str = "gw-1") -> None:
    """Let a gateway report: its health, two devices of the ledger and one that is not in it."""
    now = datetime.now(UTC)
    health = (
        f'gateway,school={SCHOOL},gateway={name} version="0.1.0",uptime_s=86400,backlog=3,'
        "oldest_unsent_s=2,readings_per_s=1.5,set_aside=0,evicted=0,memory_mb=61.5,"
        "disk_free_mb=20480,errors=1"
    )
    lines = [f"{health} {to_ns(now - timedelta(minutes=minutes))}" for minutes in range(3)]
    for device, asset, error in (
        ("panel-1", "A-0001", ""),
        ("panel-2", "A-0002", "connection refused by 10.0.0.2:1883"),
        ("unknown-1", UNKNOWN_DEVICE, ""),
    ):
        failed = f',last_error="{error}"' if error else ""
        tags = f"school={SCHOOL},asset={asset},profile=eastron-sdm120"
        last = f'last_reading="{now.isoformat()}",readings=120,errors={int(bool(error))}{failed}'
        report = f"gateway,{tags},gateway={name},device={device},protocol=modbus {last}"
        reading = f"reading,{tags},category=meter active_power=42.5"
        lines += [f"{report} {to_ns(now)}", f"{reading} {to_ns(now)}"]
    answer = httpx.post(
        f"{server.url}/api/v2/write",
        params={"org": "school", "bucket": "campus", "precision": "ns"},
        content="\n".join(lines),
        headers={"Authorization": f"Token {server.token}"},
        timeout=PATIENCE_S,
    )
    assert answer.status_code == 204, answer.text
