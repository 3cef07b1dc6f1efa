"""The controller a gateway sees: bumble's, with what a real one does differently put right.

- An advertisement is reported once. Bumble's controller reports it a second time as a scan
  response, in passive scans too.
- Cancelling a pending connection ends it, with the event the specification asks for. Bumble's
  controller confirms and stays pending, so no further connection is ever made.
- It can be wedged: it accepts everything and answers nothing, as real dongles sometimes do.
"""

from bumble import hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.common import TransportSink


class GatewayController(Controller):
    """One gateway's end of the radio."""

    is_wedged = False
    rssi = -60

    def __init__(self, name: str, link: LocalLink, host: TransportSink, address: str) -> None:
        super().__init__(name, host_sink=host, link=link, public_address=address)

    def on_packet(self, packet: bytes) -> None:
        """Take a packet from the gateway's host."""
        if not self.is_wedged:
            super().on_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send a packet to the gateway's host."""
        if not self.is_wedged:
            super().send_hci_packet(packet)

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report an advertisement, and connect where the host waits for this advertiser."""
        if self.le_scan_enable:
            self.send_hci_packet(self._report(pdu))
        pending = self.pending_le_connection
        if pending is not None and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Forget the pending connection and report that (Vol 4, Part E - 7.8.13)."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def _report(self, pdu: ll.AdvInd | ll.AdvExtInd) -> hci.HCI_Packet:
        if not self.le_features & hci.LeFeatureMask.LE_EXTENDED_ADVERTISING:
            plain = hci.HCI_LE_Advertising_Report_Event
            return plain(
                [
                    plain.Report(
                        event_type=plain.EventType.ADV_IND,
                        address_type=pdu.advertiser_address.address_type,
                        address=pdu.advertiser_address,
                        data=pdu.data,
                        rssi=self.rssi,
                    )
                ]
            )
        extended = hci.HCI_LE_Extended_Advertising_Report_Event
        return extended(
            [
                extended.Report(
                    event_type=extended.EventType.CONNECTABLE_ADVERTISING,
                    address_type=pdu.advertiser_address.address_type,
                    address=pdu.advertiser_address,
                    primary_phy=hci.Phy.LE_1M,
                    secondary_phy=hci.Phy.LE_1M,
                    advertising_sid=0,
                    tx_power=0,
                    rssi=self.rssi,
                    periodic_advertising_interval=0,
                    direct_address_type=0,
                    direct_address=hci.Address.ANY,
                    data=pdu.data,
                )
            ]
        )
