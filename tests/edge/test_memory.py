"""The memory of the gateway's own process, with 40 devices over every protocol.

It runs from what a gateway installs: a developer's environment has more, such as numpy.
"""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from pymodbus.simulator import SimDevice

from device_profiles.loader import load_catalogue
from device_profiles.protocols.ble import BleProfile
from device_profiles.protocols.mqtt import MqttProfile
from simulators.devices.ble_peripheral import SimulatedBlePeripheral
from simulators.virtual_radio import VirtualRadio
from tests._parts.extras_only import Environment
from tests._parts.gateway_process import gateway_process
from tests._parts.modbus import serial_pair, served, served_serially, unit
from tests._parts.mosquitto import Mosquitto
from tests._parts.mqtt_payload import sent_as
from tests._parts.uplink_server import uplink_server

pytestmark = pytest.mark.real

LIMIT_MB = 100
TURNS = 5
MQTT = (
    "campus-interactive-display",
    "campus-recording-room",
    "campus-classroom-computer",
    "shelly-plus-plug-s",
    "tuya-ts011f",
)
MODBUS = ("campus-lab-instrument", "eastron-sdm120")
BLE = ("campus-epaper-terminal", "shelly-blu-ht", "bthome-light")
MQTT_DEVICES, TCP_DEVICES, RTU_DEVICES, BLE_DEVICES = 16, 8, 4, 12
CATALOGUE = load_catalogue()


def address(number: int) -> str:
    return f"F0:00:00:00:00:{number:02X}"


def devices() -> list[dict[str, Any]]:
    mqtt = [
        {"profile": MQTT[n % len(MQTT)], "mqtt": {"device": f"mqtt-{n}"}}
        for n in range(MQTT_DEVICES)
    ]
    modbus = [
        {"profile": MODBUS[n % len(MODBUS)], "modbus": {"bus": bus, "unit_id": n + 1}}
        for bus, count in (("tcp-1", TCP_DEVICES), ("rtu-1", RTU_DEVICES))
        for n in range(count)
    ]
    ble = [
        {"profile": BLE[n % len(BLE)], "ble": {"address": address(n)}} for n in range(BLE_DEVICES)
    ]
    return [
        device | {"id": f"d-{n}", "asset": f"A-{n}", "room": f"{101 + n}"}
        for n, device in enumerate([*mqtt, *modbus, *ble])
    ]


@contextlib.asynccontextmanager
async def on_air(radio: VirtualRadio) -> AsyncIterator[list[SimulatedBlePeripheral]]:
    placed = []
    for number in range(BLE_DEVICES):
        profile = CATALOGUE[BLE[number % len(BLE)]]
        assert isinstance(profile, BleProfile)
        placed.append(
            SimulatedBlePeripheral(profile, address(number), radio, lambda **_: None, settle_s=0.1)
        )
        await placed[-1].start()
    yield placed
    for peripheral in placed:
        await peripheral.stop()


def units(count: int) -> list[SimDevice]:
    return [unit(number + 1, {0: 400}) for number in range(count)]


async def send_examples(broker: Mosquitto, placed: list[SimulatedBlePeripheral]) -> None:
    """Let every device that sends on its own send the example of its profile, now."""
    async with aiomqtt.Client(broker.host, broker.port) as client:
        for number in range(MQTT_DEVICES):
            profile = CATALOGUE[MQTT[number % len(MQTT)]]
            assert isinstance(profile, MqttProfile)
            example = profile.examples[0]
            payload = dict(example.payload)
            if "ts" in payload:
                payload["ts"] = datetime.now(UTC).isoformat()
            topic = example.topic.replace("{device}", f"mqtt-{number}")
            await client.publish(topic, sent_as(payload), qos=1)
    for peripheral in placed:
        point = next(n for n, p in peripheral.profile.points.items() if p.bthome is not None)
        await peripheral.update({point: 50.0})


async def test_forty_devices_over_every_protocol_need_less_than_100_mb(tmp_path: Path) -> None:
    installed = Environment(tmp_path / "installed", "edge", "edge-hci")
    with uplink_server() as end:
        async with (
            Mosquitto(tmp_path / "broker") as broker,
            VirtualRadio() as radio,
            on_air(radio) as placed,
            served(*units(TCP_DEVICES)) as tcp,
            serial_pair() as (near, far),
            served_serially(far, *units(RTU_DEVICES)),
            gateway_process(
                tmp_path / "gateway",
                {
                    "gateway": "gw-001",
                    "school": "2133100001",
                    "uplink": {"url": end.url, "token": "t"},
                    "mqtt": {"host": broker.host, "port": broker.port},
                    "modbus": [
                        {"bus": "tcp-1", "host": "127.0.0.1", "port": tcp.port},
                        {"bus": "rtu-1", "serial": near},
                    ],
                    "ble": {"hci": radio.transport},
                    "devices": devices(),
                },
                command=(str(installed.python), "-m", "edge.cli"),
            ) as gateway,
        ):
            await gateway.until(_all_are_ready)
            readings = 0
            for _ in range(TURNS):
                await send_examples(broker, placed)
                readings += 100
                await gateway.until(lambda status, most=readings: status["readings"] >= most)  # type: ignore[misc]  # bound now
            status = await gateway.until(
                lambda status: all(d["readings"] for d in status["devices"].values())
            )
            peak_mb, own_mb = gateway.memory_mb("VmHWM"), gateway.memory_mb("RssAnon")
    assert len(status["devices"]) == 40
    assert end.stored
    assert peak_mb < LIMIT_MB, f"{peak_mb:.0f} MB at most, {own_mb:.0f} MB of it not of files"


def _all_are_ready(status: dict[str, Any]) -> bool:
    drivers = status["drivers"]
    return len(drivers) == 4 and all(driver["ready"] for driver in drivers.values())
