"""The firmware of the display against a real broker, and against one that talks nonsense."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests._parts.firmware import Firmware, running
from tests._parts.mosquitto import Mosquitto
from tests._parts.patience import PATIENCE_S

LOGIN_TAKEN = b"\x20\x02\x00\x00"
PUBLISH, PINGREQ = 3, 12
ANSWERS = {1: LOGIN_TAKEN, 8: b"\x90\x03\x00\x01\x01", PINGREQ: b"\xd0\x00"}


def display(build: Path, folder: Path, port: int, **more: object) -> Firmware:
    settings = {"port": port, "device": "d1", "period_ms": 100, "retry_ms": 20, **more}
    firmware = Firmware(build / "display", folder, settings)
    firmware.measure(power_w=100, signal=0)
    return firmware


class Ear:
    """What the broker publishes of the display."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def until(self, topic: str, holds: Callable[[str], bool]) -> str:
        """Return the payload of the next message of a topic for which something holds."""
        async with asyncio.timeout(PATIENCE_S):
            async for message in self._client.messages:
                assert isinstance(message.payload, bytes)
                text = message.payload.decode()
                if str(message.topic) == f"campus/d1/{topic}" and holds(text):
                    return text
        raise AssertionError("the broker ended")

    async def state(self, **members: object) -> dict[str, Any]:
        """Return the next state that has these members."""
        text = await self.until("state", lambda text: members.items() <= json.loads(text).items())
        state: dict[str, Any] = json.loads(text)
        return state


@asynccontextmanager
async def ear_of(broker: Mosquitto) -> AsyncIterator[tuple[Ear, aiomqtt.Client]]:
    """Listen; what is published between two of these is kept by the broker."""
    async with aiomqtt.Client(
        broker.host, broker.port, identifier="ear", clean_session=False
    ) as client:
        await client.subscribe("campus/d1/#", qos=1)
        yield Ear(client), client


@pytest.mark.real
async def test_a_display_is_present_obeys_and_leaves(build: Path, tmp_path: Path) -> None:
    async with Mosquitto(tmp_path / "broker") as broker, ear_of(broker) as (ear, client):
        firmware = display(build, tmp_path, broker.port)
        async with running(firmware):
            await ear.until("presence", lambda text: text == "online")
            await ear.state(power_on=True, state="idle", source="home")
            for refused in ('{"power_on": maybe}', "", "x" * 4000):
                await client.publish("campus/d1/set", refused, qos=1)
            await client.publish("campus/d1/set", '{"power_on": false}', qos=1)
            state = await ear.state(power_on=False, state="off")
            assert "source" not in state
            assert firmware.lines == ["actuate power 0"]
        await ear.until("presence", lambda text: text == "offline")


@pytest.mark.real
async def test_a_display_without_power_leaves_its_will(build: Path, tmp_path: Path) -> None:
    async with Mosquitto(tmp_path / "broker") as broker, ear_of(broker) as (ear, _):
        firmware = display(build, tmp_path, broker.port)
        await firmware.start()
        await ear.until("presence", lambda text: text == "online")
        await firmware.kill()
        await ear.until("presence", lambda text: text == "offline")


@pytest.mark.real
async def test_states_wait_for_a_broker_that_is_away(build: Path, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker", persistence=True)
    async with broker, ear_of(broker):
        await broker.stop()  # in order: the subscription is saved
    firmware = display(build, tmp_path, broker.port, period_ms=3_600_000)
    async with running(firmware):
        await firmware.until(lambda: "cannot be reached" in firmware.log)
        for signal in (1, 0):
            firmware.measure(power_w=100, signal=signal)
            # Longer than the display takes between two looks at its sensors.
            await asyncio.sleep(0.6)
        async with broker, ear_of(broker) as (ear, _):
            states = [(await ear.state())["state"] for _ in range(3)]
    assert states == ["idle", "in_use", "idle"]


@pytest.mark.parametrize(
    "nonsense",
    [
        LOGIN_TAKEN + b"\x30\xff\xff\xff\xff",  # a length of five bytes
        LOGIN_TAKEN + b"\x32\x03\x00\x09a",  # a topic longer than its packet
        LOGIN_TAKEN + b"\x36\x05\x00\x01a\x00\x01",  # a QoS that there is not
        LOGIN_TAKEN + b"\x82\x02\x00\x01",  # what only a client sends
        LOGIN_TAKEN + LOGIN_TAKEN,
        b"\xd0\x00",  # before the login was taken
        b"\x20\x02\x00\x05",  # not authorised
        b"HTTP/1.1 400 Bad Request\r\n\r\n",  # the beginning of a packet that never ends
        LOGIN_TAKEN,  # and then nothing more: no PUBACK
        b"",
    ],
    ids=lambda nonsense: nonsense.hex()[:24] or "nothing",
)
async def test_a_broker_that_talks_nonsense_is_left_and_tried_again(
    build: Path, tmp_path: Path, nonsense: bytes
) -> None:
    logins: list[bytes] = []
    came_back = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        logins.append(await reader.readexactly(14))
        if len(logins) == 3:
            came_back.set()
        writer.write(nonsense)
        with contextlib.suppress(ConnectionError):
            if not nonsense:
                writer.close()
            while await reader.read(1024):
                """Read until the display has closed."""
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, running(display(build, tmp_path, port, answer_ms=200)):
        await asyncio.wait_for(came_back.wait(), PATIENCE_S)
    assert all(login[2:9] == b"\x00\x04MQTT\x04" for login in logins)


async def test_a_display_with_nothing_to_report_pings(build: Path, tmp_path: Path) -> None:
    pinged = asyncio.Event()
    logins = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal logins
        logins += 1
        pings = 0
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, body = await packet_from(reader)
                if kind == PUBLISH:
                    start = 2 + int.from_bytes(body[:2])
                    writer.write(b"\x40\x02" + body[start : start + 2])
                else:
                    writer.write(ANSWERS.get(kind, b""))
                pings += kind == PINGREQ
                if pings == 3:
                    pinged.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    firmware = display(build, tmp_path, port, period_ms=3_600_000, keep_alive_s=1)
    async with server, running(firmware):
        await asyncio.wait_for(pinged.wait(), PATIENCE_S)
    assert logins == 1
    assert not firmware.log


async def packet_from(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the type and the body of a packet, of which each here is short."""
    head, length = await reader.readexactly(2)
    if length > 127:
        length += 128 * ((await reader.readexactly(1))[0] - 1)
    return head >> 4, await reader.readexactly(length)
