"""The demo as a user starts it, for three quarters of a minute."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests._parts.ports import free_port

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.mark.parametrize("options", [[], ["--noise"]], ids=["quiet", "noise"])
def test_a_demo_loses_nothing_and_doubles_nothing(tmp_path: Path, options: list[str]) -> None:
    report_file = tmp_path / "demo.json"
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("campus-sim")),
            "demo",
            *("--data", str(tmp_path / "data")),
            *("--port", str(free_port())),
            *("--duration", "45"),
            *("--report", str(report_file)),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(report_file.read_text())
    assert report["devices"] == {"mqtt": 24, "modbus_tcp": 6, "modbus_rtu": 6, "ble": 8}
    readings = report["readings"]
    assert (readings["lost"], readings["doubled"]) == (0, 0)
    # The MQTT devices were switched on after the gateway had subscribed; each of the two buses may
    # have lost one answer when the devices stopped.
    kinds = readings["not_owed_kinds"]
    assert kinds["before_subscription"]["count"] == 0
    assert kinds["unconfirmed"]["count"] == 0
    assert kinds["last_answer"]["count"] <= kinds["last_answer"]["most"] < 30
    assert readings["not_owed"] == kinds["last_answer"]["count"]
    assert readings["reported"] > 1000
    assert readings["stored"] > 500
    assert report["usage"]["slots"] >= 30
    assert report["usage"]["over"] == 0
    assert 0 < report["score"]["value"] <= 100
    assert report["score"]["coverage"] > 0.5
    assert report["score"]["standard"].startswith("taizhou")
    # What a gateway needs in its own installation is in tests/edge/test_memory.py; here it finds
    # a developer's numpy too, which influxdb-client then loads.
    assert 0 < report["peak_memory_mb"]["gateway"] < 130
    assert report["peak_memory_mb"]["cloud"] > 0
    assert (report["lost_frames"] > 0) is bool(options)
    assert report["seed"] == 7
