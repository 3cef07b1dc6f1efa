"""One way to Modbus devices, a TCP connection or a serial line, asked one read at a time.

No answer is ever taken for another request's. On TCP the transaction decides. RTU and ASCII have
none: there an answer shows only its unit, its function and its length. So after a request that got
no answer, another one of the same shape is not sent to that unit before one of another shape has
been answered: a device answers in order, so that what was still to come has come by then. The same
request may be repeated at once: whichever answer comes, it holds the registers that were wanted.

The time for an answer is what the device may take to begin, and the time that its bytes take at the
line's rate; bytes that still come are waited for.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from pymodbus.transport.serialtransport import create_serial_connection

from edge.drivers.modbus.device import ModbusBus
from edge.drivers.modbus.frames import Answer, Failure, Request, encode, find
from edge.errors import DriverUnavailable

EXCEPTIONS = {
    1: "ILLEGAL FUNCTION",
    2: "ILLEGAL DATA ADDRESS",
    3: "ILLEGAL DATA VALUE",
    4: "SERVER DEVICE FAILURE",
    5: "ACKNOWLEDGE",
    6: "SERVER DEVICE BUSY",
    8: "MEMORY PARITY ERROR",
    10: "GATEWAY PATH UNAVAILABLE",
    11: "GATEWAY TARGET DEVICE FAILED TO RESPOND",
}
"""Names of the exception codes (Modbus Application Protocol V1.1b3, section 7)."""

_SENT_BY_GATEWAYS = frozenset({10, 11})
"""The device itself sent nothing, and the gateway has waited for it."""
_BITS_PER_BYTE = 11
"""On a serial line: start, data, parity and stop (Modbus over Serial Line V1.02, 2.5.1)."""
_CONNECT_S = 3.0
_GAP_S = 0.05
"""Adapters hand bytes over in portions; so long a silence ends a frame."""
_BABBLE_S = 0.5
"""A line that is never silent is not waited for any longer."""
_OWED_S = 60.0
"""An answer that has not come by then does not come."""


class NoAnswer(Exception):
    """The device sent nothing in time, or nothing that belongs to the request; the text is why."""


class ConnectionLost(NoAnswer):
    """The connection was closed or reset before the answer came."""


class ExceptionAnswer(Exception):
    """The device answered with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({EXCEPTIONS.get(code, 'not in the specification')})")
        self.code = code
        self.name = EXCEPTIONS.get(code, f"EXCEPTION {code}")


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, how long the device took to begin, and what else was on the line."""

    words: list[int]
    took_s: float
    skipped: str


class _Wire(asyncio.Protocol):
    """What came over a connection since it was last cleared."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.last_at = 0.0
        self.changed = asyncio.Event()
        self.made: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self.lost: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.made.done():
            self.made.set_result(transport)  # type: ignore[arg-type]  # both kinds are transports

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.last_at = asyncio.get_running_loop().time()
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        is_reset = isinstance(exc, ConnectionResetError)
        closed = "the connection was reset" if is_reset else "the connection was closed"
        self.lost = f"the line failed: {exc}" if exc is not None and not is_reset else closed
        self.changed.set()


