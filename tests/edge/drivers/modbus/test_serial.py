import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator

from pymodbus.framer import FramerRTU

from edge.drivers.modbus.driver import ModbusBus
from tests._parts.modbus import (
    METER,
    devices,
    more,
    polling,
    profile,
    serial_pair,
    served_serially,
    unit,
)


async def test_devices_on_a_serial_line_are_polled() -> None:
    async with serial_pair() as (ours, theirs), served_serially(theirs, unit(1), unit(2)):
        bus = ModbusBus(name="rtu-1", serial=ours, baudrate=9600, timeout_s=0.3)
        async with polling(bus, *devices(METER, 1, 2, 7)) as sink:
            await sink.until(more(5, "meter-1"))
            await sink.until(more(5, "meter-2"))
    assert {r.value for r in sink.readings} == {3.0, 10.0}
    assert {e.device_id for e in sink.device_errors} <= {"meter-7"}


async def test_a_line_that_is_not_there_is_named() -> None:
    bus = ModbusBus(name="rtu-1", serial="/dev/no-such-line", timeout_s=0.2)
    async with polling(bus, *devices(METER, 1)) as sink:
        await sink.until(lambda s: len(s.driver_errors) >= 2)
    assert str(sink.driver_errors[0]).startswith("rtu-1: cannot open /dev/no-such-line: ")


@contextlib.asynccontextmanager
async def late_line(delays: list[float]) -> AsyncIterator[str]:
    """Answer the n-th RTU request after the n-th delay, with its number as every register."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    loop = asyncio.get_running_loop()
    number = 0

    def readable() -> None:
        nonlocal number
        request = os.read(ours, 256)
        if len(request) != 8:
            return
        number += 1
        count = int.from_bytes(request[4:6], "big")
        body = request[:2] + bytes([2 * count]) + number.to_bytes(2, "big") * count
        frame = body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
        delay = delays[number - 1] if number <= len(delays) else 0.0
        loop.call_later(delay, os.write, ours, frame)

    loop.add_reader(ours, readable)
    try:
        yield os.ttyname(theirs)
    finally:
        loop.remove_reader(ours)
        os.close(theirs)
        os.close(ours)


async def test_what_comes_after_a_silence_is_thrown_away() -> None:
    described = profile({"power": {"address": 3}, "peak": {"address": 10}})
    async with late_line([0.3]) as line:
        bus = ModbusBus(name="rtu-1", serial=line, timeout_s=0.2)
        async with polling(bus, *devices(described, 1)) as sink:
            await sink.until(more(2, "meter-1"))
    values = sink.values("meter-1", "power")
    numbers = [value for value in values if isinstance(value, float)]
    assert numbers[0] > 1.0  # the late answer was that to the first request
    assert numbers == sorted(set(numbers))
