"""A radio in software: peripherals on a link, and a controller for every gateway that connects.

A gateway opens `VirtualRadio.transport` (HCI over TCP) as it would open a dongle. Each connection
gets a controller of its own, which goes with it: a gateway may be killed and come back at any time,
and its peripherals see their connections end, as they would in the air.
"""

import asyncio
import itertools
import logging
import random
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bumble import hci
from bumble.controller import Controller
from bumble.core import InvalidPacketError
from bumble.device import Device
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink, PacketParser

from simulators.virtual_radio.controller import GatewayController
from simulators.virtual_radio.link import Listener, QuietLink

log = logging.getLogger(__name__)


class VirtualRadio:
    """Peripherals in this process, and an HCI controller at `host:port` (0 = any free port)."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, seed: int = 0) -> None:
        self.link = QuietLink()
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._sessions: set[_HostSession] = set()
        self._deserted = asyncio.Event()
        self._deserted.set()
        self._numbers = itertools.count(1)
        self._chance = random.Random(seed)  # noqa: S311 - losses are to be repeatable, not secret
        self._losses: dict[str, float] = {}
        self._is_wedged = False
        self.link.is_lost = self._is_lost

    async def start(self) -> None:
        """Listen for gateways."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on every gateway and stop listening."""
        if self._server is not None:
            self._server.close()
            self.hang_up()
            await self._server.wait_closed()
            self._server = None

    @property
    def port(self) -> int:
        """The TCP port, once started."""
        return self._port

    @property
    def transport(self) -> str:
        """What a gateway puts under `hci:`."""
        return f"tcp-client:{self._host}:{self._port}"

    def peripheral(self, address: str, listener: Listener) -> Device:
        """Return a device on the link, not yet switched on.

        `listener` is called when a gateway receives it.
        """
        controller = Controller(address.upper(), link=self.link, public_address=address)
        device = Device(
            name=address,
            address=hci.Address(address),
            host=Host(controller, AsyncPipeSink(controller)),
        )
        self.link.listeners[address.upper()] = listener
        return device

    def remove(self, address: str) -> None:
        """Take a peripheral off the air."""
        controller = self._controller(address)
        self.link.listeners.pop(address.upper(), None)
        for advertiser in controller.advertising_sets.values():
            advertiser.stop()
        controller.le_legacy_advertiser.stop()
        self.link.cut(controller)
        self.link.controllers.discard(controller)

    # Faults

    def lose(self, address: str, share: float) -> None:
        """Lose a share (0 to 1) of a peripheral's advertisements from now on."""
        self._losses[address.upper()] = share

    def wedge(self) -> None:
        """Make every controller deaf and dumb, those of later connections too."""
        self._set_wedged(True)

    def unwedge(self) -> None:
        """Let controllers answer again; what came in between is lost."""
        self._set_wedged(False)

    def disconnect(self, address: str) -> None:
        """End a peripheral's connections, as if it had gone out of reach."""
        self.link.cut(self._controller(address))

    def hang_up(self) -> None:
        """Close the TCP connection of every gateway, as if the dongle had been pulled."""
        for session in list(self._sessions):
            session.close()

    @property
    def gateways(self) -> int:
        """How many gateways are connected."""
        return len(self._sessions)

    async def deserted(self) -> None:
        """Return once no gateway is connected."""
        await self._deserted.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _session(self) -> "_HostSession":
        number = next(self._numbers)
        session = _HostSession(self.link, f"gateway-{number}", number, self._closed)
        session.is_wedged = self._is_wedged
        self._sessions.add(session)
        self._deserted.clear()
        return session

    def _closed(self, session: "_HostSession") -> None:
        self._sessions.discard(session)
        if not self._sessions:
            self._deserted.set()

    def _set_wedged(self, wedged: bool) -> None:
        self._is_wedged = wedged
        for session in self._sessions:
            session.is_wedged = wedged
            if session.controller is not None:
                session.controller.is_wedged = wedged

    def _controller(self, address: str) -> Controller:
        for controller in self.link.controllers:
            if controller.name == address.upper():
                return controller
        raise ValueError(f"{address} is not on this radio")

    def _is_lost(self, address: str) -> bool:
        share = self._losses.get(address, 0.0)
        return share > 0 and self._chance.random() < share


class _HostSession(asyncio.Protocol):
    """A gateway's HCI connection and the controller at its end."""

    def __init__(
        self,
        link: QuietLink,
        name: str,
        number: int,
        closed: Callable[["_HostSession"], None],
    ) -> None:
        self.controller: GatewayController | None = None
        self.is_wedged = False
        self._link = link
        self._name = name
        self._address = ":".join(f"{byte:02X}" for byte in (0xC0DE00000000 + number).to_bytes(6))
        self._closed = closed
        self._transport: asyncio.Transport | None = None
        self._parser = PacketParser()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put a new controller on the air."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server hands out
        self._transport = transport
        self.controller = GatewayController(self._name, self._link, self, self._address)
        self.controller.is_wedged = self.is_wedged
        self._parser.set_packet_sink(self.controller)

    def data_received(self, data: bytes) -> None:
        """Hand the host's packets to the controller."""
        try:
            self._parser.feed_data(data)
        except InvalidPacketError as error:
            log.warning("%s: the host does not speak HCI (%s), closing", self._name, error)
            self.close()

    def on_packet(self, packet: bytes) -> None:
        """Send the controller's packet to the host."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the controller off the air; its peripherals lose their connections."""
        log.debug("%s: gone (%s)", self._name, exc or "closed")
        self._transport = None
        if self.controller is not None:
            self._link.cut(self.controller)
            self._link.controllers.discard(self.controller)
        self._closed(self)

    def close(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()
