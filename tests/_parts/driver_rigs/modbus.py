"""Two units of a Modbus TCP bus; the server is the simulators'."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, cast

from device_profiles.protocols.modbus import ModbusProfile
from device_profiles.reading import Value
from simulators.audit.truth import TruthLog
from simulators.devices.actor import Actor
from simulators.devices.modbus_unit import ModbusUnit, Units
from simulators.devices.modbus_wire import TcpBus
from tests._parts import driver_rig
from tests._parts.ports import free_port


class _Held:
    """An actor that holds the values it was given."""

    transport = "modbus_tcp"
    is_refusing = is_garbled = is_silent = False

    def __init__(self, device: str) -> None:
        self.id = device
        self.held: dict[str, Value] = {"power": 1.0}

    def clock(self) -> datetime:
        return datetime.now(UTC)

    def advance(self, now: datetime) -> bool:
        del now
        return False

    def values(self, now: datetime) -> dict[str, Value]:
        del now
        return self.held

    def report(self, *_: object, **__: object) -> None:
        """Keep no log."""


class Rig(driver_rig.DriverRig):
    """A device that dies answers nothing; its bus stays open."""

    protocol = "modbus"
    point: ClassVar = {"address": 12, "type": "float32", "poll_s": 0.05}
    example: ClassVar = {"registers": {12: [0x42AA, 0]}}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._port = free_port()
        self._actors = {name: _Held(name) for name in (driver_rig.FIRST, driver_rig.SECOND)}

    async def start(self) -> None:
        profile = self.config().devices[driver_rig.FIRST].profile
        assert isinstance(profile, ModbusProfile)
        units = Units(
            [
                ModbusUnit(cast("Actor", actor), profile, number)
                for number, actor in enumerate(self._actors.values(), 1)
            ]
        )
        log_nothing = cast("TruthLog", lambda **_: None)
        self._bus = TcpBus("bus-1", "127.0.0.1", self._port, units, log_nothing)
        await self._bus.start()

    async def stop(self) -> None:
        await self._bus.stop()

    @property
    def section(self) -> Any:
        return [{"bus": "bus-1", "host": "127.0.0.1", "port": self._port, "timeout_s": 0.2}]

    def address(self, device: str) -> dict[str, Any]:
        return {"bus": "bus-1", "unit_id": 1 + list(self._actors).index(device)}

    async def send(self, device: str, power: float) -> None:
        self._actors[device].held = {"power": power}

    async def send_bad(self, device: str) -> None:
        self._actors[device].held = {"power": math.nan}

    async def die(self, device: str) -> None:
        self._actors[device].is_silent = True
