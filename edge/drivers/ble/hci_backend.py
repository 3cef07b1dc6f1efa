"""A bleak backend over bumble: a Bluetooth controller reached by HCI, with no BlueZ between.

bleak's scanner and client are used as with any backend: `BleakScanner(..., backend=HciScanner,
stack=stack)`, `BleakClient(..., backend=HciClient, stack=stack)`. Importing this module needs the
extra `edge-hci`.

A controller makes one connection at a time, so connecting is serialised; a caller that gives up
cancels its pending connection before the next one starts, and a connection that comes up in spite
of that is closed: a slot without an owner would stay taken for ever.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import hci
from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.transport import open_transport
from bumble.transport.common import Transport

_T = TypeVar("_T")
_MTU = 247
_GRACE_S = 2.0
_SEEN_MOST = 512
"""Passers-by change their addresses every quarter of an hour; years of them must not pile up."""


class HciStack:
    """An open controller; `lost` is done once its transport is gone."""

    def __init__(self, transport: Transport, device: Device) -> None:
        self.device = device
        self.connecting = asyncio.Lock()
        self.addresses: dict[str, hci.Address] = {}
        self._transport = transport
        self._is_mute = False

    @property
    def is_dead(self) -> bool:
        """Whether the transport is gone or the controller gives no answer."""
        return self._is_mute or self.lost.done()

    @property
    def lost(self) -> asyncio.Future[None]:
        """A future that is done once the transport is gone."""
        return self._transport.source.terminated

    async def ask(self, timeout_s: float) -> None:
        """Ask the controller for its address; TimeoutError if it gives no answer."""
        command = hci.HCI_Read_BD_ADDR_Command()
        try:
            async with asyncio.timeout(timeout_s):
                await _bleak(self.device.host.send_sync_command(command))
        except TimeoutError:
            self._is_mute = True
            raise


@contextlib.asynccontextmanager
async def open_stack(transport_name: str, timeout_s: float) -> AsyncIterator[HciStack]:
    """Open the controller behind a transport and switch it on."""
    async with asyncio.timeout(timeout_s):
        transport = await _bleak(open_transport(transport_name))
    try:
        address = hci.Address.generate_static_address()
        device = Device.with_hci("gateway", address, transport.source, transport.sink)
        async with asyncio.timeout(timeout_s):
            await _bleak(device.power_on())
        yield HciStack(transport, device)
    finally:
        await transport.close()


class HciScanner(BaseBleakScanner):
    """Scans with the stack's controller."""

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        *,
        stack: HciStack,
        **_kwargs: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._is_active = scanning_mode != "passive"
        self._stack = stack

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        device = self._stack.device
        device.on(device.EVENT_ADVERTISEMENT, self._received)
        await _bleak(device.start_scanning(active=self._is_active, filter_duplicates=False))

    async def stop(self) -> None:
        """Stop scanning."""
        device = self._stack.device
        device.remove_listener(device.EVENT_ADVERTISEMENT, self._received)
        if not self._stack.is_dead:
            await _bleak(device.stop_scanning())

    def _received(self, advertisement: Advertisement) -> None:
        data = _advertisement_data(advertisement)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False).upper()
        if len(self.seen_devices) >= _SEEN_MOST:
            self.seen_devices.clear()
            self._stack.addresses.clear()
            self._stack.device.advertisement_accumulators.clear()
        self._stack.addresses[address] = advertisement.address
        device = self.create_or_update_device(
            address, address, data.local_name, advertisement.address, data
        )
        self.call_detection_callbacks(device, data)


