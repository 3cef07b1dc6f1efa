"""Polls the Modbus devices of one bus.

What holds:
- A device is polled on a grid of its own: every `poll_s` from the start on, without drift, and
  after a stall the missed polls are left out, not caught up.
- One request is on the bus at a time; the poll that has been due longest goes first.
- Loss is not death. A block that got no answer, or "busy", is asked for again before the device's
  next poll, while no other poll is due. Only several misses in a row make a device silent.
- A silent device gets probes of one point. While a poll of another device waits, all silent devices
  together take at most a tenth of the bus's time; on an idle bus they take what is free. Alone on
  its bus, a silent device is asked at its own pace.
- A connection that was closed is opened again and the request repeated at once.
- A device is not polled again before its last readings are on disk; the others do not wait.
- A block that a device refuses (exceptions 1 to 4), or never answers while it answers others, is
  halved until what is in the way is found: see `learned`. What it refuses altogether is asked for
  ever less often; a device that refuses everything is asked for one point at each poll.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from device_profiles.protocols.modbus import (
    BusConfig,
    ModbusAddress,
    ModbusPoint,
    ModbusProfile,
    Register,
)
from device_profiles.reading import Reading
from edge.backoff import Backoff
from edge.clock import Clock
from edge.config import Config, Device
from edge.driver import Delivery, Driver, Sink
from edge.drivers.modbus.codec import decode
from edge.drivers.modbus.device import ModbusBus, ModbusDevice
from edge.drivers.modbus.frames import Request
from edge.drivers.modbus.learned import Learned, read_learned
from edge.drivers.modbus.line import ConnectionLost, ExceptionAnswer, Line, NoAnswer, Read
from edge.drivers.modbus.plan import Block, Break, halves, plan, split
from edge.errors import ConfigError, DeviceRefused, DeviceUnreachable, DriverUnavailable

__all__ = ["ModbusBus", "ModbusDevice", "ModbusDriver", "make"]

_log = logging.getLogger(__name__)

SILENT_SHARE = 0.1
"""Of the bus's time, what all silent devices together may take from polls that wait."""
SILENT_AFTER = 4
"""Misses in a row."""
_NEW_SILENT_AFTER = 2
"""The same for a device that has not answered yet."""
_MUTE_AFTER = 4
"""Misses of one block in a row, while the device answers others, that are not lost frames."""
_SPLITTABLE = frozenset({1, 2, 3, 4})
_BUSY = frozenset({5, 6})
_BUSY_FIRST_S, _BUSY_LONGEST_S = 0.1, 1.0
_LONGEST_REFUSED_S = 600.0
"""Between two tries of a point that the device refuses while it answers others."""
_SILENT_LONGEST_S = 30.0
_HALF_DEAD_AFTER = 4
"""Misses in a row, of whichever devices, after which a connection is made anew."""
_LOST_IN_A_ROW = 2
"""Misses within one poll after which its other blocks are left for later."""
_ANSWER_TIMES = 32
_PATIENCE_FROM = 8
"""Answers by which a serial device's usual time to answer is known."""

Tables = dict[Register, dict[int, int]]
_BlockKey = tuple[Register, int, int]


class _LineDown(NoAnswer):
    """The connection is gone and cannot be opened again at once: no device's fault."""


@dataclass(slots=True)
class _Poll:
    """The points of one device that are read together, and when."""

    unit: "_Unit"
    every_s: float
    points: dict[str, ModbusPoint]
    due: float
    tables: Tables = field(default_factory=dict)
    """What the last poll has brought so far."""
    missed: list[Block] = field(default_factory=list)
    """What it did not bring and may still be asked for before the next one."""
    retry_at: float = 0.0
    retries_left: int = 0
    busy_s: float = _BUSY_FIRST_S
    refusing_since: float | None = None
    """Since when every request of this poll has been refused."""

    def begin(self, now: float, retries: int) -> None:
        """Move to the first moment of the grid that is still to come; nothing is missed yet."""
        self.due += self.every_s * (math.floor(max(now - self.due, 0) / self.every_s) + 1)
        self.tables, self.missed = {}, []
        self.retries_left = retries
        self.busy_s = _BUSY_FIRST_S

    @property
    def next_retry(self) -> float:
        """When to ask for what was missed; never where nothing was."""
        return self.retry_at if self.missed else math.inf


