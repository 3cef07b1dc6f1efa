"""Polls the Modbus devices of one bus.

What holds:
- A device is polled on a grid of its own: every `poll_s` from the start on, without drift, and
  after a stall the missed polls are left out, not caught up.
- One request is on the bus at a time; the poll that has been due longest goes first.
- A device that does not answer is silent: it gets probes of one register, ever less often, and
  all silent devices together at most a tenth of the bus's time. The others keep their grid. One
  silence a minute is excused: a lost frame costs a device one probe, at once.
- A device is not polled again before its last readings are on disk; the others do not wait.
- A block that a device refuses with exception 2 or 3 is halved until what it refuses is found.
  Where to cut is remembered with the readings, over restarts.
"""

import asyncio
import math
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
from edge.drivers.modbus.line import ExceptionAnswer, Line, NoAnswer
from edge.drivers.modbus.plan import Block, Break, halves, plan, read, written
from edge.errors import ConfigError, DeviceRefused, DeviceUnreachable, DriverUnavailable

__all__ = ["ModbusBus", "ModbusDevice", "ModbusDriver", "make"]

SILENT_SHARE = 0.1
"""Of the bus's time, what all silent devices together may take."""
_REFUSED_RETRY_S = 600.0
"""Between two tries of a point that the device refuses."""
_SPLITTABLE = frozenset({2, 3})
_EXCUSE_EVERY_S = 60.0
_HALF_DEAD_AFTER = 3
"""Silences in a row, of whichever devices, after which a TCP connection is made anew."""

Tables = dict[Register, dict[int, int]]


@dataclass(slots=True)
class _Poll:
    """The points of one device that are read together, and when."""

    unit: "_Unit"
    every_s: float
    points: dict[str, ModbusPoint]
    due: float

    def advance(self, now: float) -> None:
        """Move to the first moment of the grid that is still to come."""
        self.due += self.every_s * (math.floor(max(now - self.due, 0) / self.every_s) + 1)


