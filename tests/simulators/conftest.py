"""A small school of one device for each protocol, on free ports."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from simulators.school.run import run_school
from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port

DISPLAY = "{id: display-101, asset: A-0001, profile: campus-interactive-display, mqtt: {device: d}}"
METER = "{id: meter-1, asset: A-0002, profile: eastron-sdm120, modbus: {bus: rtu-1, unit_id: 3}}"
LAB = "{id: lab-1, asset: A-0003, profile: campus-lab-instrument, modbus: {bus: tcp-1, unit_id: 4}}"
EPAPER = (
    "{id: epaper-7, asset: A-0004, profile: campus-epaper-terminal, "
    'ble: {address: "F0:00:00:00:00:07"}}'
)


class RunningSchool:
    """A plan folder, and the school that runs from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker_port = free_port()
        self.modbus_port = free_port()
        self.radio_port = free_port()
        self.ready = asyncio.Event()
        self.freeze = asyncio.Event()

    def write(self, *devices: str, more: str = "") -> None:
        """Write its plan."""
        (self.folder / "school.yaml").write_text(
            'school: "2133100001"\n'
            "lively: true\n"
            f"broker: {{port: {self.broker_port}}}\n"
            f"modbus_tcp: [{{bus: tcp-1, port: {self.modbus_port}}}]\n"
            "modbus_rtu: [{bus: rtu-1, link: rtu-1.pty}]\n"
            f"radio: {{port: {self.radio_port}}}\n"
            f"{more}devices:\n" + "".join(f"  - {device}\n" for device in devices),
            encoding="utf-8",
        )

    def truth(self, kind: str = "", device: str = "") -> list[dict[str, Any]]:
        """Return the lines of the truth log that were flushed, of a kind and a device."""
        path = self.folder / "truth.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [
            line
            for line in lines
            if line["kind"].startswith(kind) and line.get("device", "").startswith(device)
        ]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until the truth log shows it."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():  # noqa: ASYNC110 - a file grows, without an event
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it; it is ready."""
        stop = asyncio.Event()
        task = asyncio.create_task(
            run_school(self.folder, stop, self.ready.set, freeze=self.freeze)
        )
        ready = asyncio.create_task(self.ready.wait())
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait((task, ready), return_when=asyncio.FIRST_COMPLETED)
        try:
            if not task.done():
                yield
        finally:
            ready.cancel()
            stop.set()
            async with asyncio.timeout(PATIENCE_S):
                await task


@pytest.fixture
def school(tmp_path: Path) -> RunningSchool:
    return RunningSchool(tmp_path)
