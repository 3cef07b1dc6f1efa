import asyncio
import socket
from pathlib import Path

import aiomqtt
import pytest

from simulators.devices.mqtt_broker import Broker, Kind, find_mosquitto
from simulators.errors import SimulatorError
from tests._parts.ports import free_port


@pytest.mark.parametrize("kind", ["amqtt", "mosquitto"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_message_gets_through(kind: Kind, tmp_path: Path) -> None:
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    async with (
        Broker(free_port(), kind=kind, folder=tmp_path) as broker,
        aiomqtt.Client(broker.host, broker.port) as client,
    ):
        await client.subscribe("a/b", qos=1)
        await client.publish("a/b", b"hello", qos=1)
        message = await anext(client.messages)
        assert message.payload == b"hello"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_mqtt_5_is_refused_at_once() -> None:
    """amqtt itself takes the properties for the length of a name and never answers."""
    async with Broker(free_port()) as broker, asyncio.timeout(30):
        properties = b"\x05\x11\x00\x00\x0e\x10"  # session expiry
        body = b"\x00\x04MQTT\x05\x00\x00\x1e" + properties + b"\x00\x02gw"
        reader, writer = await asyncio.open_connection(broker.host, broker.port)
        writer.write(bytes([0x10, len(body)]) + body)
        assert await reader.read() == b"\x20\x02\x00\x01"
        writer.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_connection_that_sends_nothing_does_no_harm() -> None:
    async with Broker(free_port()) as broker, asyncio.timeout(30):
        _, writer = await asyncio.open_connection(broker.host, broker.port)
        writer.close()
        await writer.wait_closed()
        async with aiomqtt.Client(broker.host, broker.port) as client:
            await client.publish("a/b", b"hello", qos=1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError, match=f"cannot listen at 127.0.0.1:{port}"):
            await Broker(port).start()


async def test_mosquitto_needs_a_folder() -> None:
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    with pytest.raises(SimulatorError, match="needs a folder"):
        await Broker(free_port(), kind="mosquitto").start()


async def test_mosquitto_that_is_missing_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("simulators.devices.mqtt_broker.find_mosquitto", lambda: None)
    with pytest.raises(SimulatorError, match="mosquitto is not installed"):
        await Broker(free_port(), kind="mosquitto", folder=tmp_path).start()