class Line:
    """A connection that is opened when needed and closed when it may be broken."""

    def __init__(self, bus: ModbusBus) -> None:
        self._bus = bus
        self._framing = bus.framing or ("rtu" if bus.serial is not None else "tcp")
        self._wire: _Wire | None = None
        self._transport: asyncio.Transport | None = None
        self._transaction = 0
        self._busy_until = 0.0
        self._owed: dict[int, dict[Request, float]] = {}
        self.where = bus.serial or f"{bus.host}:{bus.port}"

    @property
    def is_serial(self) -> bool:
        """Whether requests go over a serial line of this machine."""
        return self._bus.serial is not None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._wire is not None and self._wire.lost is None

    async def open(self) -> None:
        """Open the connection; raise `DriverUnavailable` where that fails."""
        self.close()
        try:
            async with asyncio.timeout(max(_CONNECT_S, self._bus.timeout_s)):
                wire = await self._connected()
                self._transport = await wire.made
        except TimeoutError:
            problem = "no connection within some seconds"
        except (OSError, ValueError, RuntimeError) as error:
            problem = str(error)
        else:
            self._wire = wire
            return
        raise DriverUnavailable(self._bus.name, f"cannot open {self.where}: {problem}")

    def close(self) -> None:
        """Close the connection; what was still to come is thrown away."""
        transport, self._transport, self._wire = self._transport, None, None
        if transport is not None:
            with contextlib.suppress(OSError):
                transport.abort()

    async def read(self, request: Request, *, timeout_s: float, pause_s: float = 0.0) -> Read:
        """Return the registers (or bits as 0 and 1) that a request asks for.

        Raises NoAnswer, ConnectionLost or ExceptionAnswer.
        """
        if self._framing != "tcp":
            await self._flush(request, timeout_s, pause_s)
        return await self._exchange(request, timeout_s, pause_s)

    async def _flush(self, request: Request, timeout_s: float, pause_s: float) -> None:
        """Let the late answer that could be taken for this request's come first."""
        now = asyncio.get_running_loop().time()
        owed = self._owed.get(request.unit_id, {})
        for late in [late for late, until in owed.items() if until <= now]:
            del owed[late]
        if not any(late.shape == request.shape and late != request for late in owed):
            return
        shapes = {late.shape for late in owed}
        step = 8 if request.function < 3 else 1
        other = next(
            other
            for count in range(1, 999, step)
            if (other := _with_count(request, count)).shape not in shapes
        )
        with contextlib.suppress(ExceptionAnswer):
            await self._exchange(other, timeout_s, pause_s)
        owed.clear()

    async def _exchange(self, request: Request, timeout_s: float, pause_s: float) -> Read:
        wire, transport = self._wire, self._transport
        if wire is None or transport is None:
            raise ConnectionLost("the connection is closed")
        await self._silence(wire, pause_s)
        self._transaction = self._transaction % 0xFFFF + 1
        sent = encode(request, self._framing, self._transaction)
        wire.received.clear()
        wire.changed.clear()
        began = asyncio.get_running_loop().time()
        if wire.lost is None:
            transport.write(sent)
        try:
            answer = await self._answer(wire, request, began, timeout_s)
        except NoAnswer:
            until = asyncio.get_running_loop().time() + _OWED_S
            self._owed.setdefault(request.unit_id, {})[request] = until
            raise
        finally:
            self._busy_until = asyncio.get_running_loop().time()
        if answer.exception is not None:
            refusal = ExceptionAnswer(answer.exception)
            if refusal.code in _SENT_BY_GATEWAYS:
                raise NoAnswer(f"a Modbus gateway reports: {refusal}")
            raise refusal
        owed = self._owed.get(request.unit_id)
        if owed:
            for late in [late for late in owed if late.shape != request.shape]:
                del owed[late]
        took_s = self._busy_until - began - self._on_the_wire_s(request)
        return Read(request.values(answer.pdu), max(took_s, 0.0), answer.skipped)

    async def _answer(
        self, wire: _Wire, request: Request, began: float, timeout_s: float
    ) -> Answer:
        """Wait for the answer; raise NoAnswer with what came in its place."""
        loop = asyncio.get_running_loop()
        deadline = began + timeout_s + self._on_the_wire_s(request)
        latest = deadline + self._on_the_wire_s(request) + timeout_s
        while True:
            wire.changed.clear()
            result = find(bytes(wire.received), request, self._framing, self._transaction)
            if isinstance(result, Answer):
                return result
            if wire.lost is not None:
                rest = f" ({result.text})" if wire.received else ""
                raise ConnectionLost(f"{wire.lost} before the answer{rest}")
            quiet_at = wire.last_at + _GAP_S if wire.received else 0.0
            until = quiet_at if result.is_final else min(max(deadline, quiet_at), latest)
            if until <= loop.time():
                raise NoAnswer(_reason(result, timeout_s))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await wire.changed.wait()

    async def _silence(self, wire: _Wire, pause_s: float) -> None:
        """Keep the pause that a device needs, and the silence that separates two RTU frames."""
        loop = asyncio.get_running_loop()
        pause_s = max(pause_s, self._bus.pause_s)
        if self._framing == "rtu":
            pause_s = max(pause_s, 3.5 * _BITS_PER_BYTE / self._bus.baudrate, 0.00175)
        longest = loop.time() + pause_s + _BABBLE_S
        while True:
            free_at = min(max(wire.last_at, self._busy_until) + pause_s, longest)
            if free_at <= loop.time():
                return
            await asyncio.sleep(free_at - loop.time())

    def _on_the_wire_s(self, request: Request) -> float:
        """Return how long request and answer take on a serial line, in seconds."""
        if not self.is_serial:
            return 0.0
        size = 8 + 5 + request.data_bytes
        per_byte = 2 if self._framing == "ascii" else 1
        return size * per_byte * _BITS_PER_BYTE / self._bus.baudrate

    async def _connected(self) -> _Wire:
        loop, bus = asyncio.get_running_loop(), self._bus
        if bus.serial is None:
            _, wire = await loop.create_connection(_Wire, bus.host or "", bus.port)
            return wire
        _, protocol = await create_serial_connection(
            loop,
            _Wire,
            bus.serial,
            baudrate=bus.baudrate,
            bytesize=bus.bytesize,
            parity=bus.parity,
            stopbits=bus.stopbits,
            timeout=0,
        )
        assert isinstance(protocol, _Wire)  # noqa: S101 - what the factory made
        return protocol


def _with_count(request: Request, count: int) -> Request:
    return Request(request.unit_id, request.register, request.address, count, request.answer_unit)


def _reason(failure: Failure, timeout_s: float) -> str:
    if failure.fault == "no answer":
        return f"no answer within {timeout_s:.3g} s"
    return failure.text
