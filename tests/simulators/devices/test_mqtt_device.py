import json
from pathlib import Path

import aiomqtt
import pytest

from simulators.devices.mqtt_broker import Broker, find_mosquitto
from tests.simulators.conftest import DISPLAY, RunningSchool

PLUG = "{id: plug-1, asset: A-2, profile: tasmota-plug, mqtt: {device: plug-1}}"


def broker(school: RunningSchool, folder: Path) -> Broker:
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    return Broker(school.broker_port, kind="mosquitto", folder=folder / "broker")


async def test_a_listener_receives_what_was_reported(school: RunningSchool, tmp_path: Path) -> None:
    school.write(DISPLAY, PLUG)
    received: dict[str, list[bytes]] = {}
    async with (
        broker(school, tmp_path),
        aiomqtt.Client("127.0.0.1", school.broker_port) as listener,
    ):
        await listener.subscribe("#", qos=1)
        async with school.running():
            async for message in listener.messages:
                assert isinstance(message.payload, bytes)
                received.setdefault(str(message.topic), []).append(message.payload)
                if {"tele/plug-1/SENSOR", "stat/plug-1/POWER", "campus/d/state"} <= set(received):
                    break
        async for message in listener.messages:  # leaving in order
            if str(message.topic) == "campus/d/presence" and message.payload == b"offline":
                break
    assert received["campus/d/presence"] == [b"online"]
    (line, *_) = school.truth("reported", "display-101")
    payload = json.loads(received["campus/d/state"][0])
    assert line["observed_at"].startswith(payload["ts"].removesuffix("Z"))
    assert line["values"]["display_state"] == payload["state"]
    assert line["values"]["active_power"] == payload["power_w"]
    assert line["certain"] is True
    first, second, *_ = school.truth("reported", "plug-1")
    assert set(first["values"]) == {
        "active_power",
        "voltage",
        "current",
        "power_factor",
        "energy_import",
    }
    assert second["values"] == {"output": True}
    assert first["observed_at"] is None
    assert school.truth("state", "display-101")[0]["state"] in {"active", "standby", "off"}


async def test_a_device_waits_for_its_broker_and_comes_back_to_it(
    school: RunningSchool, tmp_path: Path
) -> None:
    school.write(
        DISPLAY, more="faults:\n  - {device: display-101, fault: disconnect, at_s: 0, for_s: 0}\n"
    )
    async with (
        broker(school, tmp_path),
        aiomqtt.Client("127.0.0.1", school.broker_port) as listener,
    ):
        await listener.subscribe("campus/d/presence", qos=1)
        async with school.running():
            payloads = []
            async for message in listener.messages:
                payloads.append(message.payload)
                if len(payloads) == 3:
                    break
    assert payloads == [b"online", b"offline", b"online"]
