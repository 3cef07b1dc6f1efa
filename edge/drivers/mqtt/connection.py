"""One connection to a broker: paho-mqtt, run by the event loop."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.drivers.mqtt.device import MqttBroker

_SESSION_EXPIRY_S = 7 * 86_400
_MAX_PACKET = 4 * 1024 * 1024
"""Bytes; an MQTT 5 broker keeps larger messages to itself."""
_RETAINED_AT_SUBSCRIBE = 0
_RETAINED_NEVER = 2
_READS_AT_ONCE = 64
_SUBACK_TIMEOUT_S = 10.0
_TOPICS_PER_SUBSCRIBE = 100
_NO_REASON = frozenset({"Unspecified error", "Normal disconnection"})
WITHOUT_REASON = frozenset({"the socket closed", "the broker closed it"})
"""What `closed` returns where the broker gave no reason."""
_BAD_PASSWORD = frozenset({"Bad user name or password", "Not authorized"})


class Silent(Exception):
    """The broker took the connection and gave no answer to CONNECT, or closed it."""


class Refused(Exception):
    """The broker answered CONNECT with a refusal."""

    def __init__(self, message: str, *, is_version: bool) -> None:
        super().__init__(message)
        self.is_version = is_version


class Connection:
    """A client of the broker from CONNECT to the end of the socket, with its own paho client."""

    def __init__(
        self,
        broker: MqttBroker,
        *,
        is_version_5: bool,
        on_message: Callable[["Connection", MQTTMessage], None],
        on_problem: Callable[[str], None],
    ) -> None:
        self._broker = broker
        self._is_version_5 = is_version_5
        self._take = on_message
        self._problem = on_problem
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[bool] = self._loop.create_future()
        self._ended: asyncio.Future[str] = self._loop.create_future()
        self._subscriptions: dict[int, tuple[list[str], asyncio.Future[None]]] = {}
        self._unsubscribed: set[str] = set()
        self._socket: socket.socket | None = None
        self._is_reading = False
        self._taken = 0
        self.has_subscribed = False
        """Before that no message is retained, whatever its flag (amqtt sets it wrongly)."""
        self._client = self._new_client()

    async def open(self, timeout_s: float) -> bool:
        """Connect; return whether the broker still has our session."""
        self._client.connect_timeout = timeout_s
        connecting = asyncio.create_task(asyncio.to_thread(self._connect))
        try:
            await asyncio.shield(connecting)
            self._attach()
            await self._either(self._connected, timeout_s)
        except asyncio.CancelledError:
            await asyncio.wait({connecting})  # a thread cannot be cancelled
            raise
        if not self._connected.done():
            raise Silent
        return self._connected.result()

    async def subscribe(self, topics: Mapping[str, bool]) -> None:
        """Subscribe with QoS 1; True asks for retained messages too. Return once confirmed."""
        wanted = list(topics)
        for first in range(0, len(wanted), _TOPICS_PER_SUBSCRIBE):
            some = wanted[first : first + _TOPICS_PER_SUBSCRIBE]
            await self._subscribe(some, topics)

    async def closed(self) -> str:
        """Return, once the connection has ended, why."""
        while True:
            done, _ = await asyncio.wait({self._ended}, timeout=1)
            if done:
                return self._ended.result()
            self._client.loop_misc()

    def acknowledge(self, packet_id: int) -> None:
        """Acknowledge a message; 0 is one that needs no acknowledgement."""
        if packet_id and not self._ended.done():
            self._client.ack(packet_id, 1)

    def unsubscribe(self, topic: str) -> None:
        """Ask not to get a topic any more; once per connection."""
        if topic not in self._unsubscribed and not self._ended.done():
            self._unsubscribed.add(topic)
            self._client.unsubscribe(topic)

    def pause(self) -> None:
        """Read no more from the socket until `resume`."""
        if self._is_reading and self._socket is not None:
            self._loop.remove_reader(self._socket)
        self._is_reading = False

    def resume(self) -> None:
        """Read from the socket again."""
        if not self._is_reading and self._socket is not None:
            self._loop.add_reader(self._socket, self._readable)
            self._is_reading = True

    def close(self) -> None:
        """Leave without a word about the session; it stays in the broker."""
        self._end("closed")
        self._client.disconnect()
        self._client.loop_write()
        self._detach()
        left_open = self._client.socket()
        if isinstance(left_open, socket.socket):
            left_open.close()  # the broker does not read, so DISCONNECT could not be sent

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            clean_session=None if self._is_version_5 else False,
            protocol=MQTTProtocolVersion.MQTTv5
            if self._is_version_5
            else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls is not None:
            client.tls_set_context(self._broker.tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    def _connect(self) -> None:
        """Resolve the name, open the socket and send CONNECT; in a worker thread."""
        if not self._is_version_5:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it so
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        properties.ReceiveMaximum = self._broker.receive_maximum
        properties.MaximumPacketSize = _MAX_PACKET
        self._client.connect(
            self._broker.host,
            self._broker.port,
            self._broker.keepalive_s,
            clean_start=False,
            properties=properties,
        )

    def _attach(self) -> None:
        opened = self._client.socket()
        if not isinstance(opened, socket.socket):
            self._end("the socket closed at once")
            return
        self._socket = opened
        self._client.on_socket_register_write = self._on_want_write
        self._client.on_socket_unregister_write = self._on_written
        self._client.on_socket_close = self._on_socket_close
        self.resume()
        if self._client.want_write():
            self._loop.add_writer(opened, self._writable)

    def _detach(self) -> None:
        self.pause()
        if self._socket is not None:
            self._loop.remove_writer(self._socket)
            self._socket = None

    def _readable(self) -> None:
        for _ in range(_READS_AT_ONCE):
            if not self._is_reading or self._ended.done():
                return
            before = self._taken
            if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._end("the broker closed it")
                return
            if self._taken == before and not self._is_decrypted():
                return
        if self._is_decrypted():
            self._loop.call_soon(self._readable)

    def _is_decrypted(self) -> bool:
        """Whether TLS holds bytes already: the socket does not become readable for those."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _writable(self) -> None:
        self._client.loop_write()

    async def _subscribe(self, topics: list[str], wants_retained: Mapping[str, bool]) -> None:
        confirmed: asyncio.Future[None] = self._loop.create_future()
        requests: list[tuple[str, SubscribeOptions]] | list[tuple[str, int]]
        if self._is_version_5:
            requests = [
                (
                    topic,
                    SubscribeOptions(
                        qos=1,
                        retainHandling=_RETAINED_AT_SUBSCRIBE
                        if wants_retained[topic]
                        else _RETAINED_NEVER,
                    ),
                )
                for topic in topics
            ]
        else:
            requests = [(topic, 1) for topic in topics]
        self.has_subscribed = True
        _, packet_id = self._client.subscribe(requests)
        if packet_id is None:
            return  # the socket is gone: `closed` returns why
        self._subscriptions[packet_id] = (topics, confirmed)
        await self._either(confirmed, _SUBACK_TIMEOUT_S)
        if not confirmed.done() and not self._ended.done():
            raise TimeoutError

    async def _either(self, answer: asyncio.Future[Any], timeout_s: float) -> None:
        """Wait for an answer, the end of the connection or the end of patience."""
        waited: set[asyncio.Future[Any]] = {answer, self._ended}
        await asyncio.wait(waited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)

    def _end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)

    def _on_connect(
        self,
        _client: Client,
        _userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._connected.done():
            return
        if not reason.is_failure:
            self._connected.set_result(flags.session_present)
            return
        text = str(reason)
        if text in _BAD_PASSWORD:
            text = f"{text}; check mqtt.username and mqtt.password"
        is_version = "protocol version" in text.lower()
        self._connected.set_exception(Refused(text, is_version=is_version))

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        text = str(reason)
        if text in _NO_REASON:
            text = "the socket closed"
        if text == "Keep alive timeout":
            text = "no answer for longer than keepalive_s allows"
        if text == "Session taken over":
            text += f"; another client uses the client_id {self._broker.client_id!r}"
        self._end(text)

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        self._taken += 1
        try:
            self._take(self, message)
        except Exception as error:  # noqa: BLE001  # one that gets into paho ends its reading
            self._problem(f"a message was not taken: {type(error).__name__}: {error}")

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: Any,
        packet_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        topics, confirmed = self._subscriptions.pop(packet_id, ([], None))
        for topic, reason in zip(topics, reasons, strict=False):
            if reason.is_failure:
                self._problem(f"the broker refuses the subscription to {topic}: {reason}")
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(None)

    def _on_want_write(self, _client: Client, _userdata: Any, _socket: Any) -> None:
        if self._socket is not None:
            self._loop.add_writer(self._socket, self._writable)

    def _on_written(self, _client: Client, _userdata: Any, _socket: Any) -> None:
        if self._socket is not None:
            self._loop.remove_writer(self._socket)

    def _on_socket_close(self, _client: Client, _userdata: Any, _socket: Any) -> None:
        self._detach()