@dataclass(slots=True)
class _Unit:
    """A device and what is known of it."""

    device: ModbusDevice
    backoff: Backoff
    polls: list[_Poll] = field(default_factory=list)
    breaks: frozenset[Break] = frozenset()
    unsaved: bool = False
    refused_until: dict[str, float] = field(default_factory=dict)
    probe_at: float | None = None
    """When to probe a silent device next; None while it answers."""
    is_excused: bool = False
    """The next probe does not count against the share of the silent: one frame may get lost."""
    excuse_again_at: float = 0.0
    delivering: asyncio.Task[None] | None = None

    @property
    def is_free(self) -> bool:
        return self.delivering is None or self.delivering.done()

    @property
    def checkpoint(self) -> str:
        return f"modbus/{self.device.id}/breaks"


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
        self._backoff = backoff or Backoff(random=random)
        self._line = Line(bus)
        self._silent_from = 0.0
        self._silences = 0
        self._is_ready = False
        self._delivered = asyncio.Event()

    async def run(self, sink: Sink) -> None:
        """Poll the devices until cancelled; reconnect for ever."""
        self._sink = sink
        start = self._now()
        units = [self._unit(device, start) for device in self._devices]
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                while True:
                    if not self._line.is_open and not await self._opened(units):
                        continue
                    await self._next(units)
        finally:
            self._line.close()

    def _unit(self, device: ModbusDevice, start: float) -> _Unit:
        longest_s = max(60.0, 10 * self._bus.timeout_s)
        unit = _Unit(
            device,
            Backoff(first_s=2 * self._bus.timeout_s, longest_s=longest_s, random=self._random),
        )
        unit.breaks = read(self._sink.checkpoints(unit.checkpoint).get(unit.checkpoint))
        points = device.profile.points
        for every_s in sorted({point.poll_s for point in points.values()}):
            some = {name: point for name, point in points.items() if point.poll_s == every_s}
            unit.polls.append(_Poll(unit, every_s, some, start))
        return unit

    async def _opened(self, units: list[_Unit]) -> bool:
        """Open the line; where that fails, report it and wait."""
        try:
            await self._line.open()
        except DriverUnavailable as error:
            self._is_ready = False
            self._sink.driver_failed(error)
            for unit in units:
                self._sink.device_failed(DeviceUnreachable(unit.device.id, error.args[0]))
            await asyncio.sleep(self._backoff.next_s())
            return False
        if not self._is_ready:
            self._is_ready = True
            self._sink.driver_ready(self.name)
        return True

    async def _next(self, units: list[_Unit]) -> None:
        """Do what is due first, or wait until something is."""
        now = self._now()
        self._delivered.clear()
        polls = [p for unit in units if unit.probe_at is None and unit.is_free for p in unit.polls]
        poll = min(polls, key=lambda p: p.due, default=None)
        silent = [unit for unit in units if unit.probe_at is not None and unit.is_free]
        probe = min(silent, key=self._probe_at, default=None)
        probe_at = self._probe_at(probe) if probe else math.inf
        if poll is not None and poll.due <= now and poll.due <= probe_at:
            await self._poll(poll)
        elif probe is not None and probe_at <= now:
            await self._probe(probe)
        elif poll is not None and poll.due <= now:
            await self._poll(poll)
        else:
            first = min(poll.due if poll else math.inf, probe_at)
            await self._wait(None if math.isinf(first) else first - now)

    def _probe_at(self, unit: _Unit) -> float:
        at = unit.probe_at or 0.0
        return at if unit.is_excused else max(at, self._silent_from)

    async def _wait(self, seconds: float | None) -> None:
        """Wait for a moment, or for a delivery that frees a device."""
        try:
            async with asyncio.timeout(seconds):
                await self._delivered.wait()
        except TimeoutError:
            return

    async def _poll(self, poll: _Poll) -> None:
        unit = poll.unit
        now = self._now()
        tables: Tables = {}
        breaks = unit.breaks
        wanted = {
            name: point
            for name, point in poll.points.items()
            if unit.refused_until.get(name, 0) <= now
        }
        try:
            for block in plan(wanted, unit.device.profile.limits, breaks):
                await self._read(unit, block, tables)
        except NoAnswer as error:
            await self._fell_silent(unit, str(error), now)  # still due: polled once it answers
        else:
            poll.advance(now)
        if not tables:
            unit.breaks = breaks  # it refuses everything: that teaches nothing about its map
            return
        unit.unsaved = unit.unsaved or unit.breaks != breaks
        self._deliver(unit, wanted, tables)

    async def _read(self, unit: _Unit, block: Block, tables: Tables) -> None:
        """Read a block into the tables, in halves where the device refuses it whole."""
        device = unit.device
        try:
            words = await self._line.read(
                device.unit_id, block.register, block.address, block.count
            )
        except ExceptionAnswer as error:
            self._answered(unit)
            cut = halves(block, device.profile.points) if error.code in _SPLITTABLE else None
            if cut is None:
                self._refused(unit, block, error)
                return
            unit.breaks |= {cut}
            points = {name: device.profile.points[name] for name in block.points}
            for half in plan(points, device.profile.limits, unit.breaks):
                await self._read(unit, half, tables)
            return
        finally:
            if device.profile.limits.pause_ms:
                await asyncio.sleep(device.profile.limits.pause_ms / 1000)
        self._answered(unit)
        for name in block.points:
            unit.refused_until.pop(name, None)
        table = tables.setdefault(block.register, {})
        table.update(zip(range(block.address, block.end), words, strict=True))

    def _refused(self, unit: _Unit, block: Block, error: ExceptionAnswer) -> None:
        names = ", ".join(block.points)
        where = f"{block.register} 0x{block.address:04X}, {block.count} to read"
        self._sink.device_failed(
            DeviceRefused(unit.device.id, f"{names} ({where}): {error}", code=error.name)
        )
        if error.code in _SPLITTABLE:
            until = self._now() + _REFUSED_RETRY_S
            unit.refused_until.update((name, until) for name in block.points)

    async def _probe(self, unit: _Unit) -> None:
        """Ask a silent device for one register; if it answers it is polled again."""
        began = self._now()
        point = next(iter(unit.device.profile.points.values()))
        try:
            await self._line.read(unit.device.unit_id, point.register_, point.address, 1)
        except ExceptionAnswer:
            self._answered(unit)  # a refusal is an answer
        except NoAnswer as error:
            await self._fell_silent(unit, str(error), began)
        else:
            self._answered(unit)

    def _answered(self, unit: _Unit) -> None:
        self._silences = 0
        self._backoff.reset()
        unit.backoff.reset()
        unit.probe_at = None
        self._sink.device_answered(unit.device.id)

    async def _fell_silent(self, unit: _Unit, problem: str, began: float) -> None:
        now = self._now()
        self._silent_from = now + (now - began) * (1 / SILENT_SHARE - 1)
        unit.probe_at = now + unit.backoff.next_s()
        unit.is_excused = now >= unit.excuse_again_at
        if unit.is_excused:
            unit.excuse_again_at = now + _EXCUSE_EVERY_S
        self._silences += 1
        self._sink.device_failed(DeviceUnreachable(unit.device.id, problem))
        if not self._line.is_open:
            self._is_ready = False
            self._sink.driver_failed(
                DriverUnavailable(self.name, f"the connection to {self._line.where} was lost")
            )
            await asyncio.sleep(self._backoff.next_s())
        elif self._line.is_serial or self._silences >= _HALF_DEAD_AFTER:
            self._line.close()
            self._silences = 0

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
        if not readings and not unit.unsaved:
            return
        checkpoints = {unit.checkpoint: written(unit.breaks)} if unit.unsaved else {}
        unit.unsaved = False
        unit.delivering = self._tasks.create_task(self._kept(Delivery(readings, checkpoints)))

    async def _kept(self, delivery: Delivery) -> None:
        await self._sink.deliver(delivery)
        self._delivered.set()

    def _now(self) -> float:
        """Return the event loop's time: the one its sleeps are measured by."""
        return asyncio.get_running_loop().time()


def make(config: Config, devices: Sequence[Device], clock: Clock) -> Sequence[Driver]:
    """Return a driver for each bus that has devices."""
    units: dict[str, list[ModbusDevice]] = {}
    for device in devices:
        profile, address = device.profile, device.address
        if not isinstance(profile, ModbusProfile) or not isinstance(address, ModbusAddress):
            raise ConfigError(f"{device.id} is no Modbus device")
        unit = ModbusDevice(device.id, profile, address.unit_id)
        units.setdefault(address.bus, []).append(unit)
    buses: tuple[BusConfig, ...] = config.file.section("modbus")
    return [ModbusDriver(_bus(bus), units[bus.bus], clock) for bus in buses if bus.bus in units]


def _bus(section: BusConfig) -> ModbusBus:
    return ModbusBus(
        name=section.bus,
        host=section.host,
        port=section.port,
        serial=section.serial,
        baudrate=section.baudrate,
        parity=section.parity,
        stopbits=section.stopbits,
        timeout_s=section.timeout_s,
    )
