"""Two peripherals with a GATT service on a virtual radio."""

import math
from pathlib import Path
from typing import Any, ClassVar

from device_profiles.protocols.ble import BleProfile
from simulators.devices.ble_peripheral import SimulatedBlePeripheral
from simulators.virtual_radio import VirtualRadio
from tests._parts import driver_rig

_SERVICE = "7a1c0000-4c63-4f6e-9d0b-2f5a1e6b8c01"
_POWER = "7a1c0001-4c63-4f6e-9d0b-2f5a1e6b8c01"


class Rig(driver_rig.DriverRig):
    """A device that dies goes off the air in the middle of its connection."""

    protocol = "ble"
    point: ClassVar = {
        "service": _SERVICE,
        "characteristic": _POWER,
        "access": "read",
        "type": "float32",
        "poll_s": 0.1,
    }
    example: ClassVar = {"characteristic": _POWER, "value": "0000aa42"}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._radio = VirtualRadio()
        self._peripherals: dict[str, SimulatedBlePeripheral] = {}

    async def start(self) -> None:
        await self._radio.start()
        for name, device in self.config().devices.items():
            assert isinstance(device.profile, BleProfile)
            peripheral = SimulatedBlePeripheral(
                device.profile, device.address.address, self._radio, _log_nothing, interval_s=0.03
            )
            await peripheral.start()
            self._peripherals[name] = peripheral

    async def stop(self) -> None:
        for peripheral in self._peripherals.values():
            await peripheral.stop()
        await self._radio.stop()

    @property
    def section(self) -> Any:
        return {"hci": self._radio.transport}

    def address(self, device: str) -> dict[str, Any]:
        return {"address": f"F0:00:00:00:00:{1 + (device == driver_rig.SECOND):02X}"}

    async def send(self, device: str, power: float) -> None:
        await self._peripherals[device].update({"power": power})

    async def send_bad(self, device: str) -> None:
        await self._peripherals[device].update({"power": math.nan})

    async def die(self, device: str) -> None:
        await self._peripherals[device].stop()


def _log_nothing(*, kind: str, **facts: Any) -> None:
    del kind, facts
