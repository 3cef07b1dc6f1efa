"""`status.json`: what the gateway knows of itself, for `campus-edge status` on the same machine.

An SD card lives by what is not written. The file is written at once when a state changes (a driver,
an error, the uplink), and for mere counts out of an allowance: a burst first, so that one who looks
on sees it move, and `ALLOWANCE_PER_S` in the long run. In between only its time is touched: that
shows that the gateway runs.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATUS_FILE = "status.json"
ALLOWANCE_PER_S = 250.0
"""Bytes; 22 MB a day."""
BURST_BYTES = 1_000_000.0
TOUCH_S = 45.0
_BLOCK = 4096
_FILE_BLOCKS = 3
"""What a new file costs besides its content: a folder entry and two inodes."""
_COUNTS = frozenset(
    {
        "at",
        "uptime_s",
        "memory_mb",
        "disk_free_mb",
        "readings",
        "readings_per_s",
        "sent",
        "backlog",
        "buffer_bytes",
        "oldest_unsent_s",
        "errors",
        "last_error_at",
        "last_reading",
        "last_answer",
    }
)
"""What changes without a change of state."""
_NEVER_ALONE = frozenset(
    {"at", "uptime_s", "memory_mb", "disk_free_mb", "readings_per_s", "sent", "last_error_at"}
)
"""What changes although nothing happens."""


class StatusFile:
    """The status file of one gateway."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / STATUS_FILE
        self._state: Any = None
        self._counts: Any = None
        self._allowance = BURST_BYTES
        self._judged_s: float | None = None
        self._touched_s = 0.0

    def write(self, report: Mapping[str, Any], now_s: float, *, is_last: bool = False) -> None:
        """Write a report, or show that the gateway runs; `now_s` is the monotonic clock.

        A reader sees the old report or the new one, never a half.
        """
        if self._judged_s is not None:
            passed_s = now_s - self._judged_s
            self._allowance = min(BURST_BYTES, self._allowance + passed_s * ALLOWANCE_PER_S)
        self._judged_s = now_s
        state, counts = _without(report, _COUNTS), _without(report, _NEVER_ALONE)
        text = json.dumps(report, ensure_ascii=False, separators=(",", ":")) + "\n"
        cost = (-(-len(text.encode()) // _BLOCK) + _FILE_BLOCKS) * _BLOCK
        is_counted = counts != self._counts and self._allowance >= cost
        if is_last or state != self._state or is_counted:
            self._replace(text)
            self._state, self._counts = state, counts
            self._allowance -= cost
            self._touched_s = now_s
        elif now_s - self._touched_s >= TOUCH_S:
            os.utime(self._path)
            self._touched_s = now_s

    def _replace(self, text: str) -> None:
        temporary = self._path.with_suffix(".json.new")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self._path)


def _without(tree: Any, names: frozenset[str]) -> Any:
    if isinstance(tree, Mapping):
        return {key: _without(value, names) for key, value in tree.items() if key not in names}
    return tree
