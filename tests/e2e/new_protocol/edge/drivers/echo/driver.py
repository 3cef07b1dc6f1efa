"""Asks each device in turn, over a connection for each question."""

import asyncio
from collections.abc import Sequence

from edge.drivers.echo.codec import decode

from device_profiles.reading import Reading
from edge.clock import Clock
from edge.config import Config, Device
from edge.driver import Delivery, Driver, Sink
from edge.errors import DeviceUnreachable


class EchoDriver:
    """All echo devices of a gateway."""

    name = "echo"

    def __init__(self, devices: Sequence[Device], clock: Clock) -> None:
        self._devices = devices
        self._clock = clock

    async def run(self, sink: Sink) -> None:
        """Ask until cancelled."""
        sink.driver_ready(self.name)
        while True:
            for device in self._devices:
                try:
                    await self._ask(device, sink)
                except OSError as error:
                    sink.device_failed(DeviceUnreachable(device.id, str(error)))
            await asyncio.sleep(0.05)

    async def _ask(self, device: Device, sink: Sink) -> None:
        reader, writer = await asyncio.open_connection(device.address.host, device.address.port)
        try:
            for point in device.profile.points.values():
                writer.write(f"{point.word}\n".encode())
                line = (await reader.readline()).decode().strip()
                values = decode(device.profile.points, line)
                now = self._clock.now()
                readings = [Reading(device.id, name, v, now) for name, v in values.items()]
                await sink.deliver(Delivery(readings))
        finally:
            writer.close()


def make(config: Config, devices: Sequence[Device], clock: Clock) -> Sequence[Driver]:
    """Return one driver for all devices."""
    del config
    return [EchoDriver(devices, clock)]
