"""The radio and everything in its reach: advertisements, and connections to who offers a service.

- An advertisement is never acknowledged: it is on the air for a while and then gone. It counts
  once, however often it is received (`duplicate_filter`), and the checkpoint of the last one is
  kept in the transaction of its readings. While the disk is slow nothing new is taken; what is
  still on the air is taken later.
- A peripheral is connected to only after it was received: one that is switched off costs the others
  nothing. Each has its own task, its own back-off and its own failures.
- Readings wait in one queue, in order, and are delivered in groups.
- A radio that gives no answer, is cut off, or receives nothing at all is closed and opened again.
  What was received and not yet delivered survives that.

Through BlueZ this runs as through a controller over HCI, by the same calls of bleak; see `radio`.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from device_profiles.protocols.ble import BleAddress, BleProfile
from device_profiles.reading import Reading
from edge.backoff import Backoff
from edge.clock import Clock
from edge.config import Config, Device
from edge.driver import Delivery, Driver, Sink
from edge.drivers.ble import bthome, codec
from edge.drivers.ble.device import BleAdapter, BleDevice
from edge.drivers.ble.duplicate_filter import DuplicateFilter, Verdict, digest_of
from edge.drivers.ble.radio import Radio, open_radio
from edge.drivers.ble.session import Characteristic, Session, characteristics
from edge.errors import (
    ConfigError,
    DecodeError,
    DeviceError,
    DeviceUnreachable,
    DriverUnavailable,
)
from edge.task import run_in_task

_WAITING_MOST = 10_000
_FLUSH_S = 2.0
_TICK = timedelta(microseconds=1)
_SAME_MOMENT = timedelta(seconds=1)


class BleDriver:
    """One radio and its devices."""

    name = "ble"

    def __init__(
        self,
        adapter: BleAdapter,
        devices: Sequence[BleDevice],
        clock: Clock,
        *,
        random: Random | None = None,
    ) -> None:
        self._adapter = adapter
        self._clock = clock
        self._random = random
        self._peripherals: dict[str, _Peripheral] = {}
        for device in devices:
            peripheral = _Peripheral(device)
            if peripheral.address in self._peripherals:
                other = self._peripherals[peripheral.address].device.id
                raise ConfigError(
                    f"devices {other} and {device.id} have the same address {device.address}; "
                    "expected one device for each address"
                )
            self._peripherals[peripheral.address] = peripheral
        self._waiting: list[tuple[list[Reading], tuple[str, str] | None]] = []
        self._has_waiting = asyncio.Event()
        self._received_at_s = clock.monotonic()

    async def run(self, sink: Sink) -> None:
        """Listen and talk until cancelled."""
        kept = sink.checkpoints(f"{self.name}/")
        now_s = self._clock.monotonic()
        for peripheral in self._peripherals.values():
            peripheral.duplicates = DuplicateFilter(kept.get(self._checkpoint(peripheral)), now_s)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._deliver(sink))
                tasks.create_task(self._keep_open(sink))
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH_S):
                    await self._deliver_waiting(sink)

    # The radio

    async def _keep_open(self, sink: Sink) -> None:
        backoff = self._new_backoff()
        while True:
            since_s = self._clock.monotonic()
            try:
                await self._listen(sink)
            except* DriverUnavailable as group:
                sink.driver_failed(_first(group))
            if self._clock.monotonic() - since_s > self._adapter.retry_most_s:
                backoff.reset()
            await asyncio.sleep(backoff.next_s())

    async def _listen(self, sink: Sink) -> None:
        def received(device: BLEDevice, data: AdvertisementData) -> None:
            self._receive(device, data, sink)

        has_gatt = any(p.characteristics for p in self._peripherals.values())
        async with (
            open_radio(self.name, self._adapter, has_gatt=has_gatt) as radio,
            radio.scanning(received),
        ):
            self._received_at_s = self._clock.monotonic()
            sink.driver_ready(self.name)
            await run_in_task(self._talk(radio, sink))

    async def _talk(self, radio: Radio, sink: Sink) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(radio.watch())
            tasks.create_task(self._watch_silence())
            for peripheral in self._peripherals.values():
                if peripheral.characteristics:
                    tasks.create_task(self._keep_connected(peripheral, radio, sink))

    async def _watch_silence(self) -> None:
        if not any(peripheral.advertises for peripheral in self._peripherals.values()):
            return
        while True:
            left_s = self._received_at_s + self._adapter.silence_s - self._clock.monotonic()
            if left_s <= 0:
                raise DriverUnavailable(
                    self.name,
                    f"none of the devices was received for {self._adapter.silence_s:g} s; "
                    "starting the radio again",
                )
            await asyncio.sleep(left_s)

    def _new_backoff(self) -> Backoff:
        return Backoff(
            first_s=self._adapter.retry_s,
            longest_s=self._adapter.retry_most_s,
            random=self._random,
        )

    # Advertisements

    def _receive(self, device: BLEDevice, data: AdvertisementData, sink: Sink) -> None:
        peripheral = self._peripherals.get(device.address.upper())
        if peripheral is None:
            return
        self._received_at_s = self._clock.monotonic()
        if peripheral.awaited is not None and not peripheral.awaited.done():
            peripheral.awaited.set_result(device)
        service_data = data.service_data.get(bthome.SERVICE_UUID)
        if service_data is None or not peripheral.advertises:
            return
        try:
            self._take(peripheral, bytes(service_data), sink)
        except DecodeError as error:
            # The same bytes are on the air many times: one complaint for all of them.
            if peripheral.refused != service_data:
                peripheral.refused = bytes(service_data)
                sink.device_failed(error)

    def _take(self, peripheral: "_Peripheral", data: bytes, sink: Sink) -> None:
        device = peripheral.device
        now_s = self._clock.monotonic()
        digest = digest_of(data)
        if digest == peripheral.last_digest:
            packet = peripheral.last_packet
        else:
            packet = _decoded(device, data, peripheral.bind_key)
            peripheral.last_digest, peripheral.last_packet = digest, packet
        assert packet is not None  # noqa: S101 - kept together with its digest
        verdict = peripheral.duplicates.verdict(packet, digest, now_s)
        if verdict is Verdict.REPEATED:
            self._answered(peripheral, now_s, sink)
            return
        if verdict is Verdict.STALE:
            if packet.counter is not None:
                raise DecodeError(
                    device.id,
                    f"the encryption counter went back to {packet.counter}; the advertisement is "
                    "a replay and was dropped",
                    raw=data.hex(),
                )
            return
        if len(self._waiting) >= _WAITING_MOST:
            return
        checkpoint = peripheral.duplicates.accept(packet, digest, now_s)
        decoded = codec.packet_readings(
            device.id, device.profile.points, packet, peripheral.moment(self._clock.now())
        )
        self._queue(decoded, (self._checkpoint(peripheral), checkpoint), sink)

    def _answered(self, peripheral: "_Peripheral", now_s: float, sink: Sink) -> None:
        if now_s - peripheral.answered_s >= 1:
            peripheral.answered_s = now_s
            sink.device_answered(peripheral.device.id)

    # Connections

    async def _keep_connected(self, peripheral: "_Peripheral", radio: Radio, sink: Sink) -> None:
        device = peripheral.device

        def arrived(characteristic: Characteristic, value: bytes) -> None:
            moment = peripheral.moment(self._clock.now())
            points = characteristic.points
            decoded = codec.characteristic_readings(device.id, points, value, moment)
            self._queue(decoded, None, sink)

        backoff = self._new_backoff()
        while True:
            session = Session(device, self._adapter, self._clock, arrived, sink.device_failed)
            try:
                remote = await self._awaited(peripheral)
                await session.run(radio.client(remote, session.gone))
            except DeviceError as error:
                sink.device_failed(error)
            if session.is_up:
                backoff.reset()
            await asyncio.sleep(backoff.next_s())

    async def _awaited(self, peripheral: "_Peripheral") -> BLEDevice:
        peripheral.awaited = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._adapter.silence_s):
                return await peripheral.awaited
        except TimeoutError:
            raise DeviceUnreachable(
                peripheral.device.id, f"it was not received for {self._adapter.silence_s:g} s"
            ) from None

    # Delivery

    def _queue(
        self, decoded: codec.Decoded, checkpoint: tuple[str, str] | None, sink: Sink
    ) -> None:
        readings, errors = decoded
        for error in errors:
            sink.device_failed(error)
        if len(self._waiting) < _WAITING_MOST:
            self._waiting.append((readings, checkpoint))
            self._has_waiting.set()
        elif readings:
            sink.device_failed(
                DeviceError(readings[0].device, "the disk is too slow: a notification was dropped")
            )

    async def _deliver(self, sink: Sink) -> None:
        while True:
            await self._has_waiting.wait()
            self._has_waiting.clear()
            await self._deliver_waiting(sink)

    async def _deliver_waiting(self, sink: Sink) -> None:
        group, self._waiting = self._waiting, []
        if group:
            await sink.deliver(
                Delivery(
                    [reading for readings, _ in group for reading in readings],
                    dict(checkpoint for _, checkpoint in group if checkpoint is not None),
                )
            )

    def _checkpoint(self, peripheral: "_Peripheral") -> str:
        return f"{self.name}/{peripheral.device.id}"


class _Peripheral:
    """What the driver knows of one device."""

    def __init__(self, device: BleDevice) -> None:
        self.device = device
        self.address = device.address.upper()
        self.bind_key = _key(device)
        self.advertises = any(p.bthome is not None for p in device.profile.points.values())
        self.characteristics = characteristics(device.profile)
        self.duplicates = DuplicateFilter(None, 0.0)
        self.awaited: asyncio.Future[BLEDevice] | None = None
        self.refused: bytes | None = None
        self.last_digest = ""
        self.last_packet: bthome.Packet | None = None
        self.answered_s = float("-inf")
        self._last_moment: datetime | None = None

    def moment(self, now: datetime) -> datetime:
        """Return now, or just after the last moment given: no two messages share one."""
        last = self._last_moment
        if last is not None and last - _SAME_MOMENT < now <= last:
            now = last + _TICK
        self._last_moment = now
        return now


def _decoded(device: BleDevice, data: bytes, bind_key: bytes | None) -> bthome.Packet:
    try:
        return bthome.decode(data, address=device.address, bind_key=bind_key)
    except bthome.BthomeError as error:
        raise DecodeError(device.id, str(error), raw=data[:32].hex()) from error


def _key(device: BleDevice) -> bytes | None:
    if device.bind_key is None:
        if device.profile.bthome_encrypted:
            raise ConfigError(
                f"device {device.id}: {device.profile.id} encrypts its advertisements; "
                "give its bind_key, 32 hex digits"
            )
        return None
    try:
        key = bytes.fromhex(device.bind_key)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise ConfigError(
            f"device {device.id}: bind_key is not a key, expected 32 hex digits "
            f"and got {len(device.bind_key)} characters"
        )
    return key


def make(config: Config, devices: Sequence[Device], clock: Clock) -> Sequence[Driver]:
    """Return the one driver of the radio; raises ConfigError where a bind key is missing."""
    radio = config.file.section("ble")
    adapter = (
        BleAdapter(hci=radio.hci)
        if radio.adapter is None
        else BleAdapter(adapter=radio.adapter, hci=radio.hci)
    )
    return [BleDriver(adapter, [_peripheral(device) for device in devices], clock)]


def _peripheral(device: Device) -> BleDevice:
    profile, address = device.profile, device.address
    if not isinstance(profile, BleProfile) or not isinstance(address, BleAddress):
        raise ConfigError(f"{device.id} is no BLE device")
    return BleDevice(device.id, profile, address.address, address.bind_key)


def _first(group: BaseExceptionGroup[DriverUnavailable]) -> DriverUnavailable:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
