"""Listens to the devices that publish to the school's MQTT broker.

What holds:
- A message is acknowledged after the sink has it on disk, and on the connection it came by.
- Messages of one device are delivered in order; different devices do not wait for one another.
  What waits for a device while one of its deliveries is being written goes into the next one.
- No more than `receive_maximum` messages are in flight: an MQTT 5 broker counts them itself, and
  for messages it does not count (QoS 0, MQTT 3.1.1) the socket is not read.
- A message that is on disk and comes again is acknowledged and dropped (`Unacked`).
- A message without a time of its own gets the time of arrival, and no two messages of one device
  the same one. Retained state without a time of its own gives no readings: its age is
  unknown.

paho-mqtt runs on the event loop: it reads when the socket is readable and writes when it is
writable. Only connecting, which resolves names, is done in a worker thread. Every connection has a
client object of its own; the session lives in the broker.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from paho.mqtt.client import MQTTMessage

from device_profiles.protocols.mqtt import MqttAddress, MqttProfile, MqttTls
from device_profiles.reading import Reading
from edge.backoff import Backoff
from edge.clock import Clock, is_good
from edge.config import Config, Device
from edge.driver import Delivery, Driver, Sink
from edge.drivers.mqtt.codec import decode, routes
from edge.drivers.mqtt.connection import WITHOUT_REASON, Connection, Refused, Silent
from edge.drivers.mqtt.device import MqttBroker, MqttDevice
from edge.drivers.mqtt.unacked import Unacked, digest
from edge.errors import ConfigError, DeviceUnreachable, DriverUnavailable

__all__ = ["MqttBroker", "MqttDevice", "MqttDriver", "make"]

_SHORT_S = 60.0
"""A connection that the broker closes sooner, without a reason, was perhaps taken over."""
_MAX_TOGETHER = 64
"""Messages of one device that go into one delivery."""


@dataclass(slots=True)
class _Message:
    """A message on its way to the disk."""

    topic: str
    payload: bytes
    arrived: datetime
    packet_id: int
    is_retained: bool
    digest: str
    connection: Connection
    """Where to acknowledge it: the connection it came by last."""

    @property
    def needs_acknowledgement(self) -> bool:
        return self.packet_id > 0


@dataclass(slots=True)
class _Lane:
    """The messages of one device, in order."""

    waiting: deque[_Message] = field(default_factory=deque)
    is_busy: bool = False


class MqttDriver:
    """One connection to the broker, and the devices that publish to it."""

    def __init__(
        self,
        broker: MqttBroker,
        devices: Sequence[MqttDevice],
        clock: Clock,
        *,
        random: Random | None = None,
        connack_timeout_s: float = 5.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = "mqtt"
        self._broker = broker
        self._routes = routes(devices)
        self._has_own_time = {device.id for device in devices if device.profile.time is not None}
        self._clock = clock
        self._backoff = backoff or Backoff(random=random)
        self._connack_timeout_s = connack_timeout_s
        self._lanes = {device.id: _Lane() for device in devices}
        self._in_flight: dict[tuple[int, str], _Message] = {}
        self._count = 0
        self._below_limit = asyncio.Event()
        self._connection: Connection | None = None
        self._is_version_5 = True
        self._last_arrival: datetime | None = None
        self._short_connections = 0
        """How many in a row the broker closed soon and without a reason."""

    async def run(self, sink: Sink) -> None:
        """Listen until cancelled; reconnect for ever."""
        self._sink = sink
        self._lanes = {device_id: _Lane() for device_id in self._lanes}
        self._in_flight.clear()
        self._count = 0
        self._below_limit.set()
        self._unacked = Unacked(sink.checkpoints("mqtt/"), limit=max(4096, 2 * self._limit))
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            while True:
                await self._below_limit.wait()
                problem = await self._one_connection()
                sink.driver_failed(DriverUnavailable(self.name, problem))
                await asyncio.sleep(self._backoff.next_s())

    @property
    def _limit(self) -> int:
        return self._broker.receive_maximum

    async def _one_connection(self) -> str:
        """Connect and listen; return in a sentence why that ended."""
        where = f"{self._broker.host}:{self._broker.port}"
        connection = Connection(
            self._broker,
            is_version_5=self._is_version_5,
            on_message=self._receive,
            on_problem=self._report,
        )
        self._connection = connection  # messages of a session may come along with CONNACK
        try:
            if not await connection.open(self._connack_timeout_s):
                self._unacked.forget_all()
            await connection.subscribe(
                {topic: self._wants_retained(topic) for topic in self._routes}
            )
            if self._short_connections < 2:  # two that fight for a session do so more slowly
                self._backoff.reset()
            self._sink.driver_ready(self.name)
            since = self._clock.monotonic()
            reason = self._reason(await connection.closed(), self._clock.monotonic() - since)
        except Silent:
            was = self._other_version()
            return f"the broker at {where} gives no answer to {was}; trying {self._version}"
        except Refused as error:
            if error.is_version:
                self._other_version()
            return f"the broker at {where} refuses the connection: {error}"
        except TimeoutError:
            reason = "it gives no answer in time"
        except OSError as error:
            return f"cannot reach the broker at {where}: {error}"
        finally:
            self._connection = None
            connection.close()
        return f"the connection to the broker at {where} was lost: {reason}"

    def _reason(self, reason: str, lasted_s: float) -> str:
        """Return why a connection ended; name a takeover where the broker does not.

        MQTT 3.1.1 has no reason to give, and some brokers of MQTT 5 close the socket all the same.
        """
        if reason not in WITHOUT_REASON or lasted_s > _SHORT_S:
            self._short_connections = 0
            return reason
        self._short_connections += 1
        if self._short_connections < 2:
            return reason
        return (
            f"{reason} {self._short_connections} times in a row, soon after connecting: most "
            f"likely another gateway uses the client_id {self._broker.client_id!r} and takes the "
            "session over; give each its own mqtt.client_id"
        )

    @property
    def _version(self) -> str:
        return "MQTT 5" if self._is_version_5 else "MQTT 3.1.1"

    def _other_version(self) -> str:
        """Use the other version from now on; return the one used so far."""
        was = self._version
        self._is_version_5 = not self._is_version_5
        return was

    def _wants_retained(self, topic: str) -> bool:
        """Return whether a retained message on the topic can mean anything."""
        for device in self._routes[topic]:
            presence = device.profile.presence
            if device.id in self._has_own_time or (
                presence is not None and presence.topic.replace("{device}", device.device) == topic
            ):
                return True
        return False

    def _report(self, problem: str) -> None:
        self._sink.driver_failed(DriverUnavailable(self.name, problem))

    def _receive(self, connection: Connection, message: MQTTMessage) -> None:
        """Take a message from the socket; called by paho, on the event loop."""
        topic = message.topic
        if topic not in self._routes:
            connection.acknowledge(message.mid)
            connection.unsubscribe(topic)  # left over in the session from an older configuration
            return
        packet_id = message.mid if message.qos else 0
        payload = bytes(message.payload)
        checkpoint = digest(topic, payload)
        if message.dup and packet_id:
            known = self._in_flight.get((packet_id, checkpoint))
            if known is not None:
                known.connection = connection
                return
            if self._unacked.has(packet_id, checkpoint):
                connection.acknowledge(packet_id)
                return
        lane = self._lanes[self._routes[topic][0].id]
        item = _Message(
            topic=topic,
            payload=payload,
            arrived=self._arrival(),
            packet_id=packet_id,
            is_retained=message.retain and connection.has_subscribed,
            digest=checkpoint,
            connection=connection,
        )
        if packet_id:
            self._in_flight[packet_id, checkpoint] = item
        self._count += 1
        if self._count > self._limit:
            self._below_limit.clear()
            connection.pause()
        lane.waiting.append(item)
        if not lane.is_busy:
            lane.is_busy = True
            self._tasks.create_task(self._drain(lane))

    def _arrival(self) -> datetime:
        now = self._clock.now()
        last = self._last_arrival
        if last is not None and now <= last < now + timedelta(seconds=1):
            now = last + timedelta(microseconds=1)
        self._last_arrival = now
        return now

    async def _drain(self, lane: _Lane) -> None:
        """Deliver what a device sent, in order, until there is nothing more."""
        try:
            while lane.waiting:
                together = [
                    lane.waiting.popleft() for _ in range(min(len(lane.waiting), _MAX_TOGETHER))
                ]
                await self._deliver(together)
        finally:
            lane.is_busy = False

    async def _deliver(self, messages: list[_Message]) -> None:
        readings: list[Reading] = []
        departed: list[tuple[str, datetime]] = []
        checkpoints: dict[str, str | None] = {}
        for message in messages:
            decoded, is_repeatable = self._decode(message, departed)
            readings.extend(decoded)
            # What is held back is dated anew, and then differs from what the broker repeats.
            is_repeatable = is_repeatable and is_good(self._clock)
            if decoded and message.needs_acknowledgement and not is_repeatable:
                checkpoints.update(self._unacked.note(message.packet_id, message.digest))
        if readings or departed or checkpoints:
            checkpoints.update(self._unacked.forgotten())
            await self._sink.deliver(Delivery(readings, checkpoints, departed))
        for message in messages:
            self._finish(message)

    def _decode(
        self, message: _Message, departed: list[tuple[str, datetime]]
    ) -> tuple[list[Reading], bool]:
        """Return the readings of a message, and whether writing them twice would change nothing.

        A device that left is added to `departed`.
        """
        readings: list[Reading] = []
        is_repeatable = True
        for device in self._routes[message.topic]:
            decoded = decode(
                device,
                message.topic,
                message.payload,
                message.arrived,
                retained=message.is_retained,
            )
            readings.extend(decoded.readings)
            if decoded.readings and not decoded.has_own_time:
                is_repeatable = False
            for error in decoded.errors:
                self._sink.device_failed(error)
            if decoded.is_online is False:
                departed.append((device.id, message.arrived))
                self._sink.device_failed(DeviceUnreachable(device.id, "left the broker"))
            elif decoded.is_online:
                self._sink.device_answered(device.id)
        return readings, is_repeatable

    def _finish(self, message: _Message) -> None:
        self._count -= 1
        if message.needs_acknowledgement:
            self._in_flight.pop((message.packet_id, message.digest), None)
            if message.connection is self._connection:
                message.connection.acknowledge(message.packet_id)
        if self._count <= self._limit:
            self._below_limit.set()
            if self._connection is not None:
                self._connection.resume()


def make(config: Config, devices: Sequence[Device], clock: Clock) -> Sequence[Driver]:
    """Return the one driver of the school's broker."""
    section = config.file.section("mqtt")
    broker = MqttBroker(
        host=section.host,
        port=section.port,
        username=section.username,
        password=section.password,
        client_id=section.client_id or config.file.gateway,
        receive_maximum=section.receive_maximum,
        keepalive_s=section.keepalive_s,
        tls=None if section.tls is None else _tls(section.tls, config.path.parent),
    )
    return [MqttDriver(broker, [_publisher(device) for device in devices], clock)]


def _tls(files: MqttTls, folder: Path) -> ssl.SSLContext:
    """Return the context that the files describe; raises ConfigError where one is of no use."""
    doing = f"mqtt.tls.ca_file: {files.ca_file}"
    try:
        context = ssl.create_default_context(
            cafile=None if files.ca_file is None else folder / files.ca_file
        )
        if files.cert_file is not None:
            doing = f"mqtt.tls.cert_file: {files.cert_file}"
            key_file = None if files.key_file is None else folder / files.key_file
            # A key with a password would be asked for at a terminal, and there is none.
            context.load_cert_chain(folder / files.cert_file, key_file, password=_no_password)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{doing} cannot be used ({reason}); give a PEM file", path=str(folder)
        ) from error
    return context


def _no_password() -> str:
    raise ValueError("its key has a password; give a key without one")


def _publisher(device: Device) -> MqttDevice:
    profile, address = device.profile, device.address
    if not isinstance(profile, MqttProfile) or not isinstance(address, MqttAddress):
        raise ConfigError(f"{device.id} is no MQTT device")
    return MqttDevice(device.id, profile, address.device)
