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
_LAST_LINES = 5
STUCK_S = 120.0
"""A process that takes no processor time for so long will not get anywhere."""
LIMIT_S = 900.0
"""No part needs a quarter of an hour to start or to stop, on any machine that can run it."""


def command(name: str) -> list[str]:
    """Return how to run one of our own commands: the script next to this interpreter."""
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
                # In English as the demo is, whatever the language of the machine.
                env={**os.environ, "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"},
            )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def output(self) -> str:
        """Return what it wrote since it was started."""
        with self.log.open("rb") as file:
            file.seek(self._start)
            return file.read().decode(errors="replace")

    def is_listening(self, port: int) -> bool:
        """Whether it, and no other program, listens at a TCP port of this machine."""
        try:
            connections = psutil.Process(self.pid).net_connections(kind="tcp")
        except psutil.Error:
            return False
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for connection in connections
        )

    def peak_mb(self) -> float:
        """Return the most memory it ever held, in MB, as far as the system reports it."""
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
        return (self.output().strip().splitlines() or [""])[-1]

    def wait_until(
        self,
        is_ready: Callable[[], bool],
        what: str,
        *,
        others: Sequence["Process"] = (),
        stuck_s: float = STUCK_S,
        limit_s: float = LIMIT_S,
    ) -> None:
        """Return once it is ready, however long a busy machine needs for it.

        Raises SimulatorError as soon as it or one of the others ends, once it was stuck for
        `stuck_s` (it took no processor time and wrote nothing), or after `limit_s` in any case.
        """
        start = time.monotonic()
        progress, since = self._progress(), start
        while not is_ready():
            for process in (self, *others):
                process.check()
            now = time.monotonic()
            if now - start > limit_s:
                raise SimulatorError(
                    f"{self.name}: {what}: not done after {limit_s:g} s; see {self.log}"
                )
            if now - since > stuck_s / 10:
                latest = self._progress()
                if latest != progress:
                    progress, since = latest, now
                elif now - since > stuck_s:
                    raise SimulatorError(
                        f"{self.name}: {what}: stuck for {stuck_s:g} s without using the "
                        f"processor; see {self.log}"
                    )
            time.sleep(_STEP_S)

    def _progress(self) -> tuple[float, int]:
        """Return what grows while it works: its processor time and its log."""
        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.Error:
            return 0.0, self.log.stat().st_size
        return times.user + times.system, self.log.stat().st_size

    def finish(
        self,
        watched: Sequence["Process"] = (),
        on_line: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Wait for its end; raise SimulatorError if it failed, or another one ended meanwhile.

        Meanwhile the memory that it and its own children hold together is looked at, and `on_line`
        receives the last line that it wrote.
        """
        looked = 0.0
        while self.is_running:
            for other in watched:
                other.check()
            if time.monotonic() - looked > _PEAK_EVERY_S:
                looked = time.monotonic()
                self._peak_bytes = max(self._peak_bytes, _held_bytes(self.pid))
                on_line(self.last_line)
            time.sleep(_STEP_S)
        if self._process.returncode:
            self.check()

    def check(self) -> None:
        """Raise SimulatorError, with the last lines that it wrote, if it has ended by itself."""
        code = self._process.poll()
        if code is None:
            return
        lines = [line.rstrip() for line in self.output().splitlines() if line.strip()]
        last = lines[-1].strip() if lines else "it wrote nothing"
        before = "".join(f"\n    {line}" for line in lines[-1 - _LAST_LINES : -1])
        raise SimulatorError(
            f"{self.name} ended with {code}: {last} (see {self.log})"
            + (f"; before that:{before}" if before else "")
        )

    def send_signal(self, number: signal.Signals) -> None:
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
    for member in family:
        with suppress(psutil.Error):
            held += member.memory_info().rss
    return held


def watch(processes: Sequence[Process], seconds: float | None) -> None:
    """Wait so long, or for ever, while all of them run; raise SimulatorError when one ends."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while deadline is None or time.monotonic() < deadline:
        for process in processes:
            process.check()
        left = 0.25 if deadline is None else deadline - time.monotonic()
        time.sleep(max(0.0, min(0.25, left)))
