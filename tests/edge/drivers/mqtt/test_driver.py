import asyncio
import contextlib
import gc
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import pytest
from amqtt.broker import Broker  # type: ignore[import-untyped]  # it has no types
from pydantic import ValidationError

from device_profiles.protocols.mqtt import MqttAddress, MqttProfile
from edge.backoff import Backoff
from edge.clock import SystemClock
from edge.driver import Delivery
from edge.drivers.mqtt.driver import MqttBroker, MqttDevice, MqttDriver
from edge.errors import DecodeError, DeviceUnreachable
from tests._parts.mosquitto import Mosquitto
from tests._parts.ports import free_port
from tests._parts.sink import MemorySink

pytestmark = pytest.mark.real


def profile(**keys: Any) -> MqttProfile:
    return MqttProfile.model_validate(
        {
            "id": "test-plug",
            "vendor": "Test",
            "model": "Plug",
            "title": {"en": "test plug"},
            "category": "meter",
            "source": "synthetic",
            "protocol": "mqtt",
            "presence": {"topic": "t/{device}/lwt", "online": "online", "offline": "offline"},
            "points": {
                "power": {"topic": "t/{device}", "path": "p", "quantity": "power", "unit": "W"}
            },
            "examples": [
                {"source": "synthetic", "topic": "t/{device}", "payload": {}, "readings": {}}
            ],
            **keys,
        }
    )


PLUG = profile()
TIMED = profile(time={"path": "ts"})


def devices(count: int, described: MqttProfile = PLUG) -> list[MqttDevice]:
    return [MqttDevice(f"plug-{n}", described, f"d{n}") for n in range(count)]


@contextlib.asynccontextmanager
async def listening(
    host: str,
    port: int,
    sink: MemorySink,
    *known: MqttDevice,
    receive_maximum: int = 200,
    username: str | None = None,
    password: str | None = None,
    keepalive_s: int = 30,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[MqttDriver]:
    """Run a driver with short waits; stop it at the end."""
    broker = MqttBroker(
        keepalive_s=keepalive_s,
        host=host,
        port=port,
        client_id="gw-1",
        receive_maximum=receive_maximum,
        username=username,
        password=password,
        tls=tls,
    )
    driver = MqttDriver(
        broker,
        known or devices(1),
        SystemClock(),
        backoff=Backoff(first_s=0.05, longest_s=0.2, random=Random(1)),
        connack_timeout_s=1.0,
    )
    task = asyncio.create_task(driver.run(sink))
    ready = len(sink.ready)
    try:
        await sink.until(lambda s: len(s.ready) > ready or bool(s.driver_errors))
        yield driver
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path / "mosquitto", persistence=True) as running:
        yield running


async def publish(broker: Mosquitto, *payloads: Any, topic: str = "t/d0", **keys: Any) -> None:
    async with aiomqtt.Client(broker.host, broker.port) as client:
        for payload in payloads:
            raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            await client.publish(topic, raw, qos=1, **keys)


@pytest.mark.parametrize(
    "name", ["Living room plug", " 教学楼 101 ", "Größe & Maß", "插座/一楼", "🔌", "a'b\"c\\d,e=f"]
)
async def test_q3a_a_device_may_have_any_name_that_a_broker_takes(
    broker: Mosquitto, name: str
) -> None:
    MqttAddress(device=name)
    sink = MemorySink()
    named = MqttDevice("plug-0", PLUG, name)
    async with listening(broker.host, broker.port, sink, named):
        await publish(broker, {"p": 1.5}, topic=f"t/{name}")
        await sink.until(lambda s: bool(s.readings))
    assert [reading.value for reading in sink.readings] == [1.5]


@pytest.mark.parametrize("name", ["", "a/+", "#", "a\nb", "a\0", "a\x7f", "\ufffe", "x" * 513])
def test_a_name_that_no_broker_takes_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        MqttAddress(device=name)


async def test_two_thousand_messages_arrive_once_each_and_in_order(broker: Mosquitto) -> None:
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink, *devices(20)):
        async with aiomqtt.Client(broker.host, broker.port) as client:
            for n in range(2000):
                await client.publish(f"t/d{n % 20}", json.dumps({"p": n}), qos=1)
        await sink.until(lambda s: len(s.readings) >= 2000)
    for n in range(20):
        assert sink.values(f"plug-{n}", "power") == [float(v) for v in range(n, 2000, 20)]
    moments = [(r.device, r.observed_at) for r in sink.readings]
    assert len(set(moments)) == 2000
    assert sink.driver_errors == []


