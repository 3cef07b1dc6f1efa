"""One connection to one peripheral: subscribe, read, poll, until it ends."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic

from device_profiles.protocols.ble import BlePoint, BleProfile
from edge.clock import Clock
from edge.drivers.ble.device import BleAdapter, BleDevice
from edge.drivers.ble.failure import RAISED, device_error
from edge.errors import DeviceError, DeviceRefused, DeviceUnreachable

_HANG_UP_S = 5.0
Connecting = Callable[[], contextlib.AbstractAsyncContextManager[None]]
Arrived = Callable[["Characteristic", bytes], None]


@dataclass(frozen=True, slots=True)
class Characteristic:
    """The points that share a characteristic."""

    service: str
    uuid: str
    points: Mapping[str, BlePoint]

    @property
    def is_notified(self) -> bool:
        """Whether the peripheral reports changes by itself."""
        return any(point.access == "notify" for point in self.points.values())

    @property
    def poll_s(self) -> float | None:
        """Seconds between two reads; None where nothing is to be polled."""
        return min((p.poll_s for p in self.points.values() if p.access == "read"), default=None)


def characteristics(profile: BleProfile) -> tuple[Characteristic, ...]:
    """Return the characteristics behind a profile's points."""
    by_address: dict[tuple[str, str], dict[str, BlePoint]] = {}
    for name, point in profile.points.items():
        if point.service is not None and point.characteristic is not None:
            by_address.setdefault((point.service, point.characteristic), {})[name] = point
    return tuple(Characteristic(*address, points) for address, points in by_address.items())


class Session:
    """A connection, from connecting to its end."""

    def __init__(
        self,
        device: BleDevice,
        adapter: BleAdapter,
        clock: Clock,
        arrived: Arrived,
        failed: Callable[[DeviceError], None],
    ) -> None:
        self.is_up = False
        """Whether the connection was ever made: what decides how soon to try again."""
        self._device = device
        self._adapter = adapter
        self._clock = clock
        self._arrived = arrived
        self._failed = failed
        self._gone = asyncio.Event()

    def gone(self) -> None:
        """Take note that the connection has ended."""
        self._gone.set()

    async def run(self, client: BleakClient, connecting: Connecting) -> None:
        """Connect and stay; raise DeviceError when the connection ends or cannot be made."""
        doing = "connecting"
        try:
            async with connecting():
                # The back-end keeps the time too; this is for one that does not.
                async with asyncio.timeout(self._adapter.connect_timeout_s + _HANG_UP_S):
                    await client.connect()
            self.is_up = True
            doing = "talking to it"
            await self._stay(client)
        except RAISED as error:
            raise device_error(self._device.id, doing, error) from error
        finally:
            with contextlib.suppress(*RAISED):
                async with asyncio.timeout(_HANG_UP_S):
                    await client.disconnect()

    async def _stay(self, client: BleakClient) -> None:
        due: dict[int, float] = {}
        known: dict[int, tuple[Characteristic, BleakGATTCharacteristic]] = {}
        now = self._clock.monotonic()
        for characteristic in characteristics(self._device.profile):
            remote = self._remote(client, characteristic)
            if remote is None:
                continue
            known[remote.handle] = characteristic, remote
            if characteristic.is_notified:
                await self._subscribe(client, characteristic, remote)
            if characteristic.poll_s is not None or "read" in remote.properties:
                due[remote.handle] = now
        if not known:
            raise DeviceRefused(
                self._device.id,
                "it offers none of the characteristics of its profile",
                code="ATTRIBUTE_NOT_FOUND",
            )
        while not self._gone.is_set():
            now = self._clock.monotonic()
            for handle in [handle for handle, at in due.items() if at <= now]:
                characteristic, remote = known[handle]
                await self._read(client, characteristic, remote)
                if characteristic.poll_s is None:
                    del due[handle]
                else:
                    due[handle] = now + characteristic.poll_s
            await self._pause(min(due.values(), default=None))
        raise DeviceUnreachable(self._device.id, "the connection ended")

    def _remote(
        self, client: BleakClient, characteristic: Characteristic
    ) -> BleakGATTCharacteristic | None:
        service = client.services.get_service(characteristic.service)
        remote = None if service is None else service.get_characteristic(characteristic.uuid)
        if remote is None:
            self._failed(
                DeviceRefused(
                    self._device.id,
                    f"it has no characteristic {characteristic.uuid} in service "
                    f"{characteristic.service}, which its profile names",
                    code="ATTRIBUTE_NOT_FOUND",
                )
            )
        return remote

    async def _subscribe(
        self,
        client: BleakClient,
        characteristic: Characteristic,
        remote: BleakGATTCharacteristic,
    ) -> None:
        def arrived(_sender: BleakGATTCharacteristic, value: bytearray) -> None:
            self._arrived(characteristic, bytes(value))

        async with asyncio.timeout(self._adapter.request_timeout_s):
            await client.start_notify(remote, arrived)

    async def _read(
        self,
        client: BleakClient,
        characteristic: Characteristic,
        remote: BleakGATTCharacteristic,
    ) -> None:
        try:
            async with asyncio.timeout(self._adapter.request_timeout_s):
                value = await client.read_gatt_char(remote)
        except RAISED as error:
            problem = device_error(self._device.id, f"reading {characteristic.uuid}", error)
            if not isinstance(problem, DeviceRefused):
                raise problem from error
            self._failed(problem)
        else:
            self._arrived(characteristic, bytes(value))

    async def _pause(self, until_s: float | None) -> None:
        pause_s = None if until_s is None else max(0.0, until_s - self._clock.monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._gone.wait()
