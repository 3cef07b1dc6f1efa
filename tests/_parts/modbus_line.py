"""Faulty Modbus devices for tests: a TCP port or a serial line whose every answer a test decides.

A behaviour gets the number of the request (from 1) and the request, and returns the bytes that go
out: `request.answer()` is the right answer, `b""` is silence, `HANG_UP` and `RESET` end a TCP
connection. A register holds its own address.
"""

import asyncio
import contextlib
import os
import struct
import tty
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

HANG_UP: Final = b"hang up"
RESET: Final = b"reset"


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A read as it came."""

    frame: bytes
    unit: int
    function: int
    address: int
    count: int
    transaction: int | None = None

    @property
    def end(self) -> int:
        return self.address + self.count

    def answer(self, *, unit: int | None = None) -> bytes:
        """Return the right answer; of another unit where one is given."""
        words = struct.pack(f">{self.count}H", *range(self.address, self.end))
        return self.wrap(bytes([self.function, len(words)]) + words, unit)

    def refuse(self, code: int) -> bytes:
        return self.wrap(bytes([self.function | 0x80, code]), None)

    def wrap(self, pdu: bytes, unit: int | None) -> bytes:
        body = bytes([self.unit if unit is None else unit]) + pdu
        if self.transaction is not None:
            return struct.pack(">HHH", self.transaction, 0, len(body)) + body
        return body + crc(body)


Behaviour = Callable[[int, LineRequest], bytes]


class Served:
    """Where the device is, and what it was asked for."""

    def __init__(self, place: str | int) -> None:
        self.place = place
        self.requests: list[LineRequest] = []
        self.connections = 0


def crc(data: bytes) -> bytes:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


@contextlib.asynccontextmanager
async def tcp_device(behaviour: Behaviour, *, is_rtu: bool = False) -> AsyncIterator[Served]:
    """Serve Modbus TCP, or RTU frames in a TCP stream."""
    served = Served(0)
    writers: set[asyncio.StreamWriter] = set()

    async def request_of(reader: asyncio.StreamReader) -> LineRequest:
        if is_rtu:
            frame = await reader.readexactly(8)
            return LineRequest(frame, *struct.unpack(">BBHH", frame[:6]))
        frame = await reader.readexactly(12)
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", frame)
        return LineRequest(frame, unit, function, address, count, transaction)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        served.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await request_of(reader)
                served.requests.append(request)
                sent = behaviour(len(served.requests), request)
                is_end = sent.endswith((HANG_UP, RESET))
                writer.write(sent.removesuffix(HANG_UP).removesuffix(RESET))
                if sent.endswith(RESET):
                    await writer.drain()
                    writer.transport.abort()
                elif is_end:
                    writer.close()
                if is_end:
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    served.place = server.sockets[0].getsockname()[1]
    async with server:
        yield served
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def serial_device(behaviour: Behaviour, *, is_ascii: bool = False) -> AsyncIterator[Served]:
    """Answer RTU (or ASCII) requests on a pseudo-terminal."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    served = Served(os.ttyname(theirs))
    buffer = bytearray()
    loop = asyncio.get_running_loop()

    def readable() -> None:
        with contextlib.suppress(OSError):
            buffer.extend(os.read(ours, 256))
        length = 17 if is_ascii else 8
        while len(buffer) >= length:
            frame = bytes(buffer[:length])
            del buffer[:length]
            if is_ascii:
                frame = bytes.fromhex(frame[1:-2].decode())
            request = LineRequest(frame, *struct.unpack(">BBHH", frame[:6]))
            served.requests.append(request)
            sent = behaviour(len(served.requests), request)
            if sent:
                os.write(ours, sent)

    loop.add_reader(ours, readable)
    try:
        yield served
    finally:
        loop.remove_reader(ours)
        os.close(theirs)
        os.close(ours)
