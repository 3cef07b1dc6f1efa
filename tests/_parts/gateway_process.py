"""A `campus-edge run` process, its own status and what the system measures of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests._parts.patience import PATIENCE_S

CAMPUS_EDGE = (str(Path(sys.executable).with_name("campus-edge")),)


class GatewayProcess:
    """One gateway on a folder of the test's."""

    def __init__(
        self,
        folder: Path,
        configuration: Mapping[str, Any],
        command: Sequence[str] = CAMPUS_EDGE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._environment = {**os.environ, **(environment or {})}
        self._command = command
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file = folder / "gateway.yaml"
        self._file.write_text(json.dumps({**configuration, "data_dir": "data"}), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return at once."""
        command = [*self._command, "run", str(self._file)]
        with (self._folder / "gateway.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)

    def stop(self) -> int:
        """Stop in peace; return the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End the process at once, as the system does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the status for which something holds; failing is the only use of the wait's end.

        The gateway writes its status every second.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while True:
            status = self.status()
            if status and holds(status):
                return status
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            assert loop.time() < deadline, (status, self.log())
            await asyncio.sleep(0.1)

    def status(self) -> dict[str, Any]:
        """Return what the gateway last wrote of itself, nothing before it did."""
        try:
            text = (self._folder / "data" / "status.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        status: dict[str, Any] = json.loads(text)
        return status

    @property
    def buffer(self) -> Path:
        """The file of its buffer."""
        return self._folder / "data" / "buffer.db"

    def log(self) -> str:
        """Return what it wrote to stdout and stderr."""
        return (self._folder / "gateway.log").read_text(encoding="utf-8", errors="replace")

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time so far, of the user and of the system."""
        return cpu_s(self._pid)

    def memory_mb(self, name: str) -> float:
        """Return a line of the system's status in MB: VmHWM is the peak of VmRSS."""
        for line in Path(f"/proc/{self._pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise AssertionError(f"the system gives no {name}")

    @property
    def _pid(self) -> int:
        assert self._process is not None
        return self._process.pid


def cpu_s(pid: int) -> float:
    """Return the processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def gateway_process(
    folder: Path, configuration: Mapping[str, Any], command: Sequence[str] = CAMPUS_EDGE
) -> AsyncIterator[GatewayProcess]:
    """Run a gateway; insist that it stops in peace."""
    gateway = GatewayProcess(folder, configuration, command)
    gateway.start()
    try:
        yield gateway
    finally:
        code = await asyncio.to_thread(gateway.stop)
    assert code == 0, gateway.log()
