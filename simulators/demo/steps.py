"""What every demo on this machine does: a folder of its own, a port, steps with their seconds.

A demo deletes only a folder that holds the marker it left there itself.
"""

import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from device_profiles.command_line.progress import Progress
from device_profiles.command_line.texts import Texts
from simulators.demo.processes import Process, command
from simulators.errors import SimulatorError
from simulators.progress import write_line

FIRST_PORT = 8090
_NEWS_S = 5.0


class Step:
    """One step under way."""

    def __init__(
        self, report: Progress | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.result = ""
        """What came of it, for its line."""
        self._report = report
        self._clock = clock
        self._start = self._last = clock()

    def progress(self, unit: str, done: int, total: int | None = None) -> None:
        """Report how many units are done."""
        if self._report is not None:
            self._report(unit, done, total)

    def note(self, text: str) -> None:
        """Print the news of a command that runs for this step, every few seconds."""
        now = self._clock()
        if now - self._last >= _NEWS_S:
            self._last = now
            write_line(f"  {now - self._start:5.0f} s  ... {text.strip() or 'at work'}")


@dataclass(slots=True)
class Steps:
    """One line for each step, with the seconds it took; meanwhile its progress."""

    text: Texts | None = None
    """The language of the progress; None: none is shown."""
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, text: str) -> Iterator[Step]:
        """Print the step with its result once it is done."""
        start = time.monotonic()
        with ExitStack() as stack:
            report = stack.enter_context(Progress(self.text)) if self.text is not None else None
            step = Step(report)
            yield step
        result = f": {step.result}" if step.result else ""
        self.seconds[text] = time.monotonic() - start
        write_line(f"  {self.seconds[text]:5.1f} s  {text}{result}")


def invite(url: str, page: str = "", *, note: str = "") -> None:
    """Print the address in a way that cannot be missed."""
    line = f"  Open  {url}/{page}  in a browser.  Ctrl-C stops it.  "
    bar = "=" * len(line)
    write_line(f"\n{bar}\n{line}\n{bar}{'  ' + note if note else ''}\n")


@contextmanager
def until_stopped(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM interrupt like Ctrl-C, and stop everything at the end, whatever happened."""
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it
        try:
            stop()
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, previous)


def prepare(folder: Path, marker: str, name: str, *, is_kept: bool) -> bool:
    """Make the folder anew unless it is kept; return whether it is new. Deletes only our own."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / marker).exists():
            raise SimulatorError(
                f"{folder} was not made by `campus-sim {name}`; name another with --data, "
                "or empty it"
            )
        if is_kept:
            return not (folder / "cloud" / "token").exists()
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / marker).write_text(
            f"Made by `campus-sim {name}`, which may delete this folder.\n"
        )
    except OSError as error:
        raise SimulatorError(f"{folder}: cannot be made: {error.strerror}") from error
    return True


def cloud_port(wanted: int | None) -> int:
    """Return the port wanted, or the first free one; raises SimulatorError where there is none."""
    if wanted is not None:
        if not _is_free(wanted):
            raise SimulatorError(f"port {wanted} is taken; name another with --port")
        return wanted
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if _is_free(port):
            return port
    raise SimulatorError(f"no free port from {FIRST_PORT} on; name one with --port")


def is_healthy(url: str) -> bool:
    """Whether a cloud answers there."""
    try:
        return httpx.get(f"{url}/health", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def finish(
    name: str,
    folder: Path,
    script: str,
    *arguments: str,
    watched: Sequence[Process] = (),
    on_line: Callable[[str], None] = lambda _line: None,
) -> Process:
    """Run one of our commands to its end and return it: what it wrote, the memory it took."""
    log = folder / "logs" / f"{name}.log"
    process = Process(name, [*command(script), *arguments], log)
    try:
        process.finish(watched=watched, on_line=on_line)
    except BaseException:
        process.kill()
        raise
    return process


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