async def test_a_message_not_yet_on_disk_comes_again(broker: Mosquitto) -> None:
    sink = MemorySink()
    sink.gate.clear()
    async with listening(broker.host, broker.port, sink):
        await publish(broker, {"p": 1}, {"p": 2})
        await sink.until(lambda s: s.waiting == 1)
    assert sink.readings == []
    sink.gate.set()
    async with listening(broker.host, broker.port, sink):
        await publish(broker, {"p": 3})
        await sink.until(lambda s: len(s.readings) >= 3)
    assert sink.values("plug-0", "power") == [1.0, 2.0, 3.0]


async def test_a_message_on_disk_and_not_acknowledged_is_dropped_when_it_comes_again(
    broker: Mosquitto,
) -> None:
    sink = MemorySink()
    sink.late_gate.clear()
    async with listening(broker.host, broker.port, sink):
        await publish(broker, {"p": 1})
        await sink.until(lambda s: len(s.readings) == 1)
    sink.late_gate.set()
    async with listening(broker.host, broker.port, sink):
        await publish(broker, {"p": 1})  # the same words, a new message
        await sink.until(lambda s: len(s.readings) >= 2)
    assert sink.values("plug-0", "power") == [1.0, 1.0]
    async with listening(broker.host, broker.port, sink):
        await publish(broker, {"p": 3})
        await sink.until(lambda s: len(s.readings) >= 3)
    assert sink.values("plug-0", "power") == [1.0, 1.0, 3.0]


async def test_a_message_with_its_own_time_needs_no_mark(broker: Mosquitto) -> None:
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink, *devices(1, TIMED)):
        await publish(broker, {"p": 1, "ts": "2026-09-01T02:15:30Z"})
        await sink.until(lambda s: len(s.readings) == 1)
    assert sink.kept == {}
    assert sink.readings[0].observed_at == datetime(2026, 9, 1, 2, 15, 30, tzinfo=UTC)


async def test_messages_wait_in_the_broker_while_the_gateway_is_away(broker: Mosquitto) -> None:
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink):
        pass
    await publish(broker, *({"p": n} for n in range(50)))
    async with listening(broker.host, broker.port, sink):
        await sink.until(lambda s: len(s.readings) >= 50)
    assert sink.values("plug-0", "power") == [float(n) for n in range(50)]


async def test_a_broker_that_restarts_loses_and_doubles_nothing(broker: Mosquitto) -> None:
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink):
        await publish(broker, {"p": 1})
        await sink.until(lambda s: len(s.readings) == 1)
        sink.gate.clear()
        await publish(broker, {"p": 2})
        await sink.until(lambda s: s.waiting == 1)
        await broker.restart()
        await sink.until(lambda s: len(s.ready) == 2)
        await publish(broker, {"p": 3})
        sink.gate.set()
        await sink.until(lambda s: len(s.readings) >= 3)
    assert sink.values("plug-0", "power") == [1.0, 2.0, 3.0]
    assert "was lost" in str(sink.driver_errors[0])


async def test_a_broker_that_keeps_the_socket_open_and_says_nothing_is_noticed(
    broker: Mosquitto,
) -> None:
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink, keepalive_s=1):
        broker.freeze()
        await sink.until(lambda s: len(s.driver_errors) >= 1)
        broker.thaw()
        await sink.until(lambda s: len(s.ready) >= 2)
        await publish(broker, {"p": 1})
        await sink.until(lambda s: len(s.readings) >= 1)
    assert "was lost: no answer for longer than keepalive_s allows" in str(sink.driver_errors[0])


async def test_no_more_is_in_flight_than_the_receive_maximum(broker: Mosquitto) -> None:
    sink = MemorySink()
    sink.gate.clear()
    async with listening(broker.host, broker.port, sink, *devices(40), receive_maximum=10):
        async with aiomqtt.Client(broker.host, broker.port) as client:
            for n in range(100):
                await client.publish(f"t/d{n % 40}", json.dumps({"p": n}), qos=1)
        await sink.until(lambda s: s.waiting == 10)
        sink.gate.set()
        await sink.until(lambda s: len(s.readings) >= 100)
    assert sink.most_waiting == 10
    assert sorted(float(r.value) for r in sink.readings) == [float(n) for n in range(100)]


