"""A simulated MQTT device: connects with a last will, publishes on its period and at each change.

Sent means acknowledged by the broker (QoS 1). A message whose acknowledgement never came may have
arrived and is logged as not certain; it is not sent again.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import aiomqtt

from device_profiles.protocols.mqtt import MqttProfile
from device_profiles.reading import Value
from simulators.devices import mqtt_encode
from simulators.devices.actor import Actor, Shutdown, pause, until_due

ACKNOWLEDGE_S = 10.0
RECONNECT_S = 1.0
DEFAULT_PERIOD_S = 10.0
_GARBAGE = b'{"this is not": JSON'
_log = logging.getLogger(__name__)


class SimulatedMqttDevice:
    """One device on the broker."""

    def __init__(
        self, actor: Actor, profile: MqttProfile, device: str, *, host: str, port: int
    ) -> None:
        self.actor = actor
        self._profile = profile
        self._device = device
        self._host = host
        self._port = port
        played = profile.simulation
        seconds = played.period_s if played is not None else None
        self._period = timedelta(seconds=seconds or DEFAULT_PERIOD_S)
        self._last: datetime | None = None
        self._client: aiomqtt.Client | None = None
        actor.hang_up = self._hang_up

    async def run(self, halt: Shutdown, ready: Callable[[], None]) -> None:
        """Speak until the school is quiet; connect again whenever the connection is lost."""
        while not halt.quiet.is_set():
            try:
                async with self._connection() as client:
                    self._client = client
                    await self._presence(client, is_online=True)
                    ready()
                    await _while_connected(client, self._speak(client, halt))
                    await self._presence(client, is_online=False)
            except aiomqtt.MqttError as error:
                _log.debug("%s: %s", self.actor.id, error)
                await pause(halt.quiet, RECONNECT_S)
            finally:
                self._client = None
        await halt.stop.wait()

    def _connection(self) -> aiomqtt.Client:
        will = None
        presence = self._profile.presence
        if presence is not None:
            will = aiomqtt.Will(self._topic(presence.topic), self._state(False), 1, retain=True)
        return aiomqtt.Client(
            self._host,
            self._port,
            identifier=f"sim-{self._device}",
            will=will,
            timeout=ACKNOWLEDGE_S,
            logger=_log,
        )

    async def _presence(self, client: aiomqtt.Client, *, is_online: bool) -> None:
        presence = self._profile.presence
        if presence is not None:
            topic = self._topic(presence.topic)
            await client.publish(topic, self._state(is_online), qos=1, retain=True)

    def _topic(self, pattern: str) -> str:
        return pattern.replace("{device}", self._device)

    def _state(self, is_online: bool) -> bytes:
        presence = self._profile.presence
        if presence is None:
            return b""
        return mqtt_encode.presence_payload(presence, is_online=is_online)

    async def _speak(self, client: aiomqtt.Client, halt: Shutdown) -> None:
        message_at = self.actor.clock()
        while await until_due(self.actor, message_at, halt.quiet):
            now = self.actor.clock()
            is_changed = self.actor.advance(now)
            if not is_changed and now < message_at:
                continue
            message_at = now + self._period
            if self.actor.is_garbled:
                for topic in mqtt_encode.topics(self._profile):
                    await client.publish(self._topic(topic), _GARBAGE, qos=1)
            elif not self.actor.is_silent:
                await self._publish(client, self._moment(now))
        await halt.stop.wait()

    def _moment(self, now: datetime) -> datetime:
        """Return a time for a message that no message before it has stated."""
        if self._last is not None and now < self._last + timedelta(milliseconds=1):
            now = self._last + timedelta(milliseconds=1)
        self._last = now
        return now

    async def _publish(self, client: aiomqtt.Client, now: datetime) -> None:
        values: dict[str, Value] = self.actor.values(now)
        for message in mqtt_encode.messages(self._profile, self._device, values, now):
            is_certain = False
            try:
                await client.publish(message.topic, message.payload, qos=1, timeout=ACKNOWLEDGE_S)
                is_certain = True
            finally:
                self.actor.report(
                    message.values, now, observed_at=message.observed_at, certain=is_certain
                )

    def _hang_up(self) -> None:
        client = self._client
        if client is None:
            return
        # The library has no way to leave without a word, so that the last will is spoken.
        connection: Any = client._client.socket()  # noqa: SLF001 - as above
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


async def _while_connected(client: aiomqtt.Client, speak: Coroutine[Any, Any, None]) -> None:
    """Do it to its end; raises MqttError as soon as the connection is lost."""
    speaking = asyncio.create_task(speak)
    listening = asyncio.create_task(_listen(client))
    tasks = (speaking, listening)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def _listen(client: aiomqtt.Client) -> None:
    """Receive nothing, for nothing is subscribed to, until the connection is lost."""
    async for _message in client.messages:
        pass
