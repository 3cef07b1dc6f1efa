"""Modbus devices for tests: pymodbus servers over TCP and RTU, and a driver that polls them."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from device_profiles.protocols.modbus import ModbusProfile
from edge.backoff import Backoff
from edge.clock import SystemClock
from edge.drivers.modbus.driver import ModbusBus, ModbusDevice, ModbusDriver
from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port
from tests._parts.sink import MemorySink


def profile(points: Mapping[str, Mapping[str, Any]], **keys: Any) -> ModbusProfile:
    """Return a profile whose points are powers by default."""
    usual = {"quantity": "power", "unit": "W", "poll_s": 0.05}
    return ModbusProfile.model_validate(
        {
            "id": "test-device",
            "vendor": "Test",
            "model": "Device",
            "title": {"en": "test device"},
            "category": "meter",
            "source": "synthetic",
            "protocol": "modbus",
            "points": {name: usual | dict(point) for name, point in points.items()},
            "examples": [{"source": "synthetic", "registers": {}, "readings": {}}],
            **keys,
        }
    )


METER = profile({"power": {"address": 3}, "peak": {"address": 10}})
"""Registers hold their own address (see `unit`), so power is 3 and peak is 10."""


def unit(unit_id: int, blocks: Mapping[int, int] | None = None, action: Any = None) -> SimDevice:
    """Return a device whose registers hold their own address; `blocks` is first -> count."""
    data = [
        SimData(first, values=list(range(first, first + count)), datatype=DataType.REGISTERS)
        for first, count in (blocks or {0: 200}).items()
    ]
    return SimDevice(id=unit_id, simdata=data, action=action)


def dead_unit(unit_id: int) -> SimDevice:
    """Return a device that never answers."""

    async def action(*_asked: Any) -> None:
        await asyncio.Event().wait()

    return unit(unit_id, action=action)


class TcpServer:
    """A pymodbus TCP server that keeps its port over restarts and counts requests."""

    def __init__(self, *units: SimDevice) -> None:
        self.port = free_port()
        self.requests: list[tuple[int, int, int]] = []
        self._units = units
        self._server: ModbusTcpServer | None = None

    async def start(self) -> None:
        self._server = ModbusTcpServer(
            list(self._units),
            address=("127.0.0.1", self.port),
            trace_pdu=self._note,
        )
        await self._server.serve_forever(background=True)

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it so

    def _note(self, is_sent: bool, pdu: Any) -> Any:
        if not is_sent:
            self.requests.append((pdu.dev_id, pdu.address, pdu.count))
        return pdu

    @property
    def bus(self) -> ModbusBus:
        return ModbusBus(name="tcp-1", host="127.0.0.1", port=self.port, timeout_s=0.2)


@contextlib.asynccontextmanager
async def served(*units: SimDevice) -> AsyncIterator[TcpServer]:
    server = TcpServer(*units)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def polling(
    bus: ModbusBus, *devices: ModbusDevice, sink: MemorySink | None = None
) -> AsyncIterator[MemorySink]:
    """Run a driver with short waits; stop it at the end."""
    kept = sink or MemorySink()
    driver = ModbusDriver(
        bus,
        devices,
        SystemClock(),
        random=Random(1),
        backoff=Backoff(first_s=0.05, longest_s=0.2, random=Random(1)),
    )
    task = asyncio.create_task(driver.run(kept))
    try:
        yield kept
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def serial_pair() -> AsyncIterator[tuple[str, str]]:
    """Two ends of a serial line, as device files."""
    socat = shutil.which("socat")
    if socat is None:
        pytest.skip("socat is not installed")
    folder = Path(tempfile.mkdtemp())
    ends = (str(folder / "a"), str(folder / "b"))
    process = await asyncio.create_subprocess_exec(
        socat,
        "-d",
        "-d",
        *(f"pty,raw,echo=0,link={end}" for end in ends),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while b"starting data transfer" not in await process.stderr.readline():
                pass
        yield ends
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder)


@contextlib.asynccontextmanager
async def served_serially(port: str, *units: SimDevice) -> AsyncIterator[None]:
    server = ModbusSerialServer(
        list(units),
        framer=FramerType.RTU,
        port=port,
        baudrate=9600,
    )
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it so


def more(count: int, device: str) -> Callable[[MemorySink], bool]:
    """Return a condition: so many deliveries of the device have come."""
    return lambda sink: sum(d.readings[0].device == device for d in sink.deliveries) >= count


def devices(described: ModbusProfile, *unit_ids: int) -> Iterator[ModbusDevice]:
    for unit_id in unit_ids:
        yield ModbusDevice(f"meter-{unit_id}", described, unit_id)
