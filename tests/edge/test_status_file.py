"""The status is written when something changes, and seldom for mere counts."""

import json
from pathlib import Path
from typing import Any

from edge.status_file import ALLOWANCE_PER_S, BURST_BYTES, TOUCH_S, StatusFile


def report(**changes: Any) -> dict[str, Any]:
    device = {"readings": 1, "last_error": "", "last_reading": "2026-09-01T00:00:00.000Z"}
    return {"at": "", "uptime_s": 1.0, "uplink": "up", "devices": {"d1": device}} | changes


def read(folder: Path) -> Any:
    return json.loads((folder / "status.json").read_text(encoding="utf-8"))


def test_what_happens_by_itself_is_not_written_and_the_file_touched(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    file.write(report(), 0.0)
    node, touched = (tmp_path / "status.json").stat().st_ino, 0
    for second in range(1, 100):
        before = (tmp_path / "status.json").stat().st_mtime_ns
        file.write(report(at=str(second), uptime_s=float(second)), float(second))
        touched += (tmp_path / "status.json").stat().st_mtime_ns != before
    assert (tmp_path / "status.json").stat().st_ino == node
    assert touched == 99 // TOUCH_S
    assert read(tmp_path)["uptime_s"] == 1.0


def test_a_state_is_written_at_once_whatever_was_written_before(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    for number in range(1000):
        file.write(report(uplink=f"down {number}"), 0.0)
        assert read(tmp_path)["uplink"] == f"down {number}"


def test_counts_are_written_out_of_an_allowance(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    day_s, written = 86_400, 0
    for second in range(day_s):
        file.write(report(readings=second), float(second))
        written += file._touched_s == second and file._counts["readings"] == second
    assert 4 * 4096 * written <= BURST_BYTES + ALLOWANCE_PER_S * day_s
    assert 4 * 4096 * written <= 25_000_000
    assert written > 500
    file.write(report(readings=0), float(day_s), is_last=True)
    assert read(tmp_path)["readings"] == 0
