"""The processes of a demo: started, watched, and stopped in order.

Each has a log file. One that ends by itself is named, with the last line it wrote.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from simulators.errors import SimulatorError

_STEP_S = 0.05
_PEAK_EVERY_S = 0.5
_STOP_S = 15.0


def command(name: str) -> list[str]:
    """Return how to run one of our own commands: the script beside this interpreter."""
    script = Path(sys.executable).with_name(name)
    if not script.exists():
        raise SimulatorError(f"{script} is missing; install the project with its extras")
    return [str(script)]


class Process:
    """One child with its log. It has a session of its own: Ctrl-C reaches only who started it."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        self._peak_bytes = 0
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            self._start = file.tell()
            self._process = subprocess.Popen(  # noqa: S603  our own commands
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def said(self) -> str:
        """Return what it wrote since it was started."""
        with self.log.open("rb") as file:
            file.seek(self._start)
            return file.read().decode(errors="replace")

    def peak_mb(self) -> float:
        """Return the most memory it ever held, in MB, as far as the system tells."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
            peak = next(
                (int(line.split()[1]) * 1024 for line in status.splitlines() if "VmHWM" in line), 0
            )
        except OSError:
            peak = 0
        if not peak:
            try:
                peak = psutil.Process(self.pid).memory_info().rss
            except psutil.Error:
                peak = 0
        self._peak_bytes = max(self._peak_bytes, peak)
        return round(self._peak_bytes / 1e6, 1)

    @property
    def last_line(self) -> str:
        """The last line it wrote."""
        return (self.said().strip().splitlines() or [""])[-1]

    def wait_until(self, is_ready: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Return once it is ready; raise SimulatorError where it ends or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise SimulatorError(
                    f"{self.name}: {what} took longer than {timeout_s:.0f} s; see {self.log}"
                )
            time.sleep(_STEP_S)

    def finish(self, watched: Sequence["Process"] = ()) -> None:
        """Wait for its end; raise SimulatorError if it failed, or another one ended meanwhile.

        Meanwhile the memory that it and its own children hold together is looked at.
        """
        looked = 0.0
        while self.is_running:
            for other in watched:
                other.check()
            if time.monotonic() - looked > _PEAK_EVERY_S:
                looked = time.monotonic()
                self._peak_bytes = max(self._peak_bytes, _held_bytes(self.pid))
            time.sleep(_STEP_S)
        if self._process.returncode:
            self.check()

    def check(self) -> None:
        """Raise SimulatorError if it has ended by itself."""
        code = self._process.poll()
        if code is None:
            return
        lines = [line for line in self.said().splitlines() if line.strip()]
        last = lines[-1].strip() if lines else "it said nothing"
        raise SimulatorError(f"{self.name} ended with {code}: {last} (see {self.log})")

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.is_running:
            self._process.send_signal(number)

    def stop(self, timeout_s: float = _STOP_S) -> bool:
        """Ask it to end and wait; kill it where it does not. Return whether it ended when asked."""
        if self.is_running:
            self.peak_mb()
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def kill(self) -> None:
        """End it at once, with the processes that it started itself."""
        if self.is_running:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def _held_bytes(pid: int) -> int:
    """Return the memory that a process and its children hold; what they share counts again."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    held = 0
    for one in family:
        with suppress(psutil.Error):
            held += one.memory_info().rss
    return held


def watch(processes: Sequence[Process], seconds: float | None) -> None:
    """Wait so long, or for ever, while all of them run; raise SimulatorError when one ends."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while deadline is None or time.monotonic() < deadline:
        for process in processes:
            process.check()
        left = 0.25 if deadline is None else deadline - time.monotonic()
        time.sleep(max(0.0, min(0.25, left)))
