"""Serial buses of many Modbus units that lose answers, as a process: NAME:LOSS:DEAD ...

    python -m tests._parts.modbus_buses FOLDER a:0.1:0 b:0:5

makes FOLDER/a and FOLDER/b. Units beyond `UNITS - DEAD` are never there. An answer begins after
`TURN_S` and takes the time of 9600 baud. The process ends when its standard input does.
"""

import asyncio
import contextlib
import os
import struct
import sys
import tty
from pathlib import Path
from random import Random

from tests._parts.modbus_line import LineRequest, crc

UNITS = 20
BAUDRATE = 9600
TURN_S = 0.01


class Bus:
    """One pseudo-terminal."""

    def __init__(self, path: Path, loss: float, dead: int) -> None:
        self._loss = loss
        self._live = UNITS - dead
        self._random = Random(path.name)
        self._buffer = bytearray()
        self._ours, theirs = os.openpty()
        tty.setraw(self._ours)
        tty.setraw(theirs)
        os.set_blocking(self._ours, False)
        path.symlink_to(os.ttyname(theirs))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._ours, self._readable)

    def _readable(self) -> None:
        with contextlib.suppress(OSError):
            self._buffer += os.read(self._ours, 256)
        while len(self._buffer) >= 8:
            frame = bytes(self._buffer[:8])
            if crc(frame[:6]) != frame[6:]:
                del self._buffer[0]
                continue
            del self._buffer[:8]
            request = LineRequest(frame, *struct.unpack(">BBHH", frame[:6]))
            if request.unit > self._live or self._random.random() < self._loss:
                continue
            answer = request.answer()
            size = len(frame) + len(answer)
            self._loop.call_later(TURN_S + size * 11 / BAUDRATE, self._write, answer)

    def _write(self, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._ours, answer)


async def main(folder: Path, buses: list[str]) -> None:
    for bus in buses:
        name, loss, dead = bus.split(":")
        Bus(folder / name, float(loss), int(dead))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
