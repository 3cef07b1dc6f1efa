"""How far long work is: a bar with rate and time left on a terminal, some lines elsewhere."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    from rich import progress as bars

_LINES = 4
"""How many lines a short step leaves where there is no terminal: one for each quarter."""
_EVERY_S = 5.0
"""After how long a long step leaves another line there."""


class Progress:
    """Reports one step after the other on stderr. A context manager: leaving it ends the bar.

    A step is named by its key under `step.` in the catalogue, or by itself where it has none.
    """

    def __init__(
        self,
        text: Texts,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._text = text
        self._clock = clock
        self._started: dict[str, float] = {}
        self._last_line_s = 0.0
        self._stream = stream or sys.stderr
        self._bars = _bars(text, self._stream) if self._stream.isatty() else None
        self._tasks: dict[str, bars.TaskID] = {}
        self._last_quarter = ("", 0)

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Report that `done` of `total` parts of a step are done; None is an unknown total."""
        key = f"step.{step}"
        name = self._text(key) if key in self._text else step
        if self._bars is None:
            self._line(step, name, done, total)
            return
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(name, total=total)
        self._bars.update(self._tasks[step], completed=done, total=total)

    def _line(self, step: str, name: str, done: int, total: int | None) -> None:
        now = self._clock()
        seconds = now - self._started.setdefault(step, now)
        timing = "".join(
            self._text("comma") + part for part in timing_of(done, total, seconds, self._text)
        )
        if total is None:
            if now - self._last_line_s < _EVERY_S:
                return
            line = self._text("progress.open", step=name, done=done, timing=timing)
        else:
            quarter = _LINES * done // max(total, 1)
            is_new = (step, quarter) != self._last_quarter and quarter > 0
            is_long = seconds >= _EVERY_S and now - self._last_line_s >= _EVERY_S
            if not is_new and not is_long:
                return
            self._last_quarter = (step, quarter)
            line = self._text(
                "progress.line",
                step=name,
                percent=100 * done // max(total, 1),
                done=done,
                total=total,
                timing=timing,
            )
        self._last_line_s = now
        self._stream.write(f"{line}\n")
        self._stream.flush()


def timing_of(done: int, total: int | None, seconds: float, text: Texts) -> list[str]:
    """Return the rate and the time left of work that began `seconds` ago, as far as known."""
    if seconds <= 0 or done <= 0:
        return []
    rate = done / seconds
    parts = [text("progress.rate", rate=rate)]
    if total is not None and done < total:
        parts.append(text("progress.left", span=span((total - done) / rate, text)))
    return parts


def span(seconds: float, text: Texts) -> str:
    """Return a length of time in its largest fitting unit ("3 min")."""
    for length, key in ((86_400, "time.days"), (3600, "time.hours"), (60, "time.minutes")):
        if seconds >= 2 * length:
            return text(key, number=seconds / length)
    return text("time.seconds", number=seconds)


def _bars(text: Texts, stream: TextIO) -> "bars.Progress":
    from rich import progress as bars  # noqa: PLC0415  only a terminal needs it
    from rich.console import Console  # noqa: PLC0415  as above
    from rich.text import Text  # noqa: PLC0415  as above

    class Rate(bars.ProgressColumn):
        def render(self, task: bars.Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else text("progress.rate", rate=speed))

    class Left(bars.ProgressColumn):
        max_refresh = 0.5

        def render(self, task: bars.Task) -> Text:
            seconds = task.finished_time if task.finished else task.time_remaining
            if seconds is None:
                return Text("")
            length = span(seconds, text)
            return Text(length if task.finished else text("progress.left", span=length))

    return bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.MofNCompleteColumn(),
        Rate(),
        Left(),
        console=Console(file=stream),
        # Where both go to the terminal, a line that is printed meanwhile belongs above the bar.
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=False,
    )
