"""The gateway: one process, one task group.

Drivers hand deliveries to the collector, the collector keeps them in the buffer, the drain empties
the buffer towards the server; one more task closes usage slots and one reports the state.
A driver that breaks is started again, more and more slowly; the others do not notice.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

from device_profiles.version import version
from edge.backoff import Backoff
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import Clock, ComparedClock, boot_id
from edge.collector import Collector
from edge.config import Config
from edge.driver import Driver
from edge.drivers import make_drivers
from edge.errors import BufferUnavailable, DriverUnavailable, UplinkError
from edge.forget import ForgetRequests
from edge.health import EVERY_S, Health
from edge.status_file import StatusFile
from edge.task import run_in_task
from edge.uplink.drain import Drain, Writer, on_own_thread

_log = logging.getLogger(__name__)

BUFFER_FILE = "buffer.db"
_USAGE_S = 1.0
_STATUS_S = 1.0
_FORGET_S = 1.0
_LAST_DRAIN_S = 3.0
_ASK_S = 5.0


class Gateway:
    """Everything that runs for one gateway.yaml.

    `drivers` and `writer` take the place of those the configuration names.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock,
        random: Random,
        drivers: Sequence[Driver] | None = None,
        writer: Writer | None = None,
        boot: str | None = None,
        health_s: float = EVERY_S,
        first_retry_s: float = 1.0,
    ) -> None:
        self._config = config
        self._clock = clock
        self._random = random
        self._drivers = list(drivers) if drivers is not None else make_drivers(config, clock)
        self._writer = writer if writer is not None else new_writer(config, clock)
        self._driver_tasks: list[asyncio.Task[None]] = []
        self._is_status_wanted = False
        self._forget = ForgetRequests(config.data_dir)
        self._health_s = health_s
        self._first_retry_s = first_retry_s
        self._buffer = SqliteBuffer(
            config.data_dir / BUFFER_FILE,
            clock=clock,
            max_bytes=config.file.buffer.max_mb * 1_000_000,
        )
        self.health = Health(
            gateway=config.file.gateway,
            school=config.file.school,
            version=version(),
            devices=config.devices,
            clock=clock,
        )
        self.collector = Collector(
            self._buffer,
            self.health,
            config.devices,
            school=config.file.school,
            clock=clock,
            boot=boot if boot is not None else boot_id(),
        )
        self._status = StatusFile(config.data_dir)
        self._drain = Drain(
            self._buffer,
            self._writer,
            clock=clock,
            random=random,
            batch_lines=config.file.uplink.batch_lines,
            first_retry_s=first_retry_s,
        )

    async def run(self, stop: asyncio.Event, *, ready: Callable[[], None] = lambda: None) -> None:
        """Run until `stop` is set; what was delivered by then is on disk, and sent if it can be."""
        async with self._buffer:
            await self.collector.restore()
            with contextlib.suppress(BufferUnavailable):
                await self._report_accidents()
            async with asyncio.TaskGroup() as group:
                drain = group.create_task(self._drain.run())
                await self._forget_requested(group)
                self._start_drivers(group)
                tasks = [group.create_task(work) for work in self._work()]
                tasks.append(
                    group.create_task(
                        self._every(_FORGET_S, partial(self._forget_requested, group))
                    )
                )
                ready()
                await stop.wait()
                await _ended(tasks)
                await _ended(self._driver_tasks)
                await self._finish()
                drain.cancel()

    def _work(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield self._every(_USAGE_S, self._close_slots)
        yield self._every(_STATUS_S, self._write_status)
        yield self._every(self._health_s, self._report_health)
        if isinstance(self._clock, ComparedClock):
            yield self._ask_time(self._clock)

    def _start_drivers(self, group: asyncio.TaskGroup) -> None:
        self._driver_tasks = [group.create_task(self._supervise(d)) for d in self._drivers]

    async def _forget_requested(self, group: asyncio.TaskGroup) -> None:
        """Forget what was learned of the devices named by `campus-edge forget`.

        The drivers are stopped for that: they hold it in memory, and read it when they start.
        """
        names = await asyncio.to_thread(self._forget.pending)
        if not names:
            return
        were_running = bool(self._driver_tasks)
        await _ended(self._driver_tasks)
        for name in names:
            await self.collector.forget(name)
        if were_running:
            self._start_drivers(group)
        await asyncio.to_thread(self._forget.done, names)

    async def _supervise(self, driver: Driver) -> None:
        """Run a driver for ever: it should never end by itself, so starting again is all."""
        backoff = Backoff(random=self._random, first_s=self._first_retry_s)
        while True:
            started = self._clock.monotonic()
            try:
                await run_in_task(driver.run(self.collector))
                problem = "ended by itself"
            except Exception as error:  # noqa: BLE001 - the one place that catches everything
                problem = f"{type(error).__name__}: {error}"
                _log.debug("%s", driver.name, exc_info=True)
            if self._clock.monotonic() - started > 300:
                backoff.reset()
            wait_s = backoff.next_s()
            _log.error("%s: %s; starting again in %.0f s", driver.name, problem, wait_s)
            self.health.driver_failed(DriverUnavailable(driver.name, problem))
            await asyncio.sleep(wait_s)

    async def _every(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await work()
            except (BufferUnavailable, OSError, sqlite3.DatabaseError) as error:
                self.health.buffer_failed(BufferUnavailable(str(error)))
            await asyncio.sleep(seconds)

    async def _ask_time(self, clock: ComparedClock) -> None:
        """Ask the server for its time until there is an answer, or the wait is over."""
        while clock.is_waiting:
            with contextlib.suppress(UplinkError):
                await on_own_thread(self._writer.ask_time)
            await asyncio.sleep(_ASK_S)

    async def _close_slots(self) -> None:
        await self.collector.watch_clock()
        await self.collector.release_held()
        await self.collector.emit_usage()
        await self._report_accidents()

    async def _report_health(self) -> None:
        if not self.collector.has_good_clock:
            return
        self._drain.send_newest(self.health.lines(await self._report()))

    def show_status(self) -> None:
        """Write the status within a second, whatever the disk's allowance: somebody looks on."""
        self._is_status_wanted = True

    async def _write_status(self, *, is_last: bool = False) -> None:
        report = await self._report()
        now_s = self._clock.monotonic()
        is_wanted, self._is_status_wanted = self._is_status_wanted or is_last, False
        await asyncio.to_thread(self._status.write, report, now_s, is_last=is_wanted)

    async def _report(self) -> dict[str, Any]:
        state = await self._buffer.state()
        return self.health.report(state, self._drain.report, self._config.data_dir)

    async def _report_accidents(self) -> None:
        while self._buffer.accidents and self.collector.has_good_clock:
            await self.collector.report_event("buffer", self._buffer.accidents[0])
            self._buffer.accidents.pop(0)

    async def _finish(self) -> None:
        """Close what can be closed, send what can be sent in seconds, and write the status."""
        with contextlib.suppress(BufferUnavailable, OSError):
            async with asyncio.timeout(_LAST_DRAIN_S):
                with contextlib.suppress(TimeoutError):
                    await self.collector.emit_usage(is_last=True)
                    if self._drain.report.is_up:
                        await self._drain.send_all()
            await self._write_status(is_last=True)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def new_parts(config: Config, clock: Clock) -> tuple[list[Driver], Writer]:
    """Return what a configuration names, not yet connected; raises ConfigError where it cannot."""
    return make_drivers(config, clock), new_writer(config, clock)


def new_writer(config: Config, clock: Clock) -> Writer:
    """Return the writer to the server that a configuration names."""
    # Imported here: the client costs 15 MB, which `check` and `status` need not pay.
    from edge.uplink.influx import InfluxWriter  # noqa: PLC0415

    uplink = config.file.uplink
    return InfluxWriter(
        url=uplink.url,
        org=uplink.org,
        bucket=uplink.bucket,
        token=config.token,
        timeout_s=uplink.timeout_s,
        clock=clock,
        ca_file=None if uplink.ca_file is None else config.path.parent / uplink.ca_file,
        proxy=uplink.proxy,
        on_time=clock.server_states if isinstance(clock, ComparedClock) else None,
    )
