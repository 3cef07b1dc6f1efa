"""A simulated BLE device, made from any BLE profile of the catalogue.

It advertises its BTHome points with a packet id that grows with every update, offers a GATT service
for the others, and reports to the truth log what it sent. Sent means received: an advertisement
that no gateway was there to receive, or a notification without a subscriber, was not sent.

`certain` states what an audit may demand. A gateway that is killed at once after it received
something cannot have kept it: `certain` is true where the gateway that received it was still there
`settle_s` later. What was sent without certainty may have been stored, and need not.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from bumble.att import ATT_Error, ErrorCode
from bumble.core import UUID
from bumble.device import AdvertisingEventProperties, AdvertisingParameters, Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import OwnAddressType

from device_profiles.protocols.ble import BlePoint, BleProfile
from device_profiles.reading import Value
from simulators.devices import ble_encode
from simulators.devices.point_values import initial_values
from simulators.virtual_radio.controller import GatewayController
from simulators.virtual_radio.radio import VirtualRadio

Address = tuple[str, str]
"""A service and a characteristic."""


class Truth(Protocol):
    """Where a simulated device writes what it did."""

    def __call__(self, *, kind: str, **facts: Any) -> None:
        """Write one line of the truth log."""


@dataclass(slots=True, eq=False)
class _Utterance:
    """Something sent, until its certainty is known."""

    values: dict[str, Value]
    data: bytes = b""
    at: datetime | None = None
    received_by: set[GatewayController] = field(default_factory=set)
    is_over: bool = False
    """It is no longer on the air: no other gateway will receive it."""
    is_reported: bool = False


class SimulatedBlePeripheral:
    """One device on a virtual radio; `update` it no more often than about once a second."""

    def __init__(
        self,
        profile: BleProfile,
        address: str,
        radio: VirtualRadio,
        truth: Truth,
        *,
        bind_key: str | None = None,
        interval_s: float = 0.25,
        settle_s: float = 1.5,
        first_packet: int = 0,
    ) -> None:
        if profile.bthome_encrypted and bind_key is None:
            raise ValueError(f"{profile.id}: advertisements are encrypted; give a bind_key")
        self.profile = profile
        self.address = address.upper()
        self.written: dict[str, bytes] = {}
        """Command -> what was last written to it."""
        self._radio = radio
        self._truth = truth
        self._bind_key = bind_key if profile.bthome_encrypted else None
        self._interval_s = interval_s
        self._settle_s = settle_s
        self._packet = first_packet - 1
        self._values = initial_values(
            profile.points, (example.readings for example in profile.examples)
        )
        self._device: Device | None = None
        self._advertising: Any = None
        self._on_air: _Utterance | None = None
        self._open: dict[_Utterance, None] = {}
        self._names: dict[Address, list[str]] = defaultdict(list)
        for name, point in profile.points.items():
            if point.characteristic is not None:
                self._names[address_of(point)].append(name)
        self._commands: dict[Address, str] = {}
        self._subscribers: dict[Address, set[Connection]] = defaultdict(set)
        self._characteristics: dict[Address, Characteristic[bytes]] = {}
        self._connections: set[Connection] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many gateways are connected."""
        return len(self._connections)

    async def start(self) -> None:
        """Go on the air with the profile's example as the first values."""
        device = self._radio.peripheral(self.address, self._received)
        self._device = device
        for service in self._services():
            device.add_service(service)
        device.on("connection", self._connected)
        await device.power_on()
        properties = AdvertisingEventProperties(
            is_connectable=True, is_scannable=True, is_legacy=True
        )
        self._advertising = await device.create_advertising_set(
            auto_start=False,
            random_address=device.random_address,
            advertising_parameters=AdvertisingParameters(
                advertising_event_properties=properties,
                primary_advertising_interval_min=self._interval_s * 1000,
                primary_advertising_interval_max=self._interval_s * 1000,
                own_address_type=OwnAddressType.RANDOM,
            ),
        )
        await self._advertise()
        await self._advertising.start()

    async def update(self, values: Mapping[str, Value]) -> None:
        """Take new values: a new advertisement, and notifications where points changed hands."""
        unknown = sorted(set(values) - set(self.profile.points))
        if unknown:
            raise ValueError(f"{self.profile.id}: {unknown[0]!r} is not a point of this profile")
        self._values.update(values)
        points = self.profile.points
        if any(points[name].bthome is not None for name in values):
            await self._advertise()
        touched = {
            address_of(points[name])
            for name in values
            if points[name].characteristic is not None and points[name].access == "notify"
        }
        for address in sorted(touched):
            await self._notify(address)

    async def stop(self) -> None:
        """Go off the air; what a gateway received that is still there counts as certain."""
        if self._device is None:
            return
        for timer in self._timers:
            timer.cancel()
        for utterance in list(self._open):
            self._report(
                utterance, certain=bool(utterance.received_by & self._radio.link.controllers)
            )
        self._on_air = None
        self._radio.remove(self.address)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._device = None

    # Advertisements

    async def _advertise(self) -> None:
        objects, values = ble_encode.objects(self.profile.points, self._values)
        if not objects:
            return
        self._packet += 1
        data = ble_encode.service_data(objects, self._packet)
        if self._bind_key is not None:
            data = ble_encode.encrypted(
                data, address=self.address, bind_key=self._bind_key, counter=self._packet + 1
            )
        data = ble_encode.advertisement(data)
        before, self._on_air = self._on_air, _Utterance(values, data)
        if before is not None:
            before.is_over = True
            self._close(before)
        await self._advertising.set_advertising_data(data)

    def _received(self, data: bytes, gateway: GatewayController) -> None:
        utterance = self._on_air
        if utterance is not None and data == utterance.data and not utterance.is_reported:
            self._reached(utterance, gateway)

    # GATT

    def _services(self) -> list[Service]:
        characteristics: dict[str, list[Characteristic[bytes]]] = defaultdict(list)
        for address, names in sorted(self._names.items()):
            properties = Characteristic.Properties.READ
            if any(self.profile.points[name].access == "notify" for name in names):
                properties |= Characteristic.Properties.NOTIFY
            self._add(address, properties, characteristics)
        for name, command in self.profile.commands.items():
            address = (command.service, command.characteristic)
            self._commands[address] = name
            self._add(address, Characteristic.Properties.WRITE, characteristics)
        return [Service(UUID(uuid), members) for uuid, members in characteristics.items()]

    def _add(
        self,
        address: Address,
        properties: Characteristic.Properties,
        characteristics: dict[str, list[Characteristic[bytes]]],
    ) -> None:
        known = self._characteristics.get(address)
        if known is not None:
            known.properties |= properties
            known.permissions |= Characteristic.WRITEABLE
            return
        is_written = bool(properties & Characteristic.Properties.WRITE)
        characteristic: Characteristic[bytes] = Characteristic(
            UUID(address[1]),
            properties,
            Characteristic.WRITEABLE if is_written else Characteristic.READABLE,
            CharacteristicValue(
                read=lambda connection: self._read(address, connection),
                write=lambda _connection, value: self._write(address, value),
            ),
        )
        self._characteristics[address] = characteristic
        characteristics[address[0]].append(characteristic)
        characteristic.on(
            characteristic.EVENT_SUBSCRIPTION,
            lambda connection, notify, _indicate: self._subscribed(address, connection, notify),
        )

    def _value(self, address: Address) -> tuple[bytes, dict[str, Value]]:
        points = {name: self.profile.points[name] for name in self._names.get(address, ())}
        return ble_encode.characteristic(points, self._values)

    def _read(self, address: Address, connection: Connection) -> bytes:
        # bumble leaves it to the application to refuse.
        if address not in self._names:
            raise ATT_Error(ErrorCode.READ_NOT_PERMITTED)
        data, values = self._value(address)
        self._delivered(values, connection)
        return data

    def _write(self, address: Address, value: bytes) -> None:
        if address not in self._commands:
            raise ATT_Error(ErrorCode.WRITE_NOT_PERMITTED)
        name = self._commands[address]
        self.written[name] = bytes(value)
        self._truth(kind="commanded", protocol="ble", command=name, value=bytes(value).hex())

    def _subscribed(self, address: Address, connection: Connection, notify: bool) -> None:
        if notify:
            self._subscribers[address].add(connection)
        else:
            self._subscribers[address].discard(connection)

    async def _notify(self, address: Address) -> None:
        data, values = self._value(address)
        for connection in list(self._subscribers[address]):
            if self._device is not None:
                characteristic = self._characteristics[address]
                await self._device.notify_subscriber(connection, characteristic, data)
                self._delivered(values, connection)

    def _connected(self, connection: Connection) -> None:
        self._connections.add(connection)
        connection.on("disconnection", lambda _reason: self._disconnected(connection))
        # Connecting ends advertising; a device of this kind goes on with it.
        task = asyncio.get_running_loop().create_task(self._advertise_again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _advertise_again(self) -> None:
        await self._advertising.start()

    def _disconnected(self, connection: Connection) -> None:
        self._connections.discard(connection)
        for connections in self._subscribers.values():
            connections.discard(connection)

    # Truth

    def _delivered(self, values: dict[str, Value], connection: Connection) -> None:
        gateway = self._radio.link.gateway_at(connection.peer_address)
        if gateway is not None:
            utterance = _Utterance(values, is_over=True)
            self._reached(utterance, gateway)

    def _reached(self, utterance: _Utterance, gateway: GatewayController) -> None:
        if gateway in utterance.received_by:
            return
        utterance.at = utterance.at or datetime.now(UTC)
        utterance.received_by.add(gateway)
        self._open[utterance] = None
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._settle_s, self._settle, utterance, gateway)
        self._timers.add(timer)
        self._timers = {t for t in self._timers if not t.cancelled() and t.when() > loop.time()}

    def _settle(self, utterance: _Utterance, gateway: GatewayController) -> None:
        if utterance not in self._open:
            return
        if gateway in self._radio.link.controllers:
            self._report(utterance, certain=True)
        else:
            utterance.received_by.discard(gateway)
            self._close(utterance)

    def _close(self, utterance: _Utterance) -> None:
        """Report what was received and can no longer become certain."""
        if utterance in self._open and utterance.is_over and not utterance.received_by:
            self._report(utterance, certain=False)

    def _report(self, utterance: _Utterance, *, certain: bool) -> None:
        del self._open[utterance]
        utterance.is_reported = True
        at = utterance.at or datetime.now(UTC)
        self._truth(
            kind="reported",
            protocol="ble",
            at=at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            observed_at=None,
            values=utterance.values,
            certain=certain,
        )


def address_of(point: BlePoint) -> Address:
    """Return where a GATT point is found."""
    if point.service is None or point.characteristic is None:
        raise ValueError("this point is advertised and has no characteristic")
    return point.service, point.characteristic
