"""The radio and everything in its reach: advertisements, and connections to who offers a service.

- An advertisement is never acknowledged: it is on the air for a while and then gone. It counts
  once, however often it is received (`duplicate_filter`), and the checkpoint of the last one is
  kept in the transaction of its readings. While the disk is slow nothing new is taken; what is
  still on the air is taken later.
- A peripheral is connected to only after it was received: one that is switched off costs the others
  nothing. Each has its own task, its own back-off and its own failures.
- Readings wait in one queue, in order, and are delivered in groups.
- A radio that gives no answer, is cut off, or receives nothing of any device while nothing is
  connected, is closed and opened again; in vain, less and less often.
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
_LONGEST_SILENCE_S = 3600.0
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
        self._peripherals = [_Peripheral(device) for device in devices]
        self._by_address: dict[str, list[_Peripheral]] = {}
        for peripheral in self._peripherals:
            at_address = self._by_address.setdefault(peripheral.address, [])
            at_address.append(peripheral)
            connected = [known.device.id for known in at_address if known.characteristics]
            if len(connected) > 1:
                raise ConfigError(
                    f"devices {' and '.join(connected)} have the same address "
                    f"{peripheral.device.address} and both need a connection to it; "
                    "put their points into one profile"
                )
        self._waiting: list[tuple[list[Reading], tuple[str, str] | None]] = []
        self._has_waiting = asyncio.Event()
        self._received_at_s = clock.monotonic()
        self._vain_restarts = 0
        """Times that the radio was started again, and nothing came of it."""

    async def run(self, sink: Sink) -> None:
        """Listen and talk until cancelled."""
        kept = sink.checkpoints(f"{self.name}/")
        now_s = self._clock.monotonic()
        for peripheral in self._peripherals:
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

        has_gatt = any(p.characteristics for p in self._peripherals)
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
            for peripheral in self._peripherals:
                if peripheral.characteristics:
                    tasks.create_task(self._keep_connected(peripheral, radio, sink))

    async def _watch_silence(self) -> None:
        """Start the radio again where nothing at all comes from it that should.

        A connection that is up, an advertisement of anybody, and a device that is known to be
        silent for as long show that it is not the radio.
        """
        if not any(peripheral.advertises for peripheral in self._peripherals):
            return
        while True:
            limit_s = self._adapter.silence_s * 2**self._vain_restarts
            limit_s = max(limit_s, *(2 * p.longest_gap_s for p in self._peripherals))
            limit_s = min(limit_s, max(_LONGEST_SILENCE_S, self._adapter.silence_s))
            if any(peripheral.is_connected for peripheral in self._peripherals):
                self._received_at_s = self._clock.monotonic()
            left_s = self._received_at_s + limit_s - self._clock.monotonic()
            if left_s <= 0:
                self._vain_restarts += 1
                raise DriverUnavailable(
                    self.name,
                    f"nothing was received for {limit_s:g} s, of no device, known or unknown; "
                    "starting the radio again",
                )
            await asyncio.sleep(min(left_s, self._adapter.silence_s))

    def _new_backoff(self) -> Backoff:
        return Backoff(
            first_s=self._adapter.retry_s,
            longest_s=self._adapter.retry_most_s,
            random=self._random,
        )

    # Advertisements

    def _receive(self, device: BLEDevice, data: AdvertisementData, sink: Sink) -> None:
        self._received_at_s = self._clock.monotonic()
        for peripheral in self._by_address.get(device.address.upper(), ()):
            self._vain_restarts = 0
            peripheral.note_received(self._received_at_s)
            self._receive_for(peripheral, device, data, sink)

    def _receive_for(
        self, peripheral: "_Peripheral", device: BLEDevice, data: AdvertisementData, sink: Sink
    ) -> None:
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
        known = peripheral.duplicates.candidates
        verdict = peripheral.duplicates.verdict(packet, digest, now_s)
        if verdict is Verdict.DISTRUSTED:
            self._distrust(peripheral, packet, known, data)
            return
        if verdict is Verdict.REPEATED:
            self._answered(peripheral, now_s, sink)
            return
        if verdict is Verdict.STALE:
            if packet.counter is not None:
                raise DecodeError(
                    device.id,
                    f"the encryption counter went back to {packet.counter}; the advertisement was "
                    "received before, it is a replay and was dropped",
                    raw=data.hex(),
                )
            return
        if len(self._waiting) >= _WAITING_MOST:
            return
        is_confirmed = peripheral.duplicates.candidates > known
        moment = peripheral.moment(self._clock.now())
        packets = [*(peripheral.distrusted if is_confirmed else ()), (packet, moment)]
        peripheral.distrusted.clear()
        checkpoint = peripheral.duplicates.accept(packet, digest, now_s)
        for news, at in packets:
            decoded = codec.packet_readings(device.id, device.profile.points, news, at)
            self._queue(decoded, (self._checkpoint(peripheral), checkpoint), sink)

    def _distrust(
        self, peripheral: "_Peripheral", packet: bthome.Packet, known: int, data: bytes
    ) -> None:
        """Keep a packet until others confirm it; raise DecodeError for the first of them."""
        count = peripheral.duplicates.candidates
        if count == known and known != 1:
            return  # the same packet once more
        if count == 1:
            if peripheral.distrusted and peripheral.distrusted[-1][0] == packet:
                return
            peripheral.distrusted.clear()
        peripheral.distrusted.append((packet, peripheral.moment(self._clock.now())))
        if count == 1:
            raise DecodeError(
                peripheral.device.id,
                f"the encryption counter went back to {packet.counter}, or leapt there; the "
                "advertisement waits for others that confirm it",
                raw=data.hex(),
            )

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
                peripheral.session = session
                await session.run(radio.client(remote, session.gone), radio.connecting)
            except DeviceError as error:
                sink.device_failed(error)
            finally:
                peripheral.session = None
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
        self.session: Session | None = None
        self.awaited: asyncio.Future[BLEDevice] | None = None
        self.refused: bytes | None = None
        self.last_digest = ""
        self.last_packet: bthome.Packet | None = None
        self.distrusted: list[tuple[bthome.Packet, datetime]] = []
        """Packets that wait for others to confirm them, and when they came."""
        self.answered_s = float("-inf")
        self.received_s: float | None = None
        self.longest_gap_s = 0.0
        self._last_moment: datetime | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a connection to it is up."""
        return self.session is not None and self.session.is_up

    def note_received(self, now_s: float) -> None:
        """Learn for how long the device is silent between two advertisements."""
        if self.received_s is not None:
            self.longest_gap_s = max(self.longest_gap_s, now_s - self.received_s)
        self.received_s = now_s

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