class HciClient(BaseBleakClient):
    """A connection made by the stack's controller."""

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        stack: HciStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=disconnected_callback,
            timeout=timeout,
            **kwargs,
        )
        self._stack = stack
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._callbacks: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """The peripheral's address: it has no better name before it is asked for one."""
        return self.address

    @property
    def mtu_size(self) -> int:
        """The negotiated MTU."""
        return int(self._connection.att_mtu) if self._connection is not None else 23

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up."""
        return self._connection is not None

    async def connect(self, pair: bool, **_kwargs: Any) -> None:
        """Connect and learn the peripheral's services; pairing is left to `pair`."""
        async with self._stack.connecting:
            self._connection = await self._connected()
        self._connection.on(self._connection.EVENT_DISCONNECTION, self._disconnected)
        try:
            self._peer = Peer(self._connection)
            await _bleak(self._peer.request_mtu(_MTU))
            self.services = await _bleak(self._discovered(self._peer))
            if pair:
                await self.pair()
        except BaseException:
            with contextlib.suppress(BleakError, TimeoutError):
                await self.disconnect()
            raise

    async def disconnect(self) -> None:
        """End the connection, if it is up."""
        connection = self._connection
        if connection is not None and not self._stack.is_dead:
            async with asyncio.timeout(_GRACE_S):
                await _bleak(connection.disconnect())

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        """Pair without a key to compare (Just Works)."""
        await _bleak(self._up().connection.pair())

    async def unpair(self) -> None:
        """Forget nothing: keys are kept only while the stack is open."""

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,  # noqa: ARG002 - there is no cache
        **_kwargs: Any,
    ) -> bytearray:
        """Read a characteristic."""
        return bytearray(await _bleak(self._up().read_value(characteristic.obj)))

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        *,
        use_cached: bool = False,  # noqa: ARG002 - there is no cache
        **_kwargs: Any,
    ) -> bytearray:
        """Read a descriptor."""
        return bytearray(await _bleak(self._up().read_value(descriptor.obj)))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a characteristic."""
        await _bleak(self._up().write_value(characteristic.obj, bytes(data), response))

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        """Write a descriptor."""
        await _bleak(self._up().write_value(descriptor.obj, bytes(data), True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        """Subscribe to a characteristic's notifications or indications."""

        def arrived(value: bytes) -> None:
            callback(bytearray(value))

        self._callbacks[characteristic.handle] = arrived
        await _bleak(self._up().subscribe(characteristic.obj, arrived))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """End a subscription."""
        callback = self._callbacks.pop(characteristic.handle, None)
        await _bleak(self._up().unsubscribe(characteristic.obj, callback))

    def _up(self) -> Peer:
        if self._peer is None:
            raise BleakError("it is not connected")
        return self._peer

    async def _connected(self) -> Connection:
        device = self._stack.device
        address = self._stack.addresses.get(self.address.upper()) or _address_of(self.address)
        attempt = asyncio.ensure_future(_bleak(device.connect(address, timeout=None)))
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.shield(attempt)
        except TimeoutError as error:
            await self._abandon(attempt)
            raise BleakDeviceNotFoundError(
                self.address, "it did not accept a connection"
            ) from error
        except asyncio.CancelledError:
            await self._abandon(attempt)
            raise

    async def _abandon(self, attempt: "asyncio.Future[Connection]") -> None:
        """Cancel the pending connection and leave no slot behind."""
        command = hci.HCI_LE_Create_Connection_Cancel_Command()
        # A controller that does not answer even this is the watchdog's business.
        with contextlib.suppress(BleakError, TimeoutError, OSError):
            async with asyncio.timeout(_GRACE_S):
                await _bleak(self._stack.device.host.send_sync_command(command))
        await asyncio.wait([attempt], timeout=_GRACE_S)
        if not attempt.done():
            attempt.cancel()
        elif not attempt.cancelled() and attempt.exception() is None:
            with contextlib.suppress(BleakError, TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await _bleak(attempt.result().disconnect())

    async def _discovered(self, peer: Peer) -> BleakGATTServiceCollection:
        services = BleakGATTServiceCollection()
        for remote in await peer.discover_services():
            service = BleakGATTService(remote, remote.handle, _uuid(remote.uuid))
            services.add_service(service)
            for part in await remote.discover_characteristics():
                characteristic = BleakGATTCharacteristic(
                    part,
                    part.handle,
                    _uuid(part.uuid),
                    list(gatt_char_props_to_strs(int(part.properties))),
                    lambda: self.mtu_size - 3,
                    service,
                )
                services.add_characteristic(characteristic)
                for detail in await part.discover_descriptors():
                    services.add_descriptor(
                        BleakGATTDescriptor(
                            detail, detail.handle, _uuid(detail.type), characteristic
                        )
                    )
        return services

    def _disconnected(self, _reason: int) -> None:
        self._connection = None
        self._peer = None
        self.services = None
        self._callbacks.clear()
        if self._disconnected_callback is not None:
            self._disconnected_callback()


async def _bleak(call: Awaitable[_T]) -> _T:
    """Await a call of bumble's; raise what bleak's own backends would."""
    try:
        return await call
    except ATT_Error as error:
        raise BleakGATTProtocolError(int(error.error_code)) from error
    except (BleakError, OSError, TimeoutError):
        raise
    except Exception as error:
        # What a hostile peripheral answers may raise anything at all in bumble.
        raise BleakError(_text(error)) from error
    except asyncio.CancelledError as error:
        # bumble cancels what waits for a peripheral that has gone; this task was not cancelled.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BleakError("the connection was lost") from error


def _advertisement_data(advertisement: Advertisement) -> AdvertisementData:
    kinds = AdvertisingData.Type
    name = None
    manufacturer: dict[int, bytes] = {}
    service: dict[str, bytes] = {}
    uuids: list[str] = []
    power = None
    for kind, value in advertisement.data.ad_structures:
        if kind in {kinds.COMPLETE_LOCAL_NAME, kinds.SHORTENED_LOCAL_NAME}:
            name = value.decode(errors="replace")
        elif kind == kinds.MANUFACTURER_SPECIFIC_DATA and len(value) >= 2:
            manufacturer[int.from_bytes(value[:2], "little")] = value[2:]
        elif kind == kinds.SERVICE_DATA_16_BIT_UUID and len(value) >= 2:
            service[_uuid(UUID.from_bytes(value[:2]))] = value[2:]
        elif kind == kinds.SERVICE_DATA_128_BIT_UUID and len(value) >= 16:
            service[_uuid(UUID.from_bytes(value[:16]))] = value[16:]
        elif kind in {
            kinds.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            kinds.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
        }:
            uuids += _uuids(value, 2)
        elif kind in {
            kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
            kinds.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        }:
            uuids += _uuids(value, 16)
        elif kind == kinds.TX_POWER_LEVEL and len(value) == 1:
            power = int.from_bytes(value, signed=True)
    return AdvertisementData(
        name, manufacturer, service, uuids, power, advertisement.rssi, (advertisement,)
    )


def _uuids(value: bytes, size: int) -> list[str]:
    whole = len(value) - len(value) % size
    return [_uuid(UUID.from_bytes(value[at : at + size])) for at in range(0, whole, size)]


def _uuid(short: UUID) -> str:
    return str(uuid.UUID(bytes=short.to_bytes(force_128=True)[::-1]))


def _address_of(text: str) -> hci.Address:
    """Return an address that was never received: random if its two highest bits are set."""
    is_random = int(text[:2], 16) >> 6 == 0b11
    kind = hci.Address.RANDOM_DEVICE_ADDRESS if is_random else hci.Address.PUBLIC_DEVICE_ADDRESS
    return hci.Address(text, kind)


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