async def test_a_flood_that_needs_no_acknowledgement_is_not_read_faster_than_written(
    broker: Mosquitto,
) -> None:
    sink = MemorySink()
    sink.gate.clear()
    async with listening(broker.host, broker.port, sink, *devices(40), receive_maximum=10):
        async with aiomqtt.Client(broker.host, broker.port) as client:
            for n in range(100):
                await client.publish(f"t/d{n % 40}", json.dumps({"p": n}), qos=0)
        await sink.until(lambda s: s.waiting == 11)
        sink.gate.set()
        await sink.until(lambda s: len(s.readings) >= 100)
    assert sink.most_waiting == 11


async def test_hostile_payloads_stop_nothing(broker: Mosquitto) -> None:
    hostile = [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"p": NaN}',
        b'{"p": true}',
        b'{"p": "7"}',
        b'{"p": 1, "p": 2}',
        b'{"p": ' + b"9" * 5000 + b"}",
        b"x" * 2_000_000,
    ]
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink):
        sent: list[Any] = [{"p": 0}]
        for n, payload in enumerate(hostile, 1):
            sent += [payload, {"p": n}]
        await publish(broker, *sent)
        await sink.until(lambda s: len(s.readings) >= len(hostile) + 1)
    assert sink.values("plug-0", "power") == [float(n) for n in range(len(hostile) + 1)]
    assert len(sink.device_errors) == len(hostile)
    assert all(isinstance(error, DecodeError) for error in sink.device_errors)
    assert sink.driver_errors == []


async def test_retained_state_gives_no_reading_and_presence_is_noted(broker: Mosquitto) -> None:
    await publish(broker, {"p": 5}, retain=True)
    await publish(broker, b"online", topic="t/d0/lwt", retain=True)
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink):
        await sink.until(lambda s: s.answered == ["plug-0"])
        await publish(broker, {"p": 6})
        await sink.until(lambda s: len(s.readings) >= 1)
        await publish(broker, b"offline", topic="t/d0/lwt", retain=True)
        await sink.until(lambda s: len(s.device_errors) == 1)
    assert sink.values("plug-0", "power") == [6.0]
    assert isinstance(sink.device_errors[0], DeviceUnreachable)
    assert str(sink.device_errors[0]) == "plug-0: left the broker"


async def test_a_topic_of_an_older_configuration_is_given_up(broker: Mosquitto) -> None:
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink, *devices(2)):
        pass
    async with listening(broker.host, broker.port, sink, *devices(1)):
        await publish(broker, {"p": 1}, topic="t/d1")
        await publish(broker, {"p": 2})
        await sink.until(lambda s: len(s.readings) >= 1)
    assert {r.device for r in sink.readings} == {"plug-0"}
    assert sink.driver_errors == []


async def test_a_wrong_password_is_one_sentence(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, users={"gateway": "right"}) as broker:
        sink = MemorySink()
        async with listening(broker.host, broker.port, sink, username="gateway", password="wrong"):
            await sink.until(lambda s: len(s.driver_errors) >= 2)
        assert str(sink.driver_errors[0]) == (
            f"mqtt: the broker at 127.0.0.1:{broker.port} refuses the connection: "
            "Not authorized; check mqtt.username and mqtt.password"
        )
        right = MemorySink()
        async with listening(broker.host, broker.port, right, username="gateway", password="right"):
            assert right.ready == ["mqtt"]


async def test_no_broker_is_one_sentence() -> None:
    port = free_port()
    sink = MemorySink()
    async with listening("127.0.0.1", port, sink):
        await sink.until(lambda s: len(s.driver_errors) >= 2)
    assert str(sink.driver_errors[0]).startswith(
        f"mqtt: cannot reach the broker at 127.0.0.1:{port}: "
    )


async def test_another_client_of_the_same_name_costs_the_connection_but_for_a_moment(
    broker: Mosquitto,
) -> None:
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink):
        async with aiomqtt.Client(broker.host, broker.port, identifier="gw-1"):
            await sink.until(lambda s: len(s.driver_errors) >= 1)
        await sink.until(lambda s: len(s.ready) >= 2)
    assert "was lost: the socket closed" in str(sink.driver_errors[0])


async def test_q5a_two_gateways_with_one_client_id_name_the_takeover(broker: Mosquitto) -> None:
    first, second = MemorySink(), MemorySink()

    def is_named(sink: MemorySink) -> bool:
        return any("takes the session over" in str(error) for error in sink.driver_errors)

    async with (
        listening(broker.host, broker.port, first),
        listening(broker.host, broker.port, second),
    ):
        await first.until(is_named)
        await second.until(is_named)
    named = next(str(e) for e in first.driver_errors if "takes the session" in str(e))
    assert "another gateway uses the client_id 'gw-1'" in named


