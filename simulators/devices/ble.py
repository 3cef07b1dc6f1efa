"""BLE devices of a simulated school: peripherals on a virtual radio."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from device_profiles import yaml_tree
from device_profiles.model import Model, Port
from device_profiles.protocols.ble import BleProfile
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example
from simulators.audit.truth import TruthLog
from simulators.devices import ble_encode, protocol
from simulators.devices.actor import Actor, SimulatedDevice
from simulators.errors import SimulatorError
from simulators.school.planned import School, SchoolPlan

if TYPE_CHECKING:
    from simulators.virtual_radio import VirtualRadio


class RadioPlan(Model):
    """The virtual radio's HCI controller."""

    host: str = "127.0.0.1"
    port: Port


class Simulator(protocol.Simulator):
    """Peripherals in the air of one radio; a gateway reaches it as an HCI controller over TCP."""

    sections: ClassVar[Mapping[str, Any]] = {"radio": (RadioPlan | None, None)}
    transports: ClassVar = ("ble",)

    def __init__(self, school: School, truth: TruthLog) -> None:
        super().__init__(school, truth)
        self._radio: VirtualRadio | None = None
        self._port = 0
        plan = school.plan.section("radio")
        if isinstance(plan, RadioPlan):
            # Imported here: a plan can be written and audited without a Bluetooth library.
            from simulators import virtual_radio  # noqa: PLC0415

            self._port = plan.port
            self._radio = virtual_radio.VirtualRadio(plan.host, plan.port, seed=school.plan.seed)

    def device(self, actor: Actor) -> SimulatedDevice:
        """Return a peripheral on the radio."""
        from simulators.devices.ble_device import SimulatedBleDevice  # noqa: PLC0415  as above

        profile, address = actor.planned.profile, actor.planned.address
        if not isinstance(profile, BleProfile) or self._radio is None:
            raise SimulatorError(f"{actor.id}: the plan has no way to reach a BLE device")
        return SimulatedBleDevice(actor, profile, self._radio, address.address, address.bind_key)

    async def start(self) -> None:
        """Open the controller's port."""
        if self._radio is not None:
            await protocol.opened(self._radio.start(), f"radio port {self._port}")

    async def stop(self) -> None:
        """Close the controller's port."""
        if self._radio is not None:
            await self._radio.stop()

    @classmethod
    def device_fault(
        cls, plan: SchoolPlan, device: str, address: Any
    ) -> tuple[yaml_tree.Path, str] | None:
        """Return that the radio is missing, or None."""
        del address
        if plan.section("radio") is None:
            return (), f"{device} speaks ble; give the radio under radio"
        return None

    @classmethod
    def examples(
        cls, profile: DeviceProfile, values: Mapping[str, Value], at: datetime
    ) -> Sequence[Example]:
        """Return the advertisement, and the value of each characteristic."""
        del at
        if not isinstance(profile, BleProfile):
            raise TypeError(f"{profile.id} is no BLE profile")
        return ble_encode.examples(profile, values)

    @classmethod
    def planned_address(cls, transport: str, number: int, device: str) -> Any:
        """Return a static random address that ends in the number."""
        del transport, device
        low = f"{number:06X}"
        return {"address": f"F0:00:00:{low[:2]}:{low[2:4]}:{low[4:]}"}

    @classmethod
    def planned_sections(cls, port: int) -> Mapping[str, Any]:
        """Return a radio on this machine."""
        return {"radio": {"host": "127.0.0.1", "port": port}}

    @classmethod
    def planned_gateway(cls, port: int, folder: Path) -> Any:
        """Return the same radio, as a controller over HCI."""
        del folder
        return {"hci": f"tcp-client:127.0.0.1:{port}"}