@dataclass(slots=True)
class _Refusal:
    """A point that the device refuses, or never answers, while it answers others."""

    until: float
    wait_s: float


@dataclass(slots=True)
class _Streak:
    """Misses of one block in a row."""

    count: int
    since: float


@dataclass(slots=True)
class _Unit:
    """A device and what is known of it."""

    device: ModbusDevice
    backoff: Backoff
    timeout_s: float
    retries: int
    polls: list[_Poll] = field(default_factory=list)
    learned: Learned = field(default_factory=Learned)
    refusals: dict[str, _Refusal] = field(default_factory=dict)
    streaks: dict[_BlockKey, _Streak] = field(default_factory=dict)
    misses: int = 0
    """Requests in a row without an answer."""
    answered_at: float = -math.inf
    read_at: float = -math.inf
    answer_times: deque[float] = field(default_factory=lambda: deque(maxlen=_ANSWER_TIMES))
    probe_at: float | None = None
    """When to probe a silent device next; None while it answers."""
    turn: int = 0
    """Which point a probe asks for: each in its turn, for the device may refuse some."""
    quirk: str = ""
    delivering: asyncio.Task[None] | None = None

    @property
    def is_free(self) -> bool:
        return self.delivering is None or self.delivering.done()

    @property
    def checkpoint(self) -> str:
        return f"modbus/{self.device.id}/breaks"

    @property
    def pace_s(self) -> float:
        return min(poll.every_s for poll in self.polls)

    def is_mute(self, block: Block) -> bool:
        """Whether the device never answers a block, and has answered something else since."""
        streak = self.streaks.get(_key(block))
        is_long = streak is not None and streak.count >= _MUTE_AFTER
        return is_long and streak is not None and self.answered_at > streak.since

    def next_point(self) -> dict[str, ModbusPoint]:
        """Return the point whose turn it is to be probed."""
        points = list(self.device.profile.points.items())
        self.turn += 1
        return dict([points[(self.turn - 1) % len(points)]])


