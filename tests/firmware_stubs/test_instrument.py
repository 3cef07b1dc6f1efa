"""The firmware of the lab instrument, on a pseudo-terminal, frame by frame."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests._parts.firmware import Firmware, running
from tests._parts.modbus_line import crc
from tests._parts.patience import PATIENCE_S

UNIT = 4
STATE = bytes([UNIT, 4, 0, 0, 0, 1])


class Line:
    """The gateway's end of the line."""

    def __init__(self, firmware: Firmware, path: Path) -> None:
        self.firmware = firmware
        self._end = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def ask(self, body: bytes, *, checksum: bytes | None = None) -> bytes:
        """Send a frame and return its answer without the checksum, which has to be right."""
        self.send(body + (crc(body) if checksum is None else checksum))
        received = b""
        async with asyncio.timeout(PATIENCE_S):
            while len(received) < 4 or crc(received[:-2]) != received[-2:]:
                await asyncio.sleep(0.005)
                try:
                    received += os.read(self._end, 256)
                except BlockingIOError:
                    continue
        return received[:-2]

    def send(self, frame: bytes) -> None:
        os.write(self._end, frame)

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
async def line(build: Path, tmp_path: Path) -> AsyncIterator[Line]:
    settings = {"line": tmp_path / "rs485", "unit": UNIT, "silence_ms": 10, "warm_up_ms": 0}
    firmware = Firmware(build / "instrument", tmp_path, settings)
    firmware.measure(temperature=-5.04, power_w=210.44)
    async with running(firmware):
        await firmware.until((tmp_path / "rs485").is_symlink)
        line = Line(firmware, tmp_path / "rs485")
        try:
            yield line
        finally:
            line.close()


async def test_a_read_gives_the_registers_of_the_profile(line: Line) -> None:
    answer = await line.ask(bytes([UNIT, 4, 0, 0, 0, 10]))
    assert answer[:3] == bytes([UNIT, 4, 20])
    words = struct.unpack(">10H", answer[3:])
    assert words[0] == 1  # idle
    assert words[4:6] == (0xFFCE, 2104)
    assert words[8] & 0x7FC0 == 0x7FC0  # no sensor: NaN


async def test_a_run_is_started_and_stopped(line: Line) -> None:
    for value, state in ((1, 3), (0, 1)):
        command = bytes([UNIT, 6, 0, 0, 0, value])
        assert await line.ask(command) == command
        assert await line.ask(STATE) == bytes([UNIT, 4, 2, 0, state])
    several = bytes([UNIT, 16, 0, 0, 0, 1, 2, 0, 1])
    assert await line.ask(several) == several[:6]
    assert await line.ask(bytes([UNIT, 3, 0, 0, 0, 1])) == bytes([UNIT, 3, 2, 0, 1])
    await line.firmware.until(lambda: len(line.firmware.lines) == 3)
    assert line.firmware.lines == ["actuate run 1", "actuate run 0", "actuate run 1"]


async def test_a_fault_and_a_failed_sensor_are_what_the_profile_says(line: Line) -> None:
    line.firmware.measure(fault=17)
    answer = await line.ask(bytes([UNIT, 4, 0, 0, 0, 6]))
    assert struct.unpack(">6H", answer[3:]) == (5, 17, 0, 0, 0x8000, 0xFFFF)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (bytes([UNIT, 43, 14, 1, 0]), 1),  # a function it has not
        (bytes([UNIT, 4, 0, 9, 0, 2]), 2),  # past the last register
        (bytes([UNIT, 4, 255, 255, 0, 1]), 2),
        (bytes([UNIT, 4, 0, 0, 0, 0]), 3),  # no registers
        (bytes([UNIT, 4, 0, 0, 0, 126]), 3),  # more than a frame holds
        (bytes([UNIT, 4, 0, 0]), 3),  # too short for its function
        (bytes([UNIT, 6, 0, 0, 0, 2]), 3),  # a value that means nothing
        (bytes([UNIT, 6, 0, 1, 0, 1]), 2),
        (bytes([UNIT, 16, 0, 0, 0, 1, 4, 0, 1]), 3),  # counts that contradict one another
    ],
    ids=str,
)
async def test_a_request_that_cannot_be_met_is_refused(
    line: Line, request_: bytes, code: int
) -> None:
    assert await line.ask(request_) == bytes([UNIT, request_[1] | 0x80, code])


@pytest.mark.parametrize(
    "noise",
    [
        STATE + b"\0\0",  # a wrong checksum
        bytes([UNIT + 1, *STATE[1:]]) + crc(bytes([UNIT + 1, *STATE[1:]])),  # another unit
        bytes([0, *STATE[1:]]) + crc(bytes([0, *STATE[1:]])),  # a broadcast
        b"\x04",
        bytes(700),
    ],
    ids=["checksum", "unit", "broadcast", "short", "long"],
)
async def test_what_is_not_for_it_gets_no_answer(line: Line, noise: bytes) -> None:
    line.send(noise)
    await asyncio.sleep(0.1)  # the silence that ends a frame
    # An answer to the noise would come first, and be another one: that the instrument is idle.
    line.firmware.measure(fault=1)
    assert await line.ask(STATE) == bytes([UNIT, 4, 2, 0, 5])
