"""The air: which advertisement reaches which gateway."""

import asyncio
from collections.abc import Callable, MutableMapping

from bumble import hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink

from simulators.virtual_radio.controller import GatewayController

Listener = Callable[[bytes, GatewayController], None]


class QuietLink(LocalLink):
    """Delivers advertisements only to who scans or connects.

    Bumble's own link hands every advertisement to every controller, which among n peripherals is
    n times too many.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # bumble leaves it without types
        self.listeners: MutableMapping[str, Listener] = {}
        """Address of an advertiser -> called for each advertisement that a gateway receives."""
        self.is_lost: Callable[[str], bool] = lambda _address: False
        """Returns for an advertiser's address whether this advertisement is lost on the air."""

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Put an advertisement on the air."""
        if not isinstance(packet, ll.AdvInd | ll.AdvExtInd):
            super().send_advertising_pdu(sender_controller, packet)
            return
        address = name_of(packet.advertiser_address)
        if self.is_lost(address):
            return
        loop = asyncio.get_running_loop()
        listener = self.listeners.get(address)
        for gateway in self.gateways():
            if gateway.is_wedged:
                continue
            if gateway.le_scan_enable or gateway.pending_le_connection:
                loop.call_soon(gateway.on_ll_advertising_pdu, packet)
            if gateway.le_scan_enable and listener is not None:
                listener(packet.data, gateway)

    def gateways(self) -> list[GatewayController]:
        """Return the controllers that gateways hold."""
        return [c for c in self.controllers if isinstance(c, GatewayController)]

    def gateway_at(self, address: hci.Address) -> GatewayController | None:
        """Return the gateway that is connected to something under this address of its own."""
        for gateway in self.gateways():
            if any(c.self_address == address for c in gateway.le_connections.values()):
                return gateway
        return None

    def cut(self, controller: Controller) -> None:
        """End a controller's connections on both sides, as when the other is out of reach."""
        reason = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        for connection in list(controller.le_connections.values()):
            peer = self.find_le_controller(connection.peer_address)
            if peer is not None and connection.self_address in peer.le_connections:
                peer.on_le_disconnected(peer.le_connections[connection.self_address], reason)
            controller.on_le_disconnected(connection, reason)


def name_of(address: hci.Address) -> str:
    """Return an address as people write it: upper-case hex with colons."""
    return address.to_string(with_type_qualifier=False).upper()