@dataclass(slots=True)
class _Round:
    """What one poll has brought so far."""

    unit: _Unit
    tables: Tables = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    """Points of which registers came."""
    missed: list[Block] = field(default_factory=list)
    busy: list[Block] = field(default_factory=list)
    refused: list[tuple[Block, ExceptionAnswer]] = field(default_factory=list)
    learned: set[Break] = field(default_factory=set)
    lost_in_a_row: int = 0
    is_line_down: bool = False
    is_retry: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the blocks that are left have to wait."""
        is_lost = self.lost_in_a_row >= _LOST_IN_A_ROW or self.unit.probe_at is not None
        return is_lost or self.is_line_down

    def take(self, other: "_Round") -> None:
        """Add what another part of the same poll has brought."""
        for register, table in other.tables.items():
            self.tables.setdefault(register, {}).update(table)
        self.names |= other.names
        self.missed += other.missed
        self.busy += other.busy
        self.refused += other.refused
        self.is_line_down |= other.is_line_down
        self.lost_in_a_row = 0 if other.tables else self.lost_in_a_row + len(other.missed)


class ModbusDriver:
    """One bus: a TCP host or a serial line, and the devices on it."""

    def __init__(
        self,
        bus: ModbusBus,
        devices: Sequence[ModbusDevice],
        clock: Clock,
        *,
        random: Random | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = bus.name
        self._bus = bus
        self._devices = devices
        self._clock = clock
        self._random = random
        self._backoff = backoff or Backoff(first_s=0.5, random=random)
        self._line = Line(bus)
        self._units: list[_Unit] = []
        self._times: deque[float] = deque(maxlen=2 * _ANSWER_TIMES)
        self._silent_from = 0.0
        self._silences = 0
        self._is_ready = False
        self._delivered = asyncio.Event()

    async def run(self, sink: Sink) -> None:
        """Poll the devices until cancelled; reconnect for ever."""
        self._sink = sink
        start = self._now()
        self._units = [self._unit(device, start) for device in self._devices]
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                while True:
                    if not self._line.is_open and not await self._opened():
                        continue
                    await self._next()
        finally:
            self._line.close()

    def _unit(self, device: ModbusDevice, start: float) -> _Unit:
        points = device.profile.points
        paces = {name: device.poll_s or point.poll_s for name, point in points.items()}
        first_s = min(paces.values())
        unit = _Unit(
            device,
            Backoff(
                first_s=first_s, longest_s=max(first_s, _SILENT_LONGEST_S), random=self._random
            ),
            device.timeout_s or self._bus.timeout_s,
            self._bus.retries if device.retries is None else device.retries,
        )
        kept = self._sink.checkpoints(unit.checkpoint).get(unit.checkpoint)
        unit.learned = read_learned(kept, start, self._wall_s())
        for every_s in sorted(set(paces.values())):
            together = {name: point for name, point in points.items() if paces[name] == every_s}
            unit.polls.append(_Poll(unit, every_s, together, start))
        return unit

    async def _opened(self) -> bool:
        """Open the line; where that fails, report it and wait."""
        try:
            await self._line.open()
        except DriverUnavailable as error:
            self._is_ready = False
            self._sink.driver_failed(error)
            for unit in self._units:
                self._sink.device_failed(DeviceUnreachable(unit.device.id, error.args[0]))
            await asyncio.sleep(self._backoff.next_s())
            return False
        if not self._is_ready:
            self._is_ready = True
            self._sink.driver_ready(self.name)
        return True

    async def _next(self) -> None:
        """Do what is due first, or wait until something is."""
        now = self._now()
        self._delivered.clear()
        units = [unit for unit in self._units if unit.is_free]
        polls = [poll for unit in units if unit.probe_at is None for poll in unit.polls]
        fresh = min(polls, key=lambda poll: poll.due, default=None)
        fresh_at = fresh.due if fresh else math.inf
        retry = min(polls, key=lambda poll: poll.next_retry, default=None)
        retry_at = retry.next_retry if retry else math.inf
        silent = [unit for unit in units if unit.probe_at is not None]
        probe = min(silent, key=_probe_at, default=None)
        probe_at = self._probe_from(probe, now, min(fresh_at, retry_at)) if probe else math.inf
        if fresh and fresh_at <= now and fresh_at <= probe_at:
            await self._poll(fresh)
        elif probe and probe_at <= now:
            await self._probe(probe)
        elif fresh and fresh_at <= now:
            await self._poll(fresh)
        elif retry and retry_at <= now:
            await self._poll(retry, is_retry=True)
        else:
            first = min(fresh_at, retry_at, probe_at)
            await self._wait(None if math.isinf(first) else first - now)

    def _probe_from(self, unit: _Unit, now: float, next_at: float) -> float:
        """Return when a silent device may be probed: on time that is free, or by its share.

        The share is for a bus that is never free for long enough.
        """
        at, wait_s = _probe_at(unit), self._probe_wait_s(unit)
        if max(at, now) + wait_s <= next_at:
            return at
        return max(at + wait_s * (1 / SILENT_SHARE - 1), self._silent_from)

    async def _wait(self, seconds: float | None) -> None:
        """Wait for a moment, or for a delivery that frees a device."""
        try:
            async with asyncio.timeout(seconds):
                await self._delivered.wait()
        except TimeoutError:
            return

    async def _poll(self, poll: _Poll, *, is_retry: bool = False) -> None:
        """Read what a poll wants, or what it missed, and deliver what came."""
        unit, now = poll.unit, self._now()
        if is_retry:
            blocks, trial = poll.missed, None
            poll.missed = []
        else:
            poll.begin(now, unit.retries)
            if poll.refusing_since is not None and unit.read_at < poll.refusing_since:
                if not await self._has_stopped_refusing(unit):
                    return
                poll.refusing_since = None
            blocks, trial = self._planned(poll, now)
        done = _Round(unit, is_retry=is_retry)
        for block in blocks:
            if done.is_over:
                done.missed.append(block)
            elif trial is not None and _crosses(block, trial):
                await self._try_whole(done, block, trial)
            else:
                await self._read(done, block)
        self._conclude(poll, done)
        for register, table in done.tables.items():
            poll.tables.setdefault(register, {}).update(table)
        points = {name: point for name, point in poll.points.items() if name in done.names}
        self._deliver(unit, points, poll.tables)

    def _planned(self, poll: _Poll, now: float) -> tuple[list[Block], Break | None]:
        """Return the blocks of a poll, and the cut that it tries to do without."""
        unit = poll.unit
        limits = unit.device.profile.limits
        unit.learned.age(self._wall_s())
        wanted = {
            name: point
            for name, point in poll.points.items()
            if name not in unit.refusals or unit.refusals[name].until <= now
        }
        breaks = unit.learned.breaks
        blocks = plan(wanted, limits, breaks)
        for trial in unit.learned.on_trial(now):
            without = plan(wanted, limits, breaks - {trial})
            if len(without) < len(blocks):
                return without, trial
        return blocks, None

    async def _has_stopped_refusing(self, unit: _Unit) -> bool:
        """Ask a device that refused everything for one point."""
        (block, *_) = plan(unit.next_point(), unit.device.profile.limits) or (None,)
        done = _Round(unit)
        if block is not None:
            await self._ask(done, block)
        for refused, error in done.refused:
            self._report_refusal(unit, refused, error)
        return bool(done.tables)

    async def _try_whole(self, done: _Round, block: Block, trial: Break) -> None:
        """Read a block across a cut; where that fails, read its parts."""
        unit = done.unit
        whole = _Round(unit, is_retry=done.is_retry)
        await self._ask(whole, block)
        if whole.tables:
            unit.learned.is_wrong(trial, self._now())
        if whole.tables or whole.busy or whole.is_line_down or unit.misses >= _LOST_IN_A_ROW:
            done.take(whole)
            return
        unit.learned.is_right(trial, self._now())
        unit.streaks.pop(_key(block), None)
        for part in split(block, trial, unit.device.profile.points):
            await self._read(done, part)

    async def _read(self, done: _Round, block: Block) -> None:
        """Read a block, in parts where the device refuses it whole or never answers it."""
        unit, points = done.unit, done.unit.device.profile.points
        if done.is_over:
            done.missed.append(block)
            return
        part = _Round(unit, is_retry=done.is_retry)
        is_mute = unit.is_mute(block)
        if not is_mute:
            await self._ask(part, block)
            if not part.refused:
                done.take(part)
                return
        cut = halves(block, points)
        if cut is None and is_mute:
            self._put_off(unit, block)
        elif cut is None:
            done.take(part)
        else:
            if cut not in unit.learned.breaks:
                unit.learned.add(cut, self._now(), self._wall_s(), is_mute=is_mute)
                done.learned.add(cut)
            for half in split(block, cut, points):
                if is_mute:
                    unit.streaks[_key(half)] = _Streak(_MUTE_AFTER - 2, self._now())
                await self._read(done, half)
        if is_mute:
            unit.streaks.pop(_key(block), None)

    async def _ask(self, done: _Round, block: Block) -> None:
        """Send one request; what came of it is in the round."""
        unit, device = done.unit, done.unit.device
        answer_unit = device.answer_unit
        if answer_unit is None:
            answer_unit = device.profile.limits.answer_unit
        request = Request(
            device.unit_id,
            block.register,
            block.address,
            block.count,
            device.unit_id if answer_unit is None else answer_unit,
        )
        try:
            answer = await self._exchange(unit, request, is_retry=done.is_retry)
        except ExceptionAnswer as error:
            self._answered(unit)
            if error.code in _SPLITTABLE:
                done.refused.append((block, error))
                return
            self._report_refusal(unit, block, error)
            (done.busy if error.code in _BUSY else done.missed).append(block)
        except _LineDown:
            done.missed.append(block)
            done.is_line_down = True
        except NoAnswer as error:
            done.missed.append(block)
            self._missed(unit, str(error))
            streak = unit.streaks.setdefault(_key(block), _Streak(0, self._now()))
            streak.count += 1
        else:
            self._answered(unit)
            unit.read_at = self._now()
            unit.answer_times.append(answer.took_s)
            self._times.append(answer.took_s)
            unit.streaks.pop(_key(block), None)
            for name in block.points:
                unit.refusals.pop(name, None)
            if answer.skipped and answer.skipped != unit.quirk:
                unit.quirk = answer.skipped
                _log.info("%s: %s; skipped", device.id, answer.skipped)
            done.names.update(block.points)
            table = done.tables.setdefault(block.register, {})
            table.update(zip(range(block.address, block.end), answer.words, strict=True))

    async def _exchange(self, unit: _Unit, request: Request, *, is_retry: bool) -> Read:
        """Send a request; over a connection that was closed, once more over a new one."""
        timeout_s = unit.timeout_s if is_retry else self._patience_s(unit)
        pause_s = unit.device.profile.limits.pause_ms / 1000
        for is_last in (False, True):
            try:
                if not self._line.is_open:
                    await self._line.open()
                return await self._line.read(request, timeout_s=timeout_s, pause_s=pause_s)
            except DriverUnavailable as error:
                raise _LineDown(str(error)) from error
            except ConnectionLost:
                self._line.close()
                if is_last:
                    raise
        raise AssertionError  # pragma: no cover - the second turn returns or raises

    def _patience_s(self, unit: _Unit) -> float:
        """Return how long to wait for a first answer: on a serial line, by the usual time.

        That is the device's own, or the bus's as long as the device has hardly answered. A retry,
        and every other probe, waits for the whole time-out.
        """
        times = unit.answer_times if len(unit.answer_times) >= _PATIENCE_FROM else self._times
        if not self._line.is_serial or len(times) < _PATIENCE_FROM:
            return unit.timeout_s
        return min(unit.timeout_s, max(4 * max(times), unit.timeout_s / 4))

    def _probe_wait_s(self, unit: _Unit) -> float:
        return unit.timeout_s if unit.turn % 2 else self._patience_s(unit)

    def _conclude(self, poll: _Poll, done: _Round) -> None:
        """Decide when what is missing is asked for again."""
        unit, now = poll.unit, self._now()
        is_deaf_to_all = bool(done.refused) and not (done.tables or done.missed or done.busy)
        if is_deaf_to_all and not done.is_retry and unit.read_at < now - 0.9 * poll.every_s:
            unit.learned.drop(frozenset(done.learned))  # that teaches nothing about its map
            poll.refusing_since = now
            self._report_refusal(unit, *done.refused[0])
        else:
            for block, error in done.refused:
                self._report_refusal(unit, block, error)
                self._put_off(unit, block)
        again = [*done.missed, *done.busy]
        if not again or unit.probe_at is not None:
            return
        if done.missed:
            poll.retries_left -= done.is_retry
            wait_s = 0.0
        else:
            wait_s, poll.busy_s = poll.busy_s, min(2 * poll.busy_s, _BUSY_LONGEST_S)
        if now + wait_s < poll.due and (poll.retries_left > 0 or done.busy):
            poll.missed, poll.retry_at = again, now + wait_s

    def _put_off(self, unit: _Unit, block: Block) -> None:
        """Ask for the points of a block less often: the device does not give them."""
        now = self._now()
        for name in block.points:
            before = unit.refusals.get(name)
            wait_s = min(2 * before.wait_s, _LONGEST_REFUSED_S) if before else unit.pace_s / 2
            unit.refusals[name] = _Refusal(now + wait_s, wait_s)

    def _report_refusal(self, unit: _Unit, block: Block, error: ExceptionAnswer) -> None:
        names = ", ".join(block.points)
        where = f"{block.register} 0x{block.address:04X}, {block.count} to read"
        self._sink.device_failed(
            DeviceRefused(unit.device.id, f"{names} ({where}): {error}", code=error.name)
        )

    async def _probe(self, unit: _Unit) -> None:
        """Ask a silent device for one point; if it answers it is polled again."""
        began = self._now()
        done = _Round(unit, is_retry=bool(unit.turn % 2))
        for block in plan(unit.next_point(), unit.device.profile.limits)[:1]:
            await self._ask(done, block)
        now = self._now()
        if unit.probe_at is not None:
            is_alone = all(other.probe_at is not None for other in self._units)
            unit.probe_at = began + unit.pace_s if is_alone else now + unit.backoff.next_s()
            self._charge(now - began)

    def _charge(self, seconds: float) -> None:
        """Let the silent devices pay with their share for a time that they took."""
        self._silent_from = self._now() + seconds * (1 / SILENT_SHARE - 1)

    def _answered(self, unit: _Unit) -> None:
        now = self._now()
        self._silences = 0
        self._backoff.reset()
        unit.backoff.reset()
        unit.misses = 0
        unit.answered_at = now
        unit.probe_at = None
        self._sink.device_answered(unit.device.id)

    def _missed(self, unit: _Unit, problem: str) -> None:
        """Count a request without an answer; several in a row make a device silent."""
        now = self._now()
        self._sink.device_failed(DeviceUnreachable(unit.device.id, problem))
        unit.misses += 1
        most = _NEW_SILENT_AFTER if math.isinf(unit.answered_at) else SILENT_AFTER
        if unit.probe_at is None and unit.misses >= most:
            unit.probe_at = now
            self._charge(self._patience_s(unit))
        self._silences += 1
        if self._silences >= _HALF_DEAD_AFTER:
            self._silences = 0
            self._line.close()

    def _deliver(self, unit: _Unit, points: dict[str, ModbusPoint], tables: Tables) -> None:
        """Hand the readings on; the device is not polled again before they are on disk."""
        observed_at = self._clock.now()
        device_id = unit.device.id
        decoded = decode(device_id, points, tables)
        for error in decoded.errors:
            self._sink.device_failed(error)
        readings = [
            Reading(device_id, name, value, observed_at) for name, value in decoded.values.items()
        ]
        is_changed = unit.learned.is_changed
        if not readings and not is_changed:
            return
        checkpoints = {unit.checkpoint: unit.learned.written()} if is_changed else {}
        unit.delivering = self._tasks.create_task(self._kept(Delivery(readings, checkpoints)))

    async def _kept(self, delivery: Delivery) -> None:
        await self._sink.deliver(delivery)
        self._delivered.set()

    def _wall_s(self) -> float:
        return self._clock.now().timestamp()

    def _now(self) -> float:
        """Return the event loop's time: the one its sleeps are measured by."""
        return asyncio.get_running_loop().time()


