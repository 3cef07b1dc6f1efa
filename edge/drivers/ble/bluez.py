"""BlueZ's adapter on the system's D-Bus: whether the daemon is there, and the radio switched on."""

import contextlib
from collections.abc import AsyncIterator

from bleak.exc import BleakDBusError, BleakError
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio.message_bus import MessageBus


class Adapter:
    """One radio of BlueZ."""

    def __init__(self, bus: MessageBus, name: str) -> None:
        self._bus = bus
        self._name = name

    async def is_powered(self) -> bool:
        """Return whether the radio is switched on; BleakError where it or the daemon is gone."""
        reply = await self._bus.call(
            Message(
                destination="org.bluez",
                path=f"/org/bluez/{self._name}",
                interface="org.freedesktop.DBus.Properties",
                member="Get",
                signature="ss",
                body=["org.bluez.Adapter1", "Powered"],
            )
        )
        if reply is None:
            raise BleakError("BlueZ gave no answer")
        if reply.message_type is MessageType.ERROR:
            raise BleakDBusError(reply.error_name or "", reply.body)
        return bool(reply.body[0].value)


@contextlib.asynccontextmanager
async def adapter(name: str) -> AsyncIterator[Adapter]:
    """Give a radio of BlueZ, on a connection to the bus that is closed at the end."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        yield Adapter(bus, name)
    finally:
        bus.disconnect()
