"""Send the buffer to the server: one reader, one batch at a time, oldest first.

A batch that is refused is halved until the bad lines are alone; those are set aside with the
server's reason and never hold up the rest. One that is cut off is halved too. What is stored is
acknowledged at once, so a stop in the middle repeats little, and repeating is harmless: time and
tags identify a point.

While the server cannot be reached the lines wait in the buffer. When it responds again, the waiting
lines are the backlog and new lines go first, in turns (see `edge.buffer.sqlite`).
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random
from typing import Protocol

from edge.backoff import Backoff
from edge.buffer.entry import Batch, Line
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import Clock
from edge.errors import (
    BatchRejected,
    BufferUnavailable,
    EdgeError,
    UplinkRefused,
    UplinkUnavailable,
)

_log = logging.getLogger(__name__)

SLOW_RETRY_S = 60.0
_SMALL = 20
"""Lines; a request this small was not cut off for its size."""
_GROW_AFTER = 20
"""Requests in a row that went through."""


class Writer(Protocol):
    """Writes a body of line protocol to the server, blocking."""

    def write(self, body: bytes) -> None:
        """Return once all of it is stored; raise an UplinkError otherwise."""

    def ask_time(self) -> None:
        """Make the server state its time; raise an UplinkError where it gives no response."""


@dataclass(slots=True)
class UplinkReport:
    """The state of the uplink, for the health report."""

    sent: int = 0
    requests: int = 0
    failures: int = 0
    last_error: str = ""
    last_error_kind: str = ""
    last_error_at: datetime | None = None
    is_up: bool = True


class Drain:
    """The one reader of the buffer."""

    def __init__(
        self,
        buffer: SqliteBuffer,
        writer: Writer,
        *,
        clock: Clock,
        random: Random,
        batch_lines: int = 2000,
        linger_s: float = 0.5,
        first_retry_s: float = 1.0,
        slow_retry_s: float = SLOW_RETRY_S,
        sleep: Callable[[float], "asyncio.Future[None]"] | None = None,
    ) -> None:
        self._buffer = buffer
        self._writer = writer
        self._clock = clock
        self._random = random
        self._batch_lines = batch_lines
        self._limit = batch_lines
        self._careful_limit = batch_lines
        """Smaller for a while after a request that was cut off."""
        self._since_growth = 0
        self._linger_s = linger_s
        self._slow_retry_s = slow_retry_s
        self._backoff = Backoff(random=random, first_s=first_retry_s)
        self._sleep = sleep or asyncio.sleep
        self._one_reader = asyncio.Lock()
        self._newest: dict[str, str] = {}
        """Lines of which only the newest is worth sending, by key."""
        self.report = UplinkReport()

    def send_newest(self, lines: Sequence[Line]) -> None:
        """Send lines that need not outlive the process; each takes the place of its older one."""
        self._newest.update({line.key or line.text: line.text for line in lines})
        self._buffer.changed.set()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            self._buffer.changed.clear()
            wait_s = await self.send_all()
            if wait_s is not None:
                await self._sleep(wait_s)
                await self._begin_backlog()
                continue
            await self._buffer.changed.wait()
            # A short rest lets a batch fill up: fewer requests, better compression.
            await self._sleep(self._linger_s)

    async def send_all(self) -> float | None:
        """Send until nothing is left (None), or the server fails (seconds to wait)."""
        async with self._one_reader:
            try:
                await self._send_newest()
                while batch := await self._buffer.take(min(self._limit, self._careful_limit)):
                    await self._send(batch)
                    await self._send_newest()
            except (UplinkUnavailable, UplinkRefused, BufferUnavailable) as error:
                return self._failed(error)
        return None

    async def _send_newest(self) -> None:
        keys = list(self._newest)
        size = min(self._limit, self._careful_limit)
        for first in range(0, len(keys), size):
            lines = {key: self._newest[key] for key in keys[first : first + size]}
            body = "\n".join(lines.values()).encode("utf-8", "replace")
            self.report.requests += 1
            try:
                await on_own_thread(partial(self._writer.write, body))
            except BatchRejected as error:
                self._note(f"the gateway's own report was refused: {error}", error.kind)
            else:
                self.report.sent += len(lines)
            self._succeeded()
            for key, text in lines.items():
                if self._newest.get(key) == text:
                    del self._newest[key]

    async def _send(self, batch: Batch) -> None:
        rest = [batch]
        while rest:
            part = rest.pop()
            try:
                self.report.requests += 1
                await on_own_thread(partial(self._writer.write, part.body()))
            except BatchRejected as error:
                rest.extend(await self._divided(part, error))
            except UplinkUnavailable as error:
                if error.is_cut:
                    self._careful_limit = max(_SMALL, len(part.lines) // 2)
                    self._since_growth = 0
                raise
            else:
                self._grow()
                await self._buffer.acknowledge(part)
                self.report.sent += len(part.lines)
            self._succeeded()

    async def _divided(self, part: Batch, error: BatchRejected) -> list[Batch]:
        if len(part.lines) == 1:
            await self._buffer.set_aside(part, error.status, error.problem)
            self._note(f"a line was set aside: {error}", error.kind)
            _log.warning("set aside %r: %s", part.lines[0][1], error)
            return []
        if error.status == 413:
            self._limit = max(1, len(part.lines) // 2)
        first, second = part.halves()
        return [second, first]

    def _grow(self) -> None:
        """Let batches grow again after a number of requests that were not cut off."""
        self._since_growth += 1
        if self._careful_limit < self._limit and self._since_growth >= _GROW_AFTER:
            self._careful_limit *= 2
            self._since_growth = 0

    def _succeeded(self) -> None:
        if not self.report.is_up:
            _log.info("the uplink is up again")
        self.report.is_up = True
        self._backoff.reset()

    def _failed(self, error: Exception) -> float:
        if self.report.is_up or str(error) != self.report.last_error:
            _log.warning("%s", error)
        self.report.is_up = False
        self._note(str(error), error.kind if isinstance(error, EdgeError) else EdgeError.kind)
        wait_s = self._backoff.next_s()
        if isinstance(error, UplinkRefused):
            return self._slow_retry_s * self._random.uniform(0.5, 1.0)
        if isinstance(error, UplinkUnavailable) and error.retry_after_s is not None:
            # Jitter on top, never below: all gateways received the same number.
            return max(wait_s, error.retry_after_s * self._random.uniform(1.0, 1.2))
        return wait_s

    def _note(self, text: str, kind: str) -> None:
        self.report.failures += 1
        self.report.last_error = text
        self.report.last_error_kind = kind
        self.report.last_error_at = self._clock.now()

    async def _begin_backlog(self) -> None:
        try:
            await self._buffer.start_backlog()
        except BufferUnavailable as error:
            self._note(str(error), error.kind)


async def on_own_thread(call: Callable[[], None]) -> None:
    """Run a blocking call on a daemon thread: a server that hangs must not delay a stop."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    def work() -> None:
        outcome: BaseException | None = None
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            outcome = error
        # The loop may be closed when a stop did not wait for the server.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name="uplink", daemon=True).start()
    await future