async def test_a_plug_that_leaves_is_delivered_as_departed(broker: Mosquitto) -> None:
    sink = MemorySink()
    async with listening(broker.host, broker.port, sink):
        await publish(broker, {"p": 6})
        await publish(broker, b'{"state": "offline"}', topic="t/d0/lwt", retain=True)
        await sink.until(lambda s: any(d.departed for d in s.deliveries))
        await publish(broker, b"online", topic="t/d0/lwt", retain=True)
        await sink.until(lambda s: bool(s.answered))
    ((device, at),) = [left for d in sink.deliveries for left in d.departed]
    assert device == "plug-0"
    assert at > sink.readings[0].observed_at


@contextlib.asynccontextmanager
async def scripted(*answers: bytes) -> AsyncIterator[int]:
    """Answer each packet of a client with the next of the answers; the last one stays."""
    left = list(answers)
    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(4096):
                writer.write(left.pop(0) if len(left) > 1 else left[0])

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (
            [b"\x20\x03\x00\x00\x00", b"\xe0\x02\x8e\x00"],
            "was lost: Session taken over; another client uses the client_id 'gw-1'",
        ),
        ([b"\x20\x03\x00\x84\x00"], "refuses the connection: Unsupported protocol version"),
        ([b"\x20\x03\x00\x88\x00"], "refuses the connection: Server unavailable"),
        ([b"\x20\x03\x00\x00\x00", b"\x90\x05\x00\x01\x00\x87\x87"], "to t/d0: Not authorized"),
        ([b"rubbish that is not MQTT"], "gives no answer to MQTT 5; trying MQTT 3.1.1"),
    ],
)
async def test_the_answer_of_a_broker_is_reported(answers: list[bytes], message: str) -> None:
    sink = MemorySink()
    async with scripted(*answers) as port, listening("127.0.0.1", port, sink):
        await sink.until(lambda s: len(s.driver_errors) >= 1)
    assert message in str(sink.driver_errors[0])


# amqtt leaves the transport of a client open that gave up on it first.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_of_mqtt_3_is_spoken_to_in_its_own_version() -> None:
    port = free_port()
    old = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    await old.start()
    try:
        sink = MemorySink()
        async with listening("127.0.0.1", port, sink):
            await sink.until(lambda s: s.ready == ["mqtt"])
            async with aiomqtt.Client("127.0.0.1", port) as client:
                for n in range(20):
                    await client.publish("t/d0", json.dumps({"p": n}), qos=1)
            await sink.until(lambda s: len(s.readings) >= 20)
        assert sink.values("plug-0", "power") == [float(n) for n in range(20)]
        assert str(sink.driver_errors[0]) == (
            f"mqtt: the broker at 127.0.0.1:{port} gives no answer to MQTT 5; trying MQTT 3.1.1"
        )
    finally:
        await old.shutdown()
        del old
        gc.collect()  # what amqtt left open is noticed here, not in another test


async def test_a_fault_of_ours_does_not_make_the_driver_deaf(broker: Mosquitto) -> None:
    class Faulty(SystemClock):
        faults = 1

        def now(self) -> datetime:
            if self.faults:
                self.faults -= 1
                raise RuntimeError("no time")
            return super().now()

    sink = MemorySink()
    settings = MqttBroker(host=broker.host, port=broker.port, client_id="gw-1")
    driver = MqttDriver(settings, devices(1), Faulty())
    task = asyncio.create_task(driver.run(sink))
    await sink.until(lambda s: bool(s.ready))
    await publish(broker, {"p": 1}, {"p": 2})
    await sink.until(lambda s: len(s.readings) >= 1)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert str(sink.driver_errors[0]) == "mqtt: a message was not taken: RuntimeError: no time"


async def test_a_delivery_holds_what_came_while_the_last_one_was_written(
    broker: Mosquitto,
) -> None:
    sink = MemorySink()
    sink.gate.clear()
    async with listening(broker.host, broker.port, sink):
        await publish(broker, *({"p": n} for n in range(30)))
        await asyncio.sleep(0.2)
        sink.gate.set()
        await sink.until(lambda s: len(s.readings) >= 30)
    assert len(sink.deliveries) < 30
    assert all(isinstance(delivery, Delivery) for delivery in sink.deliveries)
