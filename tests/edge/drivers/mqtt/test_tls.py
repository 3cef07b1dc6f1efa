"""TLS to a real Mosquitto: an authority of one's own, and certificates of clients."""

import gc
import ssl
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest

from edge.clock import SystemClock
from edge.config import Config, load_config
from edge.driver import Driver
from edge.drivers import make_drivers
from edge.drivers.mqtt.driver import MqttDriver
from edge.errors import ConfigError
from tests._parts.certificates import Authority
from tests._parts.mosquitto import Mosquitto
from tests._parts.sink import MemorySink
from tests.edge.drivers.mqtt.test_driver import listening

Configured = Callable[[str], Config]


def mosquitto(folder: Path, authority: Authority) -> Mosquitto:
    cert_file, key_file = authority.issue("broker")
    return Mosquitto(
        folder / "mosquitto",
        lines=(
            f"cafile {authority.ca_file}",
            f"certfile {cert_file}",
            f"keyfile {key_file}",
            "require_certificate true",
        ),
    )


def made(configured: Configured, port: int, tls: str) -> Driver:
    path = configured("http://127.0.0.1:1").path
    text = path.read_text(encoding="utf-8")
    section = f"mqtt: {{host: 127.0.0.1, port: {port}, tls: {tls}}}"
    path.write_text(text.replace("mqtt: {host: 127.0.0.1}", section), encoding="utf-8")
    (driver,) = make_drivers(load_config(path), SystemClock())
    return driver


@pytest.mark.real
async def test_a_gateway_with_a_certificate_is_let_in_and_read(
    tmp_path: Path, configured: Configured
) -> None:
    authority = Authority(tmp_path)
    authority.issue("gateway")
    async with mosquitto(tmp_path, authority) as broker:
        files = "{ca_file: school-authority.pem, cert_file: gateway.pem, key_file: gateway.key}"
        driver = made(configured, broker.port, files)
        assert isinstance(driver, MqttDriver)
        tls = driver._broker.tls
        sink = MemorySink()
        async with listening(broker.host, broker.port, sink, tls=tls):
            assert not sink.driver_errors
            # Many at once: what TLS has decrypted and the socket no longer shows is read too.
            await publish_over_tls(broker, tmp_path, 300)
            await sink.until(lambda s: len(s.readings) == 300)


async def publish_over_tls(broker: Mosquitto, folder: Path, count: int) -> None:
    context = ssl.create_default_context(cafile=folder / "school-authority.pem")
    context.load_cert_chain(folder / "gateway.pem", folder / "gateway.key")
    async with aiomqtt.Client(broker.host, broker.port, tls_context=context) as client:
        for number in range(count):
            await client.publish("t/d0", f'{{"p": {number}}}', qos=1)


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("is_known", [False, True], ids=["another authority", "no certificate"])
async def test_who_is_not_vouched_for_is_named(
    tmp_path: Path, configured: Configured, is_known: bool
) -> None:
    authority = Authority(tmp_path)
    other = Authority(tmp_path, "another")
    async with mosquitto(tmp_path, authority) as broker:
        ca_file = (authority if is_known else other).ca_file.name
        driver = made(configured, broker.port, f"{{ca_file: {ca_file}}}")
        assert isinstance(driver, MqttDriver)
        sink = MemorySink()
        async with listening(broker.host, broker.port, sink, tls=driver._broker.tls):
            await sink.until(lambda s: bool(s.driver_errors))
    gc.collect()  # paho leaves the socket of a failed handshake to the garbage collector
    assert not sink.ready
    if not is_known:
        assert "CERTIFICATE_VERIFY_FAILED" in str(sink.driver_errors[0])


@pytest.mark.parametrize(
    ("tls", "problem"),
    [
        ("{ca_file: nothing.pem}", "mqtt.tls.ca_file: nothing.pem cannot be used (No such file"),
        ("{ca_file: gateway.yaml}", "mqtt.tls.ca_file: gateway.yaml cannot be used"),
        ("{cert_file: gateway.yaml}", "mqtt.tls.cert_file: gateway.yaml cannot be used"),
        ("{key_file: x}", "key_file goes with cert_file; give both"),
    ],
)
def test_files_that_cannot_be_used_are_found_by_check(
    configured: Configured, tls: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        made(configured, 8883, tls)
    assert problem in str(caught.value)


def test_without_files_the_system_vouches(configured: Configured) -> None:
    driver = made(configured, 8883, "{}")
    assert isinstance(driver, MqttDriver)
    context = driver._broker.tls
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
