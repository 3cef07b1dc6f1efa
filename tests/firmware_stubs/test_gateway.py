"""The four firmwares as processes, against a real gateway: what they measure arrives."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from simulators.virtual_radio import VirtualRadio
from tests._parts.firmware import STUBS, Firmware, fields_of, on_the_air, running
from tests._parts.gateway_process import gateway_process
from tests._parts.mosquitto import Mosquitto
from tests._parts.patience import PATIENCE_S
from tests._parts.tree import ROOT
from tests._parts.uplink_server import uplink_server

pytestmark = pytest.mark.real

ADDRESS = "F0:00:00:00:00:07"
SHIM = ROOT / "tests" / "firmware_stubs" / "micropython"


@asynccontextmanager
async def micropython(folder: Path, settings: dict[str, object]) -> AsyncIterator[None]:
    """Run the MicroPython firmware under CPython, with the shim in place of its libraries."""
    shutil.copytree(SHIM, folder)
    shutil.copy(STUBS / "micropython" / "main.py", folder)
    show = [str(Path(sys.executable).with_name("campus-profiles")), "show", "campus-projector"]
    profile = await asyncio.to_thread(subprocess.check_output, [*show, "--json"])
    (folder / "profile.json").write_bytes(profile)
    (folder / "settings.json").write_text(json.dumps(settings))
    measured = {"display_state": 1, "source": "hdmi1", "lamp_time": 1834, "fault_code": 0}
    (folder / "measure.json").write_text(json.dumps(measured))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_what_each_firmware_measures_arrives(build: Path, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    line = tmp_path / "rs485"
    display = Firmware(
        build / "display", tmp_path, {"port": broker.port, "device": "d1", "period_ms": 500}
    )
    instrument = Firmware(
        build / "instrument", tmp_path, {"line": line, "unit": 4, "silence_ms": 20}
    )
    terminal = Firmware(build / "terminal", tmp_path, {"period_ms": 200})
    display.measure(power_w=142.5, brightness=80, volume=35, signal=1)
    instrument.measure(temperature=25.1, power_w=210.4, sensor=7.25)
    terminal.measure(battery=76, light=385.4, pages=1287)
    async with AsyncExitStack() as stack:
        end = stack.enter_context(uplink_server())
        radio = await stack.enter_async_context(VirtualRadio())
        await stack.enter_async_context(broker)
        for firmware in (display, instrument):
            await stack.enter_async_context(running(firmware))
        await stack.enter_async_context(on_the_air(terminal, radio, ADDRESS))
        projector = {"device": "p1", "broker": broker.host, "port": broker.port, "period_s": 1}
        await stack.enter_async_context(micropython(tmp_path / "projector", projector))
        await instrument.until(line.is_symlink)
        configuration = {
            "gateway": "gw-1",
            "school": "2133100001",
            "uplink": {"url": end.url, "token": "t"},
            "mqtt": {"host": broker.host, "port": broker.port},
            "modbus": [{"bus": "bus-1", "serial": str(line)}],
            "ble": {"hci": radio.transport},
            "devices": [
                {"id": "d1", "profile": "campus-interactive-display", "mqtt": {"device": "d1"}},
                {
                    "id": "i1",
                    "profile": "campus-lab-instrument",
                    "modbus": {"bus": "bus-1", "unit_id": 4},
                },
                {"id": "e1", "profile": "campus-epaper-terminal", "ble": {"address": ADDRESS}},
                {"id": "p1", "profile": "campus-projector", "mqtt": {"device": "p1"}},
            ],
        }
        await stack.enter_async_context(gateway_process(tmp_path / "gateway", configuration))

        def stored(asset: str) -> dict[str, str]:
            """Return the last value of each field of a device."""
            return {k: v for fields in fields_of(end.stored, asset) for k, v in fields.items()}

        async def arrived(asset: str, **expected: str) -> None:
            """Wait until a device's fields have been stored, whichever lines they came in."""

            held = await asyncio.to_thread(
                end.until, lambda: expected.items() <= stored(asset).items(), PATIENCE_S
            )
            assert held, (expected, stored(asset), display.log, instrument.log)

        await arrived(
            "d1",
            power_on="true",
            display_state='"in_use"',
            source='"hdmi1"',
            brightness="80.0",
            volume="35.0",
            active_power="142.5",
        )
        await arrived(
            "i1",
            run_state='"idle"',
            temperature="25.1",
            active_power="210.4",
            sensor_value="7.25",
            fault_code="0.0",
        )
        await arrived(
            "e1",
            battery="76.0",
            illuminance="385.4",
            page_turns="1287.0",
            reading_session="false",
            front_light="0.0",
        )
        assert "energy_import" in stored("d1")
        assert not [name for name in stored("d1") if name.endswith("_quality")]  # its time is right
        await arrived("p1", display_state='"in_use"', source='"hdmi1"', lamp_time="1834.0")
        terminal.measure(battery=76, light=385.4, pages=1288)
        await arrived("e1", page_turns="1288.0", reading_session="true")
        instrument.measure(power_w=12.0, sensor=7.25)  # the sensor of the temperature has failed
        await arrived("i1", active_power="12.0")
