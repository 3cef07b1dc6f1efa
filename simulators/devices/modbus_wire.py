"""The wires of Modbus: a TCP port, and a serial line on a pseudo-terminal.

A line stays there while gateways open and close their side of it, as a cable does.
"""

import asyncio
import contextlib
import os
import select
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random

from simulators.audit.truth import TruthLog
from simulators.devices.modbus_unit import Answer, Units, next_rtu, next_tcp

SETTLE_S = 1.0
_LOOK_S = 0.05
_SILENCE_S = 0.05
"""A frame that is not whole after so long a silence is given up."""


class _Log:
    """Answers of one connection, until it is known whether the asker lived to take them."""

    def __init__(self, bus: str, truth: TruthLog) -> None:
        self._bus = bus
        self._truth = truth
        self._open: deque[Answer] = deque()

    def opened(self) -> None:
        self._truth(kind="connection", bus=self._bus, open=True)

    def answered(self, answer: Answer) -> None:
        if answer.values or answer.not_requested:
            self._open.append(answer)
            asyncio.get_running_loop().call_later(SETTLE_S, self._settle, answer)

    def closed(self, *, certain: bool) -> None:
        by = "school" if certain else "peer"
        self._truth(kind="connection", bus=self._bus, open=False, by=by)
        while self._open:
            self._open.popleft().log(certain=certain)

    def _settle(self, answer: Answer) -> None:
        if answer in self._open:
            self._open.remove(answer)
            answer.log(certain=True)


class TcpBus:
    """All units of a bus behind one TCP port."""

    def __init__(self, bus: str, host: str, port: int, units: Units, truth: TruthLog) -> None:
        self.bus = bus
        self._host = host
        self._port = port
        self._units = units
        self._truth = truth
        self._server: asyncio.Server | None = None
        self._connections: set[_TcpConnection] = set()
        self._all_gone = asyncio.Event()
        self._all_gone.set()

    @property
    def port(self) -> int:
        """The TCP port, once started."""
        return self._port

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def hang_up(self) -> None:
        """Close every connection without a word."""
        for connection in list(self._connections):
            connection.abort()

    async def stop(self) -> None:
        """Stop listening; what was answered on open connections counts as certain."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            connection.is_stopping = True
            connection.close()
        await self._server.wait_closed()
        await self._all_gone.wait()
        self._server = None

    def _connection(self) -> "_TcpConnection":
        connection = _TcpConnection(self._units, _Log(self.bus, self._truth), self._closed)
        self._connections.add(connection)
        self._all_gone.clear()
        return connection

    def _closed(self, connection: "_TcpConnection") -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()


class _TcpConnection(asyncio.Protocol):
    def __init__(self, units: Units, log: _Log, closed: Callable[["_TcpConnection"], None]) -> None:
        self.is_stopping = False
        self._units = units
        self._log = log
        self._closed = closed
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server hands out
        self._transport = transport
        self._log.opened()

    def data_received(self, data: bytes) -> None:
        self._data += data
        while length := next_tcp(self._data):
            frame, self._data = self._data[:length], self._data[length:]
            response, answer = self._units.tcp(frame)
            if response and self._transport is not None and not self._transport.is_closing():
                self._transport.write(response)
                if answer is not None:
                    self._log.answered(answer)
        if length is None:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base's name
        self._transport = None
        self._log.closed(certain=self.is_stopping)
        self._closed(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close once what was answered has left."""
        if self._transport is not None:
            self._transport.close()


class RtuBus:
    """All units of a serial line; `link` points at the gateway's side of it.

    `loss` is the share of requests that no unit receives: as on a noisy line, nothing comes back,
    and nothing was answered.
    """

    def __init__(
        self,
        bus: str,
        link: Path,
        units: Units,
        truth: TruthLog,
        *,
        loss: float = 0.0,
        random: Random | None = None,
    ) -> None:
        self.bus = bus
        self._link = link
        self._units = units
        self._truth = truth
        self._loss = loss
        self._random = random or Random(0)  # noqa: S311  noise, no secret
        self._log: _Log | None = None
        self._ours = -1
        self._data = b""
        self._task: asyncio.Task[None] | None = None
        self._clear: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Lay the line."""
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(self._ours, False)
        name = os.ttyname(theirs)
        # Closed on our side, so that the kernel reports when the last gateway has closed it too.
        os.close(theirs)
        self._link.parent.mkdir(parents=True, exist_ok=True)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(name)
        self._task = asyncio.get_running_loop().create_task(self._look())

    async def stop(self) -> None:
        """Take the line away; what was answered to an open side counts as certain."""
        if self._ours < 0:
            return
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._hung_up(certain=True)
        with contextlib.suppress(OSError):
            self._link.unlink()
        os.close(self._ours)
        self._ours = -1

    async def _look(self) -> None:
        """Notice when a gateway opens its side; reading notices when it closes it."""
        poll = select.poll()
        poll.register(self._ours, select.POLLIN)
        loop = asyncio.get_running_loop()
        while True:
            events = poll.poll(0)
            if self._log is None and not any(what & select.POLLHUP for _, what in events):
                self._log = _Log(self.bus, self._truth)
                self._log.opened()
                loop.add_reader(self._ours, self._readable)
            await asyncio.sleep(_LOOK_S)

    def _readable(self) -> None:
        try:
            data = os.read(self._ours, 4096)
        except BlockingIOError:
            return
        except OSError:  # the other side is closed
            self._hung_up(certain=False)
            return
        self._data += data
        if self._clear is not None:
            self._clear.cancel()
        while length := next_rtu(self._data):
            frame, self._data = self._data[:length], self._data[length:]
            if next_rtu(self._data):  # asked again: the first request was given up
                self._truth(kind="given_up_request", bus=self.bus, unit=frame[0])
            else:
                self._respond(frame)
        if length is None:
            self._data = b""
        elif self._data:
            loop = asyncio.get_running_loop()
            self._clear = loop.call_later(_SILENCE_S, self._give_up)

    def _respond(self, frame: bytes) -> None:
        if self._random.random() < self._loss:
            self._truth(kind="lost_frame", bus=self.bus, unit=frame[0])
            return
        response, answer = self._units.rtu(frame)
        if not response:
            return
        try:
            os.write(self._ours, response)
        except OSError:
            return
        if answer is not None and self._log is not None:
            self._log.answered(answer)

    def _give_up(self) -> None:
        self._data = b""

    def _hung_up(self, *, certain: bool) -> None:
        log, self._log = self._log, None
        if log is not None:
            asyncio.get_running_loop().remove_reader(self._ours)
            log.closed(certain=certain)
        self._data = b""
