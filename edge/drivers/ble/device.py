"""The configuration of the BLE driver: a radio and the devices in its reach."""

from dataclasses import dataclass, field

from device_profiles.protocols.ble import BleProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class BleAdapter:
    """The radio: BlueZ's `adapter`, or, where `hci` is given, a controller of our own.

    `hci` names a transport as bumble spells it: `tcp-client:127.0.0.1:9001`, `usb:0`,
    `serial:/dev/ttyACM0`.
    """

    adapter: str = "hci0"
    hci: str | None = None
    connect_timeout_s: float = 10.0
    request_timeout_s: float = 10.0
    """How long a peripheral may take for one read, write or subscription."""
    watchdog_s: float = 10.0
    """Seconds between two questions whether the controller still answers."""
    silence_s: float = 120.0
    """A radio that receives none of its advertising devices for so long is started again."""
    retry_s: float = 2.0
    """The first pause before a peripheral or the radio is tried again; it grows from there."""
    retry_most_s: float = 60.0


@dataclass(frozen=True, slots=True)
class BleDevice:
    """One peripheral; `bind_key` (32 hex digits) opens encrypted advertisements."""

    id: str
    profile: BleProfile
    address: str
    bind_key: str | None = field(default=None, repr=False)
