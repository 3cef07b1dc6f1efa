"""The truth log: what simulated devices reported and in which state they really were, for audits.

JSON lines, one file per process. Every line has `kind` and `at` (UTC, microseconds, Z):

    {"kind": "reported", "device", "asset", "protocol", "at", "observed_at", "values", "certain"}
    {"kind": "state", "device", "asset", "at", "state"}     the true state from here on
    {"kind": "fault", "device", "asset", "at", "fault", "for_s"}
    {"kind": "silent", "device", "asset", "at", "from", "to"}
    {"kind": "connection", "bus", "at", "open", "by"}
    {"kind": "lost_frame", "bus", "at", "unit"}             noise, on purpose
    {"kind": "given_up_request", "bus", "at", "unit"}       another one waited behind it
    {"kind": "commanded", ...}

`certain` false: it may have arrived, and need not. `not_requested` in a "reported" line: points
that a Modbus answer carried between those asked for. `by` is who ended a connection: "school" or
"peer". Lines are written once a second and at the end.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FLUSH_S = 1.0


def iso(moment: datetime) -> str:
    """Return a moment as the truth log writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class TruthLog:
    """One truth log file, appended to; `async with` keeps it flushed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def __call__(self, *, kind: str, **facts: Any) -> None:
        """Write one line; without `at` it is now."""
        facts.setdefault("at", iso(datetime.now(UTC)))
        self._lines.append(json.dumps({"kind": kind, **facts}, ensure_ascii=False))

    def of(self, **facts: Any) -> Callable[..., None]:
        """Return a log for one device: its facts are in every line."""

        def write(*, kind: str, **more: Any) -> None:
            self(kind=kind, **{**facts, **more})

        return write

    def flush(self) -> None:
        """Write what has gathered; raises OSError where the disk refuses."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    async def __aenter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        self._task = asyncio.get_running_loop().create_task(self._keep_flushed())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.flush()

    async def _keep_flushed(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            self.flush()