def _probe_at(unit: _Unit) -> float:
    return math.inf if unit.probe_at is None else unit.probe_at


def _key(block: Block) -> _BlockKey:
    return block.register, block.address, block.count


def _crosses(block: Block, cut: Break) -> bool:
    return block.register == cut[0] and block.address < cut[1] < block.end


def make(config: Config, devices: Sequence[Device], clock: Clock) -> Sequence[Driver]:
    """Return a driver for each bus that has devices."""
    units: dict[str, list[ModbusDevice]] = {}
    for device in devices:
        profile, address = device.profile, device.address
        if not isinstance(profile, ModbusProfile) or not isinstance(address, ModbusAddress):
            raise ConfigError(f"{device.id} is no Modbus device")
        unit = ModbusDevice(
            device.id,
            profile,
            address.unit_id,
            poll_s=address.poll_s,
            timeout_s=address.timeout_s,
            retries=address.retries,
            answer_unit=address.answer_unit,
        )
        units.setdefault(address.bus, []).append(unit)
    buses: tuple[BusConfig, ...] = config.file.section("modbus")
    return [ModbusDriver(_bus(bus), units[bus.bus], clock) for bus in buses if bus.bus in units]


def _bus(section: BusConfig) -> ModbusBus:
    return ModbusBus(
        name=section.bus,
        host=section.host,
        port=section.port,
        serial=section.serial,
        framing=section.framing,
        baudrate=section.baudrate,
        bytesize=section.bytesize,
        parity=section.parity,
        stopbits=section.stopbits,
        timeout_s=section.timeout_s,
        retries=section.retries,
        pause_s=section.pause_ms / 1000,
    )
